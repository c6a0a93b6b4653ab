"""The campaign: what was tried, how often, and what should not have happened."""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1800, help="for all parts together")
    parser.add_argument("--short", action="store_true", help="as the tests run it, in a minute")
    parser.add_argument("--part", choices=["kills", "machine", "mutations"], action="append")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures, as JSON")
    asked = parser.parse_args()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="ganzoo-faults-") as name:
        os.environ["GANZOO_CACHE"] = str(Path(name).resolve() / "cache")
        return run(asked, Path(name).resolve())


def run(asked: argparse.Namespace, folder: Path) -> int:
    """All parts, each for a third of the time."""
    from faults import kills, machine, mutations
    from faults.child import prepare
    from faults.ground import make_images

    begun = time.monotonic()
    prepare()
    make_images(folder)
    parts = asked.part or ["kills", "machine", "mutations"]
    total = 60.0 if asked.short else asked.seconds
    figures: dict[str, dict[str, int]] = {}
    wrong: list[str] = []
    for part in parts:
        chance = random.Random(f"{asked.seed} {part}")
        place = folder / part
        place.mkdir()
        until = time.monotonic() + total / len(parts)
        counts: Counter[str]
        if part == "kills":
            counts, found = kills.campaign(place, folder, chance, until)
        elif part == "machine":
            counts, found = machine.campaign(place, folder, chance, until)
        else:
            counts, found = mutations.campaign(place, folder, chance, until, 10_000)
        figures[part] = dict(sorted(counts.items()))
        wrong += [f"{part}: {each}" for each in found]
        print(f"{part}: {json.dumps(figures[part])}, wrong: {len(found)}", flush=True)
    for each in wrong:
        print(f"\nWRONG: {each}")
    told = {
        "seed": asked.seed,
        "seconds": round(time.monotonic() - begun),
        "figures": figures,
        "wrong": wrong,
    }
    if asked.report is not None:
        asked.report.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
