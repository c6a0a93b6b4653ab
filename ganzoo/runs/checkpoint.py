"""Checkpoints that cannot run code: safetensors only, whole or not there at all.

``checkpoints/00002814/`` holds ``weights.safetensors`` (the averaged networks that samples are
drawn from: what is shared), ``state.safetensors`` (all that is needed to go on bit for bit) and
``manifest.json`` (the step, the run and the SHA-256 of both). The folder is written under a
temporary name and renamed, so a crash at any byte leaves the previous checkpoint whole.

``checkpoints/best-00002000/`` holds the weights of the best evaluation so far; its manifest also
says by which criterion. The one before is removed when the next is whole and a checkpoint is as
late: a training that is killed earlier than that goes back to where the one before is the best.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.artifacts.files import is_text, read_note, sha256, sync
from ganzoo.artifacts.ordered import misfit, order_header
from ganzoo.errors import GanzooError, shortage, written_later
from ganzoo.runs.fitting import check_fit, damaged, short
from ganzoo.runs.ownership import (
    discard,
    is_own,
    making_way,
    note,
    owner,
    refuse_stranger,
    remove_abandoned,
)

FORMAT = "1"
KEPT = 2
"""Checkpoints kept in a run; more than one, for a disk that damages the last."""
_PARTS = STATE, WEIGHTS, MANIFEST = "state.safetensors", "weights.safetensors", "manifest.json"
_OF_A_DEVICE = re.compile(r"(rank\d+\.)?rng\.(?!cpu$)\w+")
"""The names of random states that no device of another type has."""


@dataclass(frozen=True)
class Identity:
    """Whose tensors they are; stored beside them and compared before anything is made of them."""

    variant: str
    data: str
    """The shape of a sample, ``"1x28x28"``."""
    run: str = ""
    """The run's fingerprint; empty: it has none, as runs of before, or those of no folder."""


@dataclass(frozen=True)
class Verdict:
    """Why a checkpoint is the best."""

    step: int
    criterion: str
    """The name of the value: ``"frechet"``."""
    value: float
    protocol: str = ""
    """How it was obtained; empty: that is not known, as of checkpoints from before."""


def save(
    folder: Path,
    step: int,
    identity: Identity,
    *,
    weights: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
) -> Path:
    """Write a checkpoint into ``folder`` and remove all but the last `KEPT`.

    Raises:
        GanzooError: it could not be written; what was there before is untouched.
    """
    files = {WEIGHTS: weights, STATE: state}
    return _write(folder, f"{step:08d}", identity, files, {"step": step})


def save_best(
    folder: Path, identity: Identity, verdict: Verdict, *, weights: Mapping[str, Tensor]
) -> Path:
    """Write the best checkpoint of a training into `folder`.

    The best before is removed with the next `save`, or at once where no training could go back
    to it.

    Raises:
        GanzooError: it could not be written; the best before is untouched.
    """
    name = f"best-{verdict.step:08d}"
    return _write(folder, name, identity, {WEIGHTS: weights}, asdict(verdict))


def _remove_outdone(folder: Path, run: str) -> None:
    """Leave the last `KEPT`, the best, and the best up to where a training would go on from."""
    is_ours = partial(is_own, manifest=MANIFEST, ours=run)
    own, bests = [*filter(is_ours, _all(folder))], [*filter(is_ours, _bests(folder))]
    reached = [path for path in bests if own and step_of(path) <= step_of(own[-1])]
    outdone = [path for path in bests if path not in (*bests[-1:], *reached[-1:])]
    for path in own[:-KEPT] + outdone:
        discard(path, _PARTS)


