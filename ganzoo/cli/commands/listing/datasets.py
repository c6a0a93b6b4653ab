"""``ganzoo datasets``: what ``--dataset`` can name."""

import click

from ganzoo.cli.commands.listing.variants import advice
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified
from ganzoo.spec import DatasetSpec, DataSpec, Field


@click.command("datasets", cls=QuickCommand, epilog="Example: ganzoo train dcgan --dataset mnist")
@json_option
def command(as_json: bool) -> None:
    """List the data sets that --dataset can name.

    Two of images, A+B, are unpaired domains, and of one pairs are made on the spot: A/colourise of
    gray images, A/edges of edges.
    """
    rows = [
        {
            "name": row.spec.name,
            "title": row.spec.title,
            "shape": row.spec.shape or str(_data(row.spec)),
            "classes": row.spec.classes or _data(row.spec).classes,
            "source": row.spec.source,
            "plugin": row.plugin.dist,
            "version": row.plugin.version,
            "status": str(row.status),
            "error": advice(row),
        }
        for row in verified(registry().datasets(), status_line)
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("name", "title", "shape", "classes", "source", "plugin", "status")
        shown = [row | {"classes": row["classes"] or None} for row in rows]
        print_rows(shown, columns, least=("name", "shape", "status", "title"))


def _data(dataset: DatasetSpec) -> DataSpec:
    """What is known of its fields before it is loaded."""
    return DataSpec(dataset.groups or ((Field("", ""),),), dataset.name)
