"""``ganzoo evaluators``: what ``--metrics`` can name."""

from collections.abc import Sequence

import click

from ganzoo.cli.commands.listing.variants import advice
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified
from ganzoo.spec import EvaluatorSpec


@click.command(
    "evaluators", cls=QuickCommand, epilog="Example: ganzoo evaluate RUN --metrics precision"
)
@json_option
def command(as_json: bool) -> None:
    """List what runs and samples are judged by: the names that --metrics takes.

    And each score that they give, with what it says.
    """
    offered = verified(registry().evaluators(), status_line)
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
        for row in offered
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("name", "title", "judges", "data", "plugin", "status")
        print_rows(rows, columns, least=("name", "judges", "status", "title"))
        click.echo()
        print_rows(_scores([row for row in offered if row.usable]), ("score", "better", "says"))


def _scores(offered: Sequence[Registered[EvaluatorSpec]]) -> list[dict[str, str]]:
    from ganzoo.metrics.during import WATCHED

    kinds = {kind.name: kind for row in offered for kind in row.load().scores}
    found = [
        {"score": kind.name, "better": kind.better, "says": kind.meaning} for kind in kinds.values()
    ]
    watched = [{"score": name, "better": "", "says": says} for name, says in WATCHED.items()]
    return [*found, *watched]
