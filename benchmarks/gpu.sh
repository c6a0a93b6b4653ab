#!/usr/bin/env bash
# On a machine with a CUDA device: run the tests that need one, then measure the engine's modes.
#
#   benchmarks/gpu.sh [RESULTS]          (default: $OUT, else benchmarks/results)
#
# Nothing is installed and nothing is fetched: the packages are found where they lie, and plugins by
# the metadata that this writes into a temporary folder. What python3 lacks besides (rich-click and
# platformdirs, say) is taken from wheels in $WHEELS (default: .whl), if that folder is there. The
# measurement begins no new case when $LIMIT seconds (default: 330) have passed since the start.
set -uo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
RESULTS=${1:-${OUT:-benchmarks/results}}
WHEELS=${WHEELS:-.whl}
LIMIT=${LIMIT:-330}
SITE=$(mktemp -d)
trap 'rm -rf "$SITE"' EXIT
mkdir -p "$RESULTS"

if compgen -G "$WHEELS/*.whl" > /dev/null; then
    "$PYTHON" -m pip install --quiet --no-index --no-deps --no-compile --target "$SITE" \
        "$WHEELS"/*.whl || exit
fi

PACKAGES=$("$PYTHON" - "$SITE" <<'PYTHON'
import sys
import tomllib
from pathlib import Path

site, folders = Path(sys.argv[1]), [Path(), *sorted(Path("plugins").glob("*/"))]
for folder in folders:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project.get("entry-points", {}).get("ganzoo", {})
    lines = [f"{name} = {target}\n" for name, target in points.items()]
    info.joinpath("entry_points.txt").write_text("".join(["[ganzoo]\n", *lines]))
print(":".join(str(path.resolve()) for path in [site, *folders]))
PYTHON
) || exit
export PYTHONPATH=$PACKAGES${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1

"$PYTHON" -m pytest -m gpu -q -p no:cacheprovider --benchmark-disable 2>&1 \
    | tee "$RESULTS/gpu-tests.log"
tested=${PIPESTATUS[0]}

"$PYTHON" - "$RESULTS" $((LIMIT - SECONDS)) <<'PYTHON'
import json
import sys
import time
from pathlib import Path

from ganzoo.bench.speed.compare import Length, compare, describe_machine
from ganzoo.bench.speed.report import write_report
from ganzoo.bench.speed.spec import Entrant, Game
from ganzoo.errors import GanzooError

GAMES = [
    Game("vanilla", image_size="28", batch_size=64, device="cuda"),
    Game("dcgan", image_size="32", batch_size=64, device="cuda"),
    Game("dcgan", image_size="64", batch_size=128, device="cuda"),
    Game("cyclegan", "glyphs+ink", image_size="256", batch_size=1, device="cuda"),
]
ENTRANTS = [
    *(Entrant(mode=mode) for mode in ("eager", "compile", "graph")),
    Entrant(mode="graph+compile", precision="bf16"),
]

results, end = Path(sys.argv[1]), time.monotonic() + int(sys.argv[2])
rows, problems = [], []
try:
    machine = describe_machine("cuda")
    for game in GAMES:
        name = f"{game.variant} {game.image_size}"
        if time.monotonic() > end:
            problems.append(f"{name}: no time was left")
            continue
        print(name, flush=True)
        try:
            made = compare(game, ENTRANTS, machine, Length(seconds=2.0), lambda message: None)
        except GanzooError as error:
            problems.append(f"{name}: {error}")
            continue
        problems += [f"{name}: {row['error']}" for row in made if row["error"]]
        rows += made
        results.joinpath("gpu-rows.json").write_text(json.dumps(rows, indent=2) + "\n")
except GanzooError as error:
    sys.exit(str(error))
page, *_ = write_report(results, rows, machine, "benchmarks/gpu.sh")
print(page.read_text())
sys.exit("\n".join(problems) or 0)
PYTHON
measured=$?
exit $((tested != 0 || measured != 0))
