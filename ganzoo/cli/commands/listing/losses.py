"""``ganzoo losses``: what ``--loss`` can name."""

from collections.abc import Sequence
from typing import Any

import click

from ganzoo.cli.commands.listing.variants import advice
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified


@click.command("losses", cls=QuickCommand, epilog="Example: ganzoo train dcgan --loss hinge")
@json_option
def command(as_json: bool) -> None:
    """List the adversarial losses that --loss can name."""
    print_offers(verified(registry().losses(), status_line), as_json)


def print_offers(offers: Sequence[Registered[Any]], as_json: bool) -> None:
    """Print what has a name, a title and a paper, a row each."""
    rows = [
        {
            "name": row.spec.name,
            "title": row.spec.title,
            "paper": row.spec.paper,
            "plugin": row.plugin.dist,
            "version": row.plugin.version,
            "status": str(row.status),
            "error": advice(row),
        }
        for row in offers
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("name", "title", "paper", "plugin", "status")
        print_rows(rows, columns, least=("name", "status", "title"))
