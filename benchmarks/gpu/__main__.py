"""What only a machine with a CUDA device can show: its tests, equality, resuming, speed, quality.

`benchmarks/gpu.sh` starts it from a plain copy of the tree, by $PYTHON (default: python3), which
needs torch 2.11 or newer and pytest; what else that lacks is taken from wheels in $WHEELS.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from gpu import page, plan
from gpu.carried import describe_packages, install_wheels
from gpu.schedule import Schedule, hear_signals
from gpu.step import NOT_REACHED, PASSED, Result, Step

LIMIT = 470
"""Seconds: under eight minutes, the end of the last step included."""
SHARE_OF_CHECKS = 0.4
"""Of the time that is left when they begin: the rest is for what is measured."""


def main() -> int:
    """Run the steps; 0 if all that were asked for passed."""
    begin, given = time.monotonic(), parse(sys.argv[1:])
    folder = results_folder(given)
    target = folder / ("rehearsal.md" if given.rehearse else "gpu.md")
    for old in page.files(target):
        old.unlink()
    with TemporaryDirectory(prefix="gpu-") as work:
        write = partial(write_all, target, given, datetime.now())
        environment = environment_of(given, Path(work), folder)
        schedule = Schedule(begin + given.limit, environment, Path(work), write)
        hear_signals(schedule)
        run_all(schedule, given.only, Path(work))
        write(schedule.results)
        print(f"\n{target.read_text(encoding='utf-8')}\nIt lies in {target}.")
    return 0 if all(one.outcome == PASSED for one in schedule.results) else 1


def run_all(schedule: Schedule, only: Sequence[str], work: Path) -> None:
    """All steps, or those whose names begin with one of `only`, and what they need."""

    def wanted(steps: Sequence[Step]) -> list[Step]:
        return [step for step in steps if not only or step.name.startswith(tuple(only))]

    first = schedule.announce(plan.first())
    schedule.side_by_side(first, share=1.0)
    found = work / "tests.json"
    groups = json.loads(found.read_text()) if found.exists() else {}
    if not only:
        groups = plan.together(groups)
    checks = schedule.announce(wanted(plan.checks(groups)))
    measurements = schedule.announce(wanted(plan.measurements(groups)))
    schedule.side_by_side(checks, SHARE_OF_CHECKS if measurements else 1.0)
    schedule.one_by_one(measurements)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    steps = [step.name for step in (*plan.first(), *plan.checks({}), *plan.measurements({}))]
    named = f"{', '.join(steps)}, {plan.TESTS}VARIANT or FILE"
    parser = argparse.ArgumentParser(
        "benchmarks/gpu.sh", description=__doc__, epilog=f"Steps: {named}."
    )
    parser.add_argument(
        "results", nargs="?", type=Path, help="folder of the page (default: benchmarks/results)"
    )
    parser.add_argument(
        "--data-root", type=Path, help="of MNIST (default: $GANZOO_DATA; without it glyphs)"
    )
    parser.add_argument(
        "--limit", type=float, default=LIMIT, help="seconds in all (default: %(default)s)"
    )
    parser.add_argument("--rehearse", action="store_true", help="without a GPU: measure nothing")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="besides the first two, steps whose names begin so; may be repeated",
    )
    given = parser.parse_args(arguments)
    for word in given.only:
        known = any(name.startswith(word) for name in (*steps, plan.TESTS))
        if not known and not word.startswith(plan.TESTS):
            parser.error(f"--only: no step is called '{word}': there are {named}")
    return given


def results_folder(given: argparse.Namespace) -> Path:
    """Where the page goes: a rehearsal's to nowhere that it could be taken for a result."""
    folder = given.results or os.environ.get("OUT")
    if not folder:
        folder = mkdtemp(prefix="rehearsal-") if given.rehearse else "benchmarks/results"
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder).resolve()


def environment_of(given: argparse.Namespace, work: Path, results: Path) -> dict[str, str]:
    """What each step finds in its environment."""
    site = work / "site"
    site.mkdir()
    problems = install_wheels(Path(os.environ.get("WHEELS", ".whl")), site)
    path = [*describe_packages(site), Path("benchmarks"), Path("tests")]
    known = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    root = given.data_root or os.environ.get("GANZOO_DATA")
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([*(str(one.resolve()) for one in path), *known]),
        "PYTHONUNBUFFERED": "1",
        "GANZOO_CACHE": str(work / "cache"),
        "TORCHINDUCTOR_CACHE_DIR": str(work / "inductor"),
        "GPU_REHEARSAL": "1" if given.rehearse else "",
        "GPU_WORK": str(work),
        "GPU_RESULTS": str(results),
        "GPU_DATA": str(Path(root).resolve()) if root else "",
        "GPU_WHEELS": problems,
    }


def write_all(
    target: Path, given: argparse.Namespace, begun: datetime, results: Sequence[Result]
) -> None:
    """The page and the log, as things stand."""
    failed = [one.step.name for one in results if one.outcome not in (PASSED, NOT_REACHED)]
    missing = [one.step.name for one in results if one.outcome == NOT_REACHED]
    passed = sum(one.outcome == PASSED for one in results)
    lines = [
        f"- begun: {begun:%Y-%m-%d %H:%M}, at commit {commit() or 'unknown'}; this was written "
        f"{(datetime.now() - begun).seconds} s later, of at most {given.limit:.0f} s",
        f"- {passed} of {len(results)} steps passed",
        *([f"- not passed: {', '.join(failed)}"] if failed else []),
        *([f"- not reached: {', '.join(missing)}"] if missing else []),
    ]
    page.write_log(target.with_suffix(".log"), results)
    page.write(target, results, rehearsal=given.rehearse, summary="\n".join(lines))


def commit() -> str | None:
    """Of the checkout, if this is one."""
    if shutil.which("git") is None:
        return None
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(main())
