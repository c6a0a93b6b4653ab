"""The campaign: what was tried, how often, and what should not have happened."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PARTS = {
    "kills": 8,
    "machine": 3,
    "mutations": 10,
    "files": 2,
    "power": 3,
    "surroundings": 3,
    "soak": 5,
}
"""What is tried, and which shares of the time it gets."""
SHORT = 16.0
"""Seconds, as the tests run it."""
MUTATIONS = 10_000
SOAK, RECORDS = 1_500, 100_000
"""Steps of a training, and records that are plotted, of which a longer campaign has more."""
SPEED = 400
"""Steps a second that are expected of the smallest training."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1800, help="for all parts together")
    parser.add_argument("--short", action="store_true", help="as the tests run it")
    parser.add_argument("--part", choices=[*PARTS], action="append")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures, as JSON")
    asked = parser.parse_args()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="ganzoo-faults-") as name:
        os.environ["GANZOO_CACHE"] = str(Path(name).resolve() / "cache")
        return run(asked, Path(name).resolve())


def run(asked: argparse.Namespace, folder: Path) -> int:
    """All parts, each for its share of the time."""
    from faults import files, kills, machine, mutations, power, soak, surroundings
    from faults.child import prepare
    from faults.ground import make_images

    begun = time.monotonic()
    prepare()
    make_images(folder)
    parts = asked.part or [*PARTS]
    share = (SHORT if asked.short else asked.seconds) / sum(PARTS[part] for part in parts)
    figures: dict[str, dict[str, int]] = {}
    wrong: list[str] = []
    for part in parts:
        chance = random.Random(f"{asked.seed} {part}")
        place = folder / part
        place.mkdir()
        seconds = share * PARTS[part]
        until = time.monotonic() + seconds
        counts: Counter[str]
        if part == "kills":
            counts, found = kills.campaign(place, folder, chance, until)
        elif part == "machine":
            counts, found = machine.campaign(place, folder, chance, until)
        elif part == "mutations":
            counts, found = mutations.campaign(place, folder, chance, until, MUTATIONS)
        elif part == "files":
            counts, found = files.campaign(place, chance, until, MUTATIONS)
        elif part == "power":
            counts, found = power.campaign(place, folder, chance, until)
        elif part == "surroundings":
            counts, found = surroundings.campaign(place, folder, chance, until)
        else:
            steps, records = int(SPEED * seconds), 100 * RECORDS
            much = (SOAK, RECORDS) if asked.short else (max(SOAK, steps), records)
            counts, found = soak.campaign(place, chance, *much)
        shutil.rmtree(place)
        figures[part] = dict(counts)
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
