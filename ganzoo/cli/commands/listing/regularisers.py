"""``ganzoo regularisers``: what ``--regulariser`` can name."""

import click

from ganzoo.cli.commands.listing.losses import print_offers
from ganzoo.cli.output import QuickCommand, json_option, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified

EXAMPLE = "Example: ganzoo train vanilla --regulariser r1:gamma=1,every=16,r2"


@click.command("regularisers", cls=QuickCommand, epilog=EXAMPLE)
@json_option
def command(as_json: bool) -> None:
    """List the terms of D's loss that --regulariser can name."""
    print_offers(verified(registry().regularisers(), status_line), as_json)
