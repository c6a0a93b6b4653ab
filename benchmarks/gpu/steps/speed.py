"""The speed of a game in the engine's modes, beside the two loops that people write.

python -m gpu.steps.speed "dcgan 32"
"""

from __future__ import annotations

import json
import os
import sys

from ganzoo.bench.speed.compare import Length, Row, compare, describe_machine
from ganzoo.bench.speed.report import COLUMNS, cells, remarks
from gpu.steps.games import BEST, COMPILE, EAGER, GAMES, GOALS, GRAPH, game
from gpu.steps.told import DEVICE, REHEARSING, STEM, WHOLE, compiled_code, found, results, work

LENGTH = Length(steps=5) if REHEARSING else Length(seconds=1.5)


def table(rows: list[Row]) -> str:
    """As the report of `ganzoo bench` has it."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(cells, rows)]
    said = [f"- {remark}" for remark in remarks(rows)]
    return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), "", *said])


def reached(name: str, rows: list[Row]) -> str:
    """What was asked for, and the best of what was found."""
    lines = []
    for key, goal in zip(("typical", "careful"), GOALS[name], strict=True):
        ratios = [row[f"times_{key}"] for row in rows]
        best = max((ratio["median"] for ratio in ratios if ratio), default=None)
        met = "not measured" if best is None else f"{best:.2f}"
        lines.append(f"- asked for: {goal} times the {key} loop; the fastest mode: {met}")
    return "\n".join(lines)


def main() -> None:
    """Measure one game; the rows are added to those of the games before."""
    name = sys.argv[1]
    known = work() / "machine.json"
    machine = json.loads(known.read_text()) if known.exists() else describe_machine(DEVICE)
    if (compiled_code(name) / WHOLE).exists():
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(compiled_code(name))
        found("- the code was compiled before, and is found in torch's cache")
    compile_too = [] if REHEARSING and name != next(iter(GAMES)) else [COMPILE]
    rows = compare(game(name), [EAGER, *compile_too, GRAPH, BEST], machine, LENGTH, print)
    file = results() / f"{STEM}-rows.json"
    before = json.loads(file.read_text())["rows"] if file.exists() else []
    file.write_text(json.dumps({"machine": machine, "rows": [*before, *rows]}, indent=2) + "\n")
    found(f"\n{table(rows)}")
    if not REHEARSING:
        found(reached(name, rows))
    wrong = [row for row in rows if row["error"] and not (REHEARSING and "CUDA" in row["error"])]
    sys.exit("; ".join(f"{row['mode']}: {row['error']}" for row in wrong) or 0)


if __name__ == "__main__":
    main()
