"""Files of a run that are damaged or forged: each is read, or refused in a sentence.

Many in one process, which is watched: what ends it, or keeps it for too long, is a find.
"""

import json
import os
import random
import shutil
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from faults.child import Ended, called, forked
from faults.ground import STEPS, training
from faults.watched import VIOLATIONS, Told, watched
from ganzoo.artifacts.files import sha256
from ganzoo.runs import checkpoint

VARIANT = "vanilla"
TOGETHER = 200
"""Mutations of one process."""
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "", "../../x", "/etc/passwd", "<script>x",
    "\x1b[2J", "\x00", "a" * 100_000, [], {}, [[[[]]]], {"..": 1}, "\ud800",
)  # fmt: skip


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float, most: int
) -> tuple[Counter[str], list[str]]:
    """Damage files of a run until a time, or so often; returns counts and what should not be."""
    counts, wrong = Counter[str](), list[str]()
    good, log, seed = folder / "good", folder / "log", chance.random()
    with_cache = {"GANZOO_CACHE": str(folder / "cache")}
    for args in (
        [*training(VARIANT, data), "--out", good],
        ["evaluate", good, "--n", 4, "--metrics", "parzen"],
    ):
        done = forked(args, log, lambda: os.environ.update(with_cache))
        if done.status != 0:
            return counts, [done.said[-500:]]
    number = 0
    while time.monotonic() < until and number < most:
        last = min(number + TOGETHER, most)
        for told in watched(folder, partial(_tried, folder), seed, range(number, last), until):
            number = told.number + 1
            counts["mutations"] += 1
            counts.update(told.outcomes)
            wrong += told.wrong
    return counts, wrong


def _tried(folder: Path, chance: random.Random) -> Told:
    """Damage one file of a copy, and have it read."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    for name in ("good", "cache"):
        shutil.copytree(folder / name, work / name)
    os.environ["GANZOO_CACHE"] = str(work / "cache")
    files = sorted(path for path in work.rglob("*") if _is_read(path))
    file = chance.choice(files)
    how = _damage(file, files, chance)
    args = _command(work / "good", folder, chance)
    VIOLATIONS.clear()
    done = called(args)
    wrong = []
    if not done.in_a_sentence or VIOLATIONS:
        what = f"{file.relative_to(work)} {how}, {args[0]}"
        wrong = [f"{what}: status {done.status}: {VIOLATIONS} {done.said[-600:]}"]
    return Told({f"{args[0]}: {_outcome(done)}": 1}, wrong)


def _is_read(path: Path) -> bool:
    return path.is_file() and path.suffix in (".json", ".jsonl", ".safetensors")


def _command(run: Path, folder: Path, chance: random.Random) -> list[object]:
    out = folder / "out.npz"
    out.unlink(missing_ok=True)
    return chance.choice(
        [
            ["train", "--resume", run, "--steps", STEPS + 1],
            ["sample", run, "--n", 2, "--out", out],
            ["compare", run, folder / "good"],
            ["evaluate", run, "--n", 4, "--metrics", "parzen"],
            ["runs", run.parent],
        ]
    )


def _outcome(done: Ended) -> str:
    return {0: "done", 1: "done in part", 2: "refused"}.get(done.status or 0, "broke")


def _damage(file: Path, files: list[Path], chance: random.Random) -> str:
    """Change a file, perhaps to one of the others; returns how."""
    content = bytearray(file.read_bytes())
    how = chance.choice(
        ["bits", "cut", "deep", "empty", "grown", "swapped", "value", "value", "value"]
    )
    if how == "value":
        if file.suffix == ".safetensors":
            how = _forge_header(content, chance)
        else:
            content, how = _forge_json(content, chance)
    elif how == "bits":
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del content[chance.randrange(len(content)) :]
    elif how == "swapped":
        other = chance.choice(files)
        content, how = bytearray(other.read_bytes()), f"is {other.name}"
    elif how == "deep":
        content = bytearray(b"[" * 200_000)
    elif how == "empty":
        content.clear()
    else:
        content += os.urandom(chance.randint(1, 2000))
    file.write_bytes(content)
    manifest = file.parent / checkpoint.MANIFEST
    if file.suffix == ".safetensors" and manifest.exists() and chance.random() < 0.7:
        told = json.loads(manifest.read_text())
        told["sha256"][file.name] = sha256(file)
        manifest.write_text(json.dumps(told))  # as a stranger would
        how += ", with a manifest that says so"
    return how


def _forge_json(content: bytearray, chance: random.Random) -> tuple[bytearray, str]:
    """Put a strange value somewhere into JSON, or into a line of it."""
    lines = content.decode().splitlines() if content.count(b"\n{") else [content.decode()]
    number = chance.randrange(len(lines))
    told = json.loads(lines[number])
    where, value = _put(told, chance)
    lines[number] = json.dumps(told)
    return bytearray(("\n".join(lines) + "\n").encode()), f"{where} = {str(value)[:30]!r}"


def _put(told: Any, chance: random.Random) -> tuple[str, Any]:
    places: list[tuple[Any, Any, str]] = []

    def visit(node: Any, path: str) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key, f"{path}.{key}"))
            if isinstance(node[key], dict | list):
                visit(node[key], f"{path}.{key}")

    visit(told, "")
    node, key, path = chance.choice(places)
    value = chance.choice(STRANGE)
    node[key] = value
    return path, value


def _forge_header(content: bytearray, chance: random.Random) -> str:
    """Have the header of safetensors say something strange of a tensor."""
    size = int.from_bytes(content[:8], "little")
    if chance.random() < 0.2:
        content[:8] = chance.choice([0, 2**63, 2**40, size + 1, size - 1]).to_bytes(8, "little")
        return "another length of the header"
    header = json.loads(bytes(content[8 : 8 + size]))
    name = chance.choice([key for key in header if key != "__metadata__"])
    change = chance.choice(
        [
            {"shape": [10**12, 10**6]},
            {"shape": []},
            {"dtype": "F64"},
            {"dtype": "PICKLE"},
            {"data_offsets": [0, 2**62]},
            {"data_offsets": [10, 2]},
        ]
    )
    header[name] |= change
    text = json.dumps(header, separators=(",", ":")).encode()
    content[: 8 + size] = len(text).to_bytes(8, "little") + text
    return f"{name} {change}"
