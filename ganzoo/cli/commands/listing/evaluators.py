"""``ganzoo evaluators``: what ``--metrics`` can name."""

import click

from ganzoo.cli.commands.listing.variants import advice
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified


@click.command(
    "evaluators", cls=QuickCommand, epilog="Example: ganzoo evaluate RUN --metrics precision"
)
@json_option
def command(as_json: bool) -> None:
    """List what runs and samples are judged by: the names that --metrics takes."""
    rows = [
        {
            "name": row.spec.name,
            "title": row.spec.title,
            "judges": row.spec.ability or "any variant",
            "data": ", ".join(row.spec.kinds) or "any",
            "paper": row.spec.paper,
            "plugin": row.plugin.dist,
            "version": row.plugin.version,
            "status": str(row.status),
            "error": advice(row),
        }
        for row in verified(registry().evaluators(), status_line)
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, ("name", "title", "judges", "data", "plugin", "status"))
