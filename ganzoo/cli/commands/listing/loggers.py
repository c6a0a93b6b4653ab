"""``ganzoo loggers``: what ``--log-to`` can name."""

import click

from ganzoo.cli.commands.listing.losses import print_offers
from ganzoo.cli.output import QuickCommand, json_option, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified


@click.command(
    "loggers", cls=QuickCommand, epilog="Example: ganzoo train dcgan --log-to tensorboard"
)
@json_option
def command(as_json: bool) -> None:
    """List the programs that --log-to can tell what a training logs."""
    print_offers(verified(registry().loggers(), status_line), as_json)
