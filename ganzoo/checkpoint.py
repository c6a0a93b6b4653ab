"""Checkpoints that cannot run code: safetensors only, whole or not there at all.

``checkpoints/00002814/`` holds ``weights.safetensors`` (the averaged networks that samples are
drawn from: what is shared), ``state.safetensors`` (all that is needed to go on bit for bit) and
``manifest.json`` (the step and the SHA-256 of both). The folder is written under a temporary name
and renamed, so a crash at any byte leaves the previous checkpoint whole.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.files import sync

FORMAT = "1"
KEPT = 2
"""Checkpoints kept in a run; more than one, for a disk that damages the last."""
STATE, WEIGHTS = "state.safetensors", "weights.safetensors"


@dataclass(frozen=True)
class Identity:
    """Whose tensors they are; stored in each file and compared before anything is loaded."""

    variant: str
    data: str
    """The shape of a sample, ``"1x28x28"``."""


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
    target = folder / f"{step:08d}"
    temporary = folder / f".{step:08d}.{os.getpid()}.tmp"
    header = {"ganzoo": FORMAT, "variant": identity.variant, "data": identity.data}
    try:
        for leftover in folder.glob(".*.tmp"):  # of a writer that was killed: a run has only one
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        digests = {}
        for name, tensors in ((WEIGHTS, weights), (STATE, state)):
            whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
            save_file(whole, temporary / name, metadata=header)
            # safetensors lets nobody else read it, whatever the umask says.
            (temporary / name).chmod(temporary.stat().st_mode & 0o666)
            sync(temporary / name)
            digests[name] = _sha256(temporary / name)
        manifest = {"format": FORMAT, "step": step, "sha256": digests}
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        sync(temporary / "manifest.json")
        sync(temporary)
        if target.exists():  # a resumed run that stops again before its first step
            shutil.rmtree(target)
        temporary.rename(target)
        sync(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        kept = latest(folder)
        raise GanzooError(
            f"the checkpoint of step {step} could not be written to {folder} ({_reason(error)}): "
            + (f"the one of step {int(kept.name)} is untouched" if kept else "make room there")
        ) from error
    for old in _all(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint, if there is one."""
    return next(iter(_all(folder)[::-1]), None)


def load_state(path: Path, identity: Identity, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors to go on from, with the names and shapes of `expected`.

    Raises:
        GanzooError: the checkpoint is damaged, a pickle, or of another variant or shape.
    """
    return _load(path, STATE, identity, expected)


def load_weights(
    path: Path, identity: Identity, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors to sample with, with the names and shapes of `expected`; raises likewise."""
    return _load(path, WEIGHTS, identity, expected)


def _load(
    path: Path, name: str, identity: Identity, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    file = path / name
    _verify(path, name)
    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise _damaged(file, _reason(error)) from error
    found = Identity(header.get("variant", "?"), header.get("data", "?"))
    if found != identity:
        raise GanzooError(
            f"{file} is a checkpoint of {found.variant} for {found.data} samples, not of "
            f"{identity.variant} for {identity.data}: its run.json belongs to another run"
        )
    for key in sorted(expected.keys() | tensors.keys()):
        here = tuple(expected[key].shape) if key in expected else "no such tensor"
        there = tuple(tensors[key].shape) if key in tensors else "no such tensor"
        if here != there:
            raise GanzooError(
                f"{file} does not fit the variant: '{key}' is {there} in the file and {here} in "
                "the network that run.json describes"
            )
    return tensors


def _verify(path: Path, name: str) -> None:
    """Compare a file with what was written."""
    file, manifest = path / name, path / "manifest.json"
    try:
        expected = json.loads(manifest.read_text())["sha256"][name]
        if expected != _sha256(file):
            with file.open("rb") as opened:
                if opened.read(2) in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
                    raise GanzooError(
                        f"{file} is a pickle, which can run code when it is read: ganzoo reads "
                        "safetensors only"
                    )
            raise _damaged(file, "its SHA-256 is not the one in manifest.json")
    except OSError as error:
        raise _damaged(file if manifest.exists() else manifest, _reason(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(manifest, "it is not the JSON that was written") from error


def _damaged(file: Path, reason: str) -> GanzooError:
    others = [other for other in _all(file.parent.parent) if other != file.parent]
    if file.name == WEIGHTS:  # what a training goes on from is another file
        run = file.parent.parent.parent
        return GanzooError(
            f"{file} is damaged ({reason}): `ganzoo train --resume {run} --steps MORE` still goes "
            "on, and writes new ones"
        )
    advice = (
        f"delete {file.parent} to go on from step {int(others[-1].name)}"
        if others
        else "the run has no other checkpoint and must be trained again"
    )
    return GanzooError(f"{file} is damaged ({reason}): {advice}")


def _all(folder: Path) -> list[Path]:
    """The checkpoints, oldest first; a folder under a temporary name is not one."""
    return sorted(folder.glob("[0-9]" * 8))


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
