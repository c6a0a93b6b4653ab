"""Which run a checkpoint is of: its manifest repeats the fingerprint that ``run.json`` has."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganzoo.artifacts.files import read_note
from ganzoo.errors import GanzooError
from ganzoo.runs.record import Record

_KEY = "run"


def fingerprint(record: Record, without: Collection[str]) -> str:
    """A digest of what a training is begun with.

    Trainings that have the same make the same checkpoints, as far as machines do, and one may go
    on from another's. How the folder of the data is called is not among it: their content is.

    Args:
        record: of the training.
        without: the common settings that make it no other one.
    """
    training = {key: told for key, told in record["training"].items() if key not in without}
    data = {key: told for key, told in record["data"].items() if key != "name"}
    of = [record["variant"]["plugin"], record["variant"]["name"], record["config"], training, data]
    told = json.dumps([*of, record.get("processes")], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def note(run: str) -> dict[str, str]:
    """What the manifest says of a run with this fingerprint; nothing, where it has none."""
    return {_KEY: run} if run else {}


def owner(manifest: Mapping[str, Any]) -> str:
    """The fingerprint of the run that wrote it; empty: it does not say."""
    return str(manifest.get(_KEY, ""))


def refuse_stranger(path: Path, theirs: str, ours: str) -> None:
    """Refuse what another run has written.

    Args:
        path: of the checkpoint.
        theirs: the fingerprint of the run that wrote it; empty: it does not say.
        ours: of the run that it lies in.

    Raises:
        GanzooError: it is of another run.
    """
    if theirs and theirs != ours:
        raise GanzooError(
            f"{path} is a checkpoint of another run, which had other settings, samples or another "
            "seed: move it back to where it is from, which --init can start from"
        )


def is_own(path: Path, manifest: str, ours: str) -> bool:
    """Whether a checkpoint is the run's own, so that it may be removed: see `owner`.

    What has no manifest is a folder of the user's that is only called so. One that is damaged says
    nothing, like those of before.
    """
    try:
        theirs = owner(json.loads(read_note(path / manifest)))
    except (ValueError, AttributeError, RecursionError):
        return (path / manifest).is_file()
    except OSError:
        return False
    return theirs in ("", ours)


@contextmanager
def making_way(path: Path, manifest: str, ours: str) -> Iterator[None]:
    """Have a checkpoint make way for another of its name, unless that does not come.

    Raises:
        FileExistsError: it is not the run's own.
        OSError: it cannot be moved.
    """
    if not path.exists():
        yield
        return
    if not is_own(path, manifest, ours):
        raise FileExistsError(errno.EEXIST, "what is called so is not of this run", path)
    aside = path.rename(path.with_name(f".{path.name}.{os.getpid()}-0.tmp"))
    try:
        yield
    except BaseException:
        aside.rename(path)
        raise
    for entry in aside.iterdir():
        if not (path / entry.name).exists():  # the user's, who put it there
            entry.rename(path / entry.name)
    shutil.rmtree(aside)


def discard(path: Path, parts: Collection[str]) -> None:
    """Remove a checkpoint, if that can be done: all of its parts, or none, are under its name.

    The folder stays where something of the user's is in it.
    """
    with suppress(OSError):
        aside = path.rename(path.with_name(f".{path.name}.{os.getpid()}-0.tmp"))
        if not _emptied(aside, parts):
            aside.rename(path)


def remove_abandoned(folder: Path, parts: Collection[str]) -> None:
    """Remove the checkpoints that a writer which was killed had begun: a run has only one."""
    for leftover in folder.glob(".*.tmp"):
        if re.fullmatch(r"\.(best-)?[0-9]+\.[0-9]+(-[0-9]+)?\.tmp", leftover.name):
            with suppress(OSError):
                _emptied(leftover, parts)


def _emptied(folder: Path, parts: Collection[str]) -> bool:
    """Remove these files from a folder, and the folder, unless something else is in it: if so."""
    for part in parts:
        (folder / part).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
    return not folder.exists()
