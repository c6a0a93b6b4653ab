"""``ganzoo extractors``: what ``--features`` can name."""

import click

from ganzoo.cli.commands.listing.losses import print_offers
from ganzoo.cli.output import QuickCommand, json_option, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified


@click.command(
    "extractors", cls=QuickCommand, epilog="Example: ganzoo evaluate RUN --features photos"
)
@json_option
def command(as_json: bool) -> None:
    """List the networks that --features can name, by which images are compared."""
    print_offers(verified(registry().extractors(), status_line), as_json)
