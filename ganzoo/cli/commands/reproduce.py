"""``ganzoo reproduce``: does what the papers claim hold here?"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.artifacts.files import read_note
from ganzoo.artifacts.places import expanded
from ganzoo.cli.output import (
    device_option,
    json_option,
    make_console,
    make_table,
    print_json,
    progress,
)
from ganzoo.errors import GanzooError, unknown
from ganzoo.plugins.registry import registry

if TYPE_CHECKING:
    from ganzoo.claims.claim import Claim

Result = dict[str, Any]


@click.command("reproduce", epilog="Example: ganzoo reproduce vanilla --claim ring8-modes")
@click.argument("name", metavar="[VARIANT]", required=False)
@click.option(
    "--claim",
    "chosen",
    metavar="CLAIM",
    multiple=True,
    help="only this one, also if it is long; may be repeated  [default: all that are short]",
)
@click.option("--long", is_flag=True, help="also claims that take more than ten minutes")
@click.option(
    "--seeds",
    metavar="INT",
    type=click.IntRange(1),
    help="trainings of each arm  [default: as many as the claim is of]",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("runs/claims"),
    show_default=True,
    help="where the runs are kept, from which the same command goes on, and the page",
)
@click.option(
    "--data-root",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="folder of the data sets' files",
)
@device_option("where to train and to measure")
@click.option(
    "--record",
    "keep",
    is_flag=True,
    help="for the plugin's author: keep what is found beside the claims, to be shipped",
)
@click.option(
    "--table",
    "as_table",
    is_flag=True,
    help="run nothing: print what is shipped with VARIANT, or with all, as a Markdown table",
)
@json_option
def command(
    name: str | None,
    chosen: tuple[str, ...],
    long: bool,
    seeds: int | None,
    out: Path,
    data_root: Path | None,
    device: str,
    keep: bool,
    as_table: bool,
    as_json: bool,
) -> int:
    """Train what shows the claims of VARIANT's paper, measure it, and say whether they hold.

    The claims are data of the plugin: what is trained, how it is measured and what must hold is
    stated before. The same command goes on after an interruption. A page and a JSON file are
    written, and keep what other claims came to in the same folder. The exit status is 1 where a
    claim is not reproduced.
    """
    if as_table:
        _print_table(name, as_json)
        return 0
    if name is None:
        raise GanzooError("name a variant, as `ganzoo list` does, or ask for --table")

    from ganzoo.claims.reproduce import check, reproduce
    from ganzoo.claims.shipped import claims_file, claims_of, record
    from ganzoo.claims.training import Place

    spec = registry().variant(name).spec
    file = claims_file(spec)
    claims = claims_of(spec)
    wanted, skipped = _choose(claims, chosen, long)
    if not wanted:
        raise GanzooError(f"all claims of {name} are long: {_advice(skipped)}")
    check(wanted, file)
    _refuse_others(out, spec.name)
    line = shlex.join(["ganzoo", *sys.argv[1:]])
    root = None if data_root is None else Path(os.path.realpath(expanded(data_root)))
    results = []
    with progress() as tell:
        place = Place(out, tell, root, device)
        _ = place.notes  # made, or refused, before anything is trained
        for claim in wanted:
            results.append(reproduce(claim, place, seeds or claim.seeds, line))
            _write(out, spec.name, results, skipped)
    if as_json:
        print_json({"results": results, "skipped": [claim.id for claim in skipped]})
    else:
        _print(results, skipped)
    for path in _written(out, spec.name):
        click.echo(str(path), err=as_json)
    if keep:
        from ganzoo.claims.read import read_claims

        click.echo(str(record(file, read_claims(file), results)), err=as_json)
    return int(any(one["verdict"] != "reproduced" for one in results))


def _choose(
    claims: Sequence[Claim], chosen: Sequence[str], long: bool
) -> tuple[list[Claim], list[Claim]]:
    """Those that are run, and those that are left out as they are long."""
    known = {claim.id: claim for claim in claims}
    for name in chosen:
        if name not in known:
            raise unknown("claim", name, known)
    if chosen:
        return [known[name] for name in dict.fromkeys(chosen)], []
    return (
        [claim for claim in claims if long or not claim.long],
        [claim for claim in claims if claim.long and not long],
    )


def _advice(skipped: Sequence[Claim]) -> str:
    minutes = sum(claim.minutes for claim in skipped)
    names = ", ".join(claim.id for claim in skipped)
    return f"--long runs them, in some {minutes:.0f} minutes, and --claim one of them: {names}"


def _written(out: Path, name: str) -> tuple[Path, Path]:
    return out / f"{name}.md", out / f"{name}.json"


def _refuse_others(out: Path, name: str) -> None:
    """Refuse to write over what this command has not written.

    Raises:
        GanzooError: a file of the user's is called as one that is written would be.
    """
    page, data = _written(out, name)
    try:
        ours = json.loads(read_note(data)).keys() == {"results"}
    except (OSError, ValueError, AttributeError):
        ours = False
    for path in (page, data):
        if (path.exists() or path.is_symlink()) and not ours:
            raise GanzooError(
                f"{path} exists, and is not known for one of this command's: move it elsewhere, or "
                "choose another --out"
            )


def _write(out: Path, name: str, results: Sequence[Result], skipped: Sequence[Claim]) -> None:
    from ganzoo.artifacts.files import write_json
    from ganzoo.claims.page import write_page

    page, data = _written(out, name)
    told = [*results, *_earlier(data, results)]
    left = {claim.id for claim in skipped} - {one["claim"] for one in told}
    try:
        write_page(page, name, told, sorted(left))
        write_json(data, {"results": told})
    except OSError as error:
        raise GanzooError(
            f"{page} cannot be written ({error.strerror}): choose another --out"
        ) from error


def _earlier(data: Path, results: Sequence[Result]) -> list[Result]:
    """What the same command has found of other claims, in the same folder."""
    try:
        told = json.loads(read_note(data))["results"]
        known = {(one["claim"], one["variant"]) for one in results}
        keys = results[0].keys()
        return [
            one
            for one in told
            if one.keys() == keys and (one["claim"], one["variant"]) not in known
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []


def _print(results: Sequence[Result], skipped: Sequence[Claim]) -> None:
    from ganzoo.claims.verdict import here, said

    console = make_console()
    table = make_table("claim", "paper", "here", "must be", "seeds", "verdict")
    for one in results:
        paper = "none" if one["number"] == "none" else f"{one['number']} ({one['paper']})"
        table.add_row(
            one["claim"], paper, here(one), one["must_be"], str(len(one["seeds"])), said(one)
        )
    console.print(table)
    for one in results:
        if one["reason"]:
            console.print()
            console.print(f"{one['claim']}: {one['reason']}", soft_wrap=True)
    if skipped:
        console.print()
        names = ", ".join(claim.id for claim in skipped)
        console.print(f"left out, as they are long: {names}; {_advice(skipped)}", soft_wrap=True)


def _print_table(name: str | None, as_json: bool) -> None:
    """Print what ships with one variant, or with all."""
    from ganzoo.claims.page import table
    from ganzoo.claims.shipped import results

    usable = [row.spec for row in registry().variants() if row.plugin.usable]
    specs = usable if name is None else [registry().variant(name).spec]
    found = [one for spec in specs for one in results(spec)]
    if as_json:
        print_json({"results": found})
    else:
        click.echo("\n".join(table(found)))
