"""``ganzoo executors``: what ``--executor`` can name."""

import click

from ganzoo.cli.commands.listing.losses import print_offers
from ganzoo.cli.output import QuickCommand, json_option, status_line
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified

EXAMPLE = "Example: ganzoo sweep dcgan --set lr=1e-4,2e-4 --executor submitit:partition=gpu,gpus=1"


@click.command("executors", cls=QuickCommand, epilog=EXAMPLE)
@json_option
def command(as_json: bool) -> None:
    """List what --executor can have the trainings of a sweep run by."""
    print_offers(verified(registry().executors(), status_line), as_json)
