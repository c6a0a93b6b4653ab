"""Evaluations that are kept in a run: ``evaluations/00002814-1f3c9a20.json``.

One file for a step and a protocol; measures that are taken later are added to it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganzoo.artifacts.files import read_note, refuse_links, write_json
from ganzoo.errors import GanzooError

FOLDER = "evaluations"
PATIENCE = 30.0
"""Seconds until another process has written what it has measured."""
NEAREST = r"(-[0-9a-f]{8})?-nearest\.png"
NAMES = r"-[0-9a-f]{8}\.json|" + NEAREST
"""How its pictures and all of its files are called, behind the step."""


def store(run: Path, step: int, report: dict[str, Any]) -> dict[str, Any]:
    """Keep an evaluation.

    Args:
        run: the run directory.
        step: of the checkpoint that was measured.
        report: as `Report.to_dict` gives it.

    Returns:
        What is kept: ``run``, ``step``, ``protocol`` and ``scores``, the new ones and, after them,
        those that were measured earlier by the same protocol.

    Raises:
        OSError: it cannot be written.
        GanzooError: it would be written elsewhere, or another process holds the folder.
    """
    path = run / FOLDER / f"{name_of(step, report['protocol'])}.json"
    refuse_links(run)
    path.parent.mkdir(exist_ok=True)
    new = {score["name"] for score in report["scores"]}
    with _alone(path.parent):  # another evaluation may end now
        before = read(path)
        if before is None and path.exists():
            raise GanzooError(f"{path} is damaged, and left as it is: move it elsewhere")
        before = before or {"scores": []}
        earlier = [one for one in before["scores"] if one["name"] not in new and has_numbers(one)]
        record = {**before, "run": str(run), "step": step, **report}
        record["scores"] = report["scores"] + earlier
        record["histogram"] = report.get("histogram") or before.get("histogram") or {}
        write_json(path, record)
    return record


def name_of(step: int, protocol: str) -> str:
    """How the files of an evaluation begin."""
    digest = hashlib.sha256(protocol.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{step:08d}-{digest}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder for this process, where its disk has locks.

    Raises:
        GanzooError: another process holds it for long, as anybody can who may read it.
    """
    lock = FileLock(folder / ".lock")
    try:
        with suppress(NotImplementedError):
            lock.acquire(timeout=PATIENCE)
    except Timeout as error:
        raise GanzooError(f"another process has held {folder} for {PATIENCE:.0f} s") from error
    try:
        yield
    finally:
        lock.release()


def read(path: Path) -> dict[str, Any] | None:
    """What `store` wrote; None where it is not there or damaged."""
    try:
        record: dict[str, Any] = json.loads(read_note(path))
        texts = [record["protocol"], *(score["name"] for score in record["scores"])]
        _ = int(record["step"]), "".join(texts)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return record


def has_numbers(score: Mapping[str, Any]) -> bool:
    """Whether what a record says of a score are numbers that a float can hold, or None."""
    try:
        _ = [float(told) for key in ("value", "real") if (told := score.get(key)) is not None]
    except (OverflowError, TypeError, ValueError):
        return False
    return True


def not_written_here(where: object, run: object) -> GanzooError:
    """The error for an evaluation that can be read, and that `store` has not written."""
    return GanzooError(
        f"{where} holds what `ganzoo evaluate` does not write: delete it and evaluate {run} again"
    )


def find(run: Path) -> list[dict[str, Any]]:
    """All evaluations of a run, the one of the latest step last."""
    records = [read(path) for path in sorted((run / FOLDER).glob("*.json"))]
    return [record for record in records if record is not None]