def _write(
    folder: Path,
    name: str,
    identity: Identity,
    files: Mapping[str, Mapping[str, Tensor]],
    facts: Mapping[str, Any],
) -> Path:
    """Write a folder of tensors and a manifest with `facts`, whole or not at all, and tidy up."""
    target = folder / name
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    header = {"ganzoo": FORMAT, "variant": identity.variant, "data": identity.data}
    try:
        remove_abandoned(folder, _PARTS)
        temporary.mkdir(parents=True)
        digests = {}
        for file, tensors in files.items():
            whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
            save_file(whole, temporary / file, metadata=header)
            order_header(temporary / file)
            # safetensors lets nobody else read it, whatever the umask says.
            (temporary / file).chmod(temporary.stat().st_mode & 0o666)
            sync(temporary / file)
            digests[file] = sha256(temporary / file)
        manifest = {"format": FORMAT, **facts, **note(identity.run), "sha256": digests}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        sync(temporary / MANIFEST)
        sync(temporary)
        if _is_there(target, manifest):  # of a run that went on, and stops before its first step
            shutil.rmtree(temporary)
        else:
            with making_way(target, MANIFEST, identity.run):
                temporary.rename(target)
        sync(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        kept = latest(folder)
        raise GanzooError(
            f"the checkpoint of step {facts['step']} could not be written to {folder} "
            f"({_reason(error)}): "
            + (f"the one of step {int(kept.name)} is untouched" if kept else "make room there")
        ) from error
    _remove_outdone(folder, identity.run)
    return target


def _is_there(path: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a checkpoint holds what this manifest says, and is whole."""
    with suppress(OSError, ValueError, RecursionError, GanzooError):
        same = json.loads(read_note(path / MANIFEST)) == manifest
        return same and {_verify(path, file) for file in manifest["sha256"]} == {owner(manifest)}
    return False


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint, if there is one."""
    return next(iter(_all(folder)[::-1]), None)


def best(folder: Path) -> Path | None:
    """The best checkpoint, if there is one."""
    return next(iter(_bests(folder)[::-1]), None)


def verdict(path: Path, identity: Identity) -> Verdict:
    """Why the checkpoint at `path`, as `best` gives it, is the best.

    Raises:
        GanzooError: its manifest is damaged, or of another run.
    """
    manifest = path / MANIFEST
    try:
        content = json.loads(read_note(manifest))
        refuse_stranger(path, owner(content), identity.run)
        value, protocol = float(content["value"]), str(content.get("protocol", ""))
        return Verdict(int(content["step"]), str(content["criterion"]), value, protocol)
    except (
        *(AttributeError, OSError, ValueError, KeyError, TypeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise GanzooError(
            f"{manifest} is damaged: delete {path} to go on without the best checkpoint so far"
        ) from error


def rewind(folder: Path, step: int, run: str) -> None:
    """Leave what is there after `step` where nobody was killed while writing or removing."""
    for path in _bests(folder):
        if step_of(path) > step and is_own(path, MANIFEST, run):
            discard(path, _PARTS)
    remove_abandoned(folder, _PARTS)
    _remove_outdone(folder, run)


def digest(path: Path, name: str) -> str:
    """The SHA-256 of a checkpoint's `STATE` or `WEIGHTS`.

    Raises:
        GanzooError: its manifest is damaged.
    """
    try:
        return str(json.loads(read_note(path / MANIFEST))["sha256"][name])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path / MANIFEST, "it is not the JSON that was written") from error


def step_of(path: Path) -> int:
    """The step of the checkpoint at `path`, the best or another."""
    return int(path.name.removeprefix("best-"))


def every(folder: Path) -> dict[str, Path]:
    """All that weights can be loaded from, by the words that name them: last, best, and steps."""
    steps = {str(step_of(path)): path for path in (*_bests(folder), *_all(folder))}
    named = {"last": latest(folder), "best": best(folder)}
    return {word: path for word, path in named.items() if path is not None} | steps


def load_state(path: Path, identity: Identity, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors to go on from, with the names and shapes of `expected`.

    Random states of devices of another type are left out, and those of a device that the training
    was not on are missing.

    Raises:
        GanzooError: the checkpoint is damaged, a pickle, or of another variant, shape or run.
    """
    return _load(path, STATE, identity, expected)


def load_weights(
    path: Path, identity: Identity, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors to sample with, with the names and shapes of `expected`; raises likewise."""
    return _load(path, WEIGHTS, identity, expected)


def read(path: Path, name: str) -> dict[str, Tensor]:
    """The tensors of a checkpoint's `STATE` or `WEIGHTS`, of whatever variant they are.

    Raises:
        GanzooError: the checkpoint is damaged, or a pickle.
    """
    return _read(path, name)[0]


def _read(path: Path, name: str) -> tuple[dict[str, Tensor], Identity]:
    """The tensors of a file and whose they are."""
    file = path / name
    run = _verify(path, name)
    if not is_text(file):
        raise GanzooError(
            f"{file} lies in a folder whose name is no text in UTF-8, where safetensors reads "
            "nothing: rename the folder"
        )
    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
        return load_file(file), Identity(header.get("variant", "?"), header.get("data", "?"), run)
    except (OSError, SafetensorError, ValueError, KeyError, RuntimeError) as error:
        if short := shortage(error):
            raise GanzooError(short) from error
        if os.strerror(errno.ENODEV) in str(error):
            advice = "lets no file be mapped into memory: use a copy of the run on another disk"
            raise GanzooError(f"{file} lies on a disk that {advice}") from error
        raise _damaged(file, _reason(error)) from error


def _load(
    path: Path, name: str, identity: Identity, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    file = path / name
    tensors, found = _read(path, name)
    if (found.variant, found.data) != (identity.variant, identity.data):
        raise GanzooError(
            f"{file} is a checkpoint of {short(found.variant)} for {short(found.data)} samples, "
            f"not of {identity.variant} for {identity.data}: its run.json belongs to another run"
        )
    tied = {key for key in expected.keys() ^ tensors.keys() if _OF_A_DEVICE.fullmatch(key)}
    check_fit(file, expected, tensors, tied)
    refuse_stranger(path, found.run, identity.run)
    return {key: tensor for key, tensor in tensors.items() if key not in tied}


def _verify(path: Path, name: str) -> str:
    """Compare a file with what was written; returns the fingerprint of the run that wrote it."""
    file, manifest = path / name, path / MANIFEST
    try:
        told = json.loads(read_note(manifest))
        if str(told.get("format")).isdecimal() and int(told["format"]) > int(FORMAT):
            raise written_later(manifest)
        if told["step"] != step_of(path):
            raise _damaged(manifest, f"it is of step {short(str(told['step']))}")
        reason = misfit(file)
        if not reason and told["sha256"][name] != sha256(file):
            reason = "its SHA-256 is not the one in manifest.json"
        if reason:
            with file.open("rb") as opened:
                if opened.read(2) in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
                    raise GanzooError(
                        f"{file} is a pickle, which can run code when it is read: ganzoo reads "
                        "safetensors only"
                    )
            raise _damaged(file, reason)
        return owner(told)
    except OSError as error:
        raise _damaged(file if manifest.exists() else manifest, _reason(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(manifest, "it is not the JSON that was written") from error


def _damaged(file: Path, reason: str) -> GanzooError:
    others = [int(other.name) for other in _all(file.parent.parent) if other != file.parent]
    return damaged(file, reason, others, needed=file.name != WEIGHTS)


def _all(folder: Path) -> list[Path]:
    """The checkpoints, oldest first; a folder under a temporary name is not one."""
    return _named(folder, "[0-9]{8,18}")


def _bests(folder: Path) -> list[Path]:
    """The best checkpoints so far, oldest first: of two, the later is the better."""
    return _named(folder, "best-[0-9]{8,18}")


def _named(folder: Path, pattern: str) -> list[Path]:
    """Those called so with a part of a checkpoint in them, as the user's may be called so, too."""
    named = (it for it in folder.glob("*") if re.fullmatch(pattern, it.name))
    return sorted((it for it in named if any((it / part).exists() for part in _PARTS)), key=step_of)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
