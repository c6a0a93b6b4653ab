"""``ganzoo augmentations``: what ``--augment`` can name."""

import click

from ganzoo.cli.commands.listing.losses import print_offers
from ganzoo.cli.output import QuickCommand, json_option, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified

EXAMPLE = "Example: ganzoo train dcgan --augment translation:ratio=0.1"


@click.command("augmentations", cls=QuickCommand, epilog=EXAMPLE)
@json_option
def command(as_json: bool) -> None:
    """List the changes of what D sees that --augment can name."""
    print_offers(verified(registry().augmentations(), status_line), as_json)
