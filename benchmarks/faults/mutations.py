"""Files of a run that are damaged or forged: each is read, or refused in a sentence."""

import json
import os
import random
import resource
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from faults.child import Ended, forked
from faults.ground import STEPS, training
from ganzoo.runs import checkpoint

VARIANT = "vanilla"
MEMORY = 2 * 2**30
"""Bytes of addresses that a child may take beyond what it has; what wants more is a find."""
LIMIT = 120.0
"""Seconds that a command may take."""
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "", "../../x", "/etc/passwd", "<script>x",
    "\x1b[2J", "\x00", "a" * 100_000, [], {}, [[[[]]]], {"..": 1}, "\ud800",
)  # fmt: skip
RUNNING = frozenset(
    {"os.system", "os.exec", "os.posix_spawn", "pickle.find_class", "subprocess.Popen"}
)
"""Events of Python's audit that mean that something is run."""


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float, most: int
) -> tuple[Counter[str], list[str]]:
    """Damage files of a run until a time, or so often; returns counts and what should not be."""
    counts, wrong = Counter[str](), list[str]()
    good, work = folder / "good", folder / "work"
    log = folder / "log"
    for args in (
        [*training(VARIANT, data), "--out", good],
        ["evaluate", good, "--n", 4, "--metrics", "parzen"],
    ):
        done = forked(args, log)
        if done.status != 0:
            return counts, [done.said[-500:]]
    files = [path.relative_to(good) for path in good.rglob("*") if _is_read(path)]
    while time.monotonic() < until and counts["mutations"] < most:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(good, work)
        file = chance.choice(files)
        how = _damage(work / file, chance)
        for args in _commands(work, folder, chance):
            done = forked(list(args), log, lambda: _confine(folder), limit=LIMIT)
            counts["mutations"] += args[0] != "runs"
            counts[f"{args[0]}: {_outcome(done)}"] += 1
            if not done.in_a_sentence or "VIOLATION" in done.said:
                wrong.append(f"{file} {how}, {args[0]}: status {done.status}: {done.said[-600:]}")
    return counts, wrong


def _is_read(path: Path) -> bool:
    return path.is_file() and path.suffix in (".json", ".jsonl", ".safetensors")


def _commands(run: Path, folder: Path, chance: random.Random) -> list[tuple[object, ...]]:
    out = folder / "out.npz"
    out.unlink(missing_ok=True)
    return [
        chance.choice(
            [
                ("train", "--resume", run, "--steps", STEPS + 1),
                ("sample", run, "--n", 2, "--out", out),
                ("compare", run, folder / "good"),
            ]
        ),
        ("runs", folder),
    ]


def _outcome(done: Ended) -> str:
    return {0: "done", 1: "done in part", 2: "refused"}.get(done.status or 0, "broke")


def _damage(file: Path, chance: random.Random) -> str:
    """Change a file; returns how."""
    content = bytearray(file.read_bytes())
    how = chance.choice(["bits", "cut", "deep", "empty", "grown", "value", "value", "value"])
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
    elif how == "deep":
        content = bytearray(b"[" * 200_000)
    elif how == "empty":
        content.clear()
    else:
        content += os.urandom(chance.randint(1, 2000))
    file.write_bytes(content)
    if file.suffix == ".safetensors" and chance.random() < 0.7:  # as a stranger would
        manifest = file.parent / checkpoint.MANIFEST
        told = json.loads(manifest.read_text())
        told["sha256"][file.name] = checkpoint._sha256(file)
        manifest.write_text(json.dumps(told))
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


def _confine(folder: Path) -> None:
    """Have Python say what should not happen, and bound the memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    allowed = (str(folder), os.environ["GANZOO_CACHE"], "/dev/")

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event in RUNNING:
            os.write(2, f"VIOLATION: {event} {args}\n".encode())
        elif event == "open" and isinstance(args[0], str) and isinstance(args[2], int):
            path = str(Path(args[0]).absolute())
            writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and not path.startswith(allowed):
                os.write(2, f"VIOLATION: written to {path}\n".encode())

    sys.addaudithook(hear)
