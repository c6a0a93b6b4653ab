"""``ganzoo report``: a page about runs, for the eyes and for a colleague."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.flags import RUN
from ganzoo.cli.output import QuickCommand, status_line


@click.command("report", cls=QuickCommand, epilog="Example: ganzoo report runs/* --out report.html")
@click.argument("runs", metavar="RUN [RUN...]", type=RUN, nargs=-1)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="the page  [default: report.html, in the folder of RUN, or here, of several]",
)
@click.option("--live", is_flag=True, help="write it again while a training runs, and follow it")
def command(runs: tuple[Path, ...], out: Path | None, live: bool) -> None:
    """Write a page about RUNs: settings, curves, samples over time, evaluations, warnings.

    It is one file that needs no network and no server, to be opened in a browser or sent to
    somebody. With several RUNs it shows in what they differ, and which is best. RUN may be a folder
    of runs, such as that of a sweep. A page that lies there is written anew, whatever it is of.
    """
    from ganzoo.report.write import follow, report

    if not live:
        click.echo(f"report: {report(runs, out)}")
        return
    with status_line() as show:
        for number, (place, content) in enumerate(follow(runs, out)):
            if not number:
                click.echo(f"report: {place}")
            show(", ".join(run.facts["state"] for run in content.runs))
    click.echo("no run is being trained" + ("" if number else ": the page is not written again"))
