"""The trainings that a claim asks for, each a process that goes on where one was killed."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import own_folder
from ganzoo.claims.claim import Arm, Setting, digest
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import PROGRAM, STOPPED, begun, follow, last_words
from ganzoo.plugins.catalog import single_names
from ganzoo.plugins.registry import registry
from ganzoo.runs.run import Run
from ganzoo.spec import MADE

if TYPE_CHECKING:
    from ganzoo.variant import Variant

Tell = Callable[[str, str], None]
"""Is told what is done, and what is new in it."""

NOTES = ".claims"
"""The folder beside the runs for what is known of them; ``*`` then stands for runs alone."""
PATIENCE = 0.5
"""Seconds between two looks at a run that another process trains."""
LIBRARIES = ("ganzoo-core", "torch")
"""A run of other versions of them is another run."""


class LostTraining(GanzooError):
    """A training that was carried out as asked has come to nothing: it diverged or collapsed."""


@dataclass(frozen=True)
class Place:
    """Where claims are reproduced, and what is the same for all of them."""

    folder: Path
    """Of the runs, and of what was found."""
    tell: Tell
    data_root: Path | None = None
    device: str = "auto"

    @property
    def notes(self) -> Path:
        """The folder of logs and of what was measured; it is made.

        Raises:
            GanzooError: it cannot be.
        """
        path = self.folder / NOTES
        try:
            return own_folder(path)
        except OSError as error:
            raise GanzooError(
                f"{path} cannot be written ({error.strerror}): choose another --out"
            ) from error

    def flags(self, arm: Arm) -> list[str]:
        """Of each ``ganzoo train`` and ``ganzoo evaluate``."""
        device = [] if self.device == "auto" else ["--device", self.device]
        root = self.data_root if reads_files(arm) else None
        return device if root is None else [*device, "--data-root", str(root)]

    def path(self, arm: Arm, seed: int) -> Path:
        """The run of an arm and a seed, or its file of samples.

        Runs are named by all that they depend on, so that claims share them, and a run of other
        settings or versions is never taken for one of these.
        """
        if arm.made_by:
            return self.folder / f"{arm.name}-{seed}.npz"
        plugin = registry().variant(arm.variant).plugin
        versions = {name: metadata.version(name) for name in LIBRARIES} | {
            plugin.dist: plugin.version
        }
        facts = [arm.variant, dict(arm.settings), arm.seed_setting, versions, self.device]
        word = arm.variant.replace(":", "-")
        return self.folder / f"{word}-{digest(facts)}-{seed}"


def train_command(arm: Arm, seed: int | str) -> list[str]:
    """The arguments of ganzoo that train an arm, but for where."""
    flags = [part for name, value in arm.settings.items() for part in _flag(name, value)]
    return ["train", arm.variant, *flags, *_flag(arm.seed_setting, str(seed))]


def _flag(name: str, value: Setting) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    return [flag, str(_typed(value))]


def _typed(value: Setting) -> str | bool:
    """A value as it is typed behind its flag, a number of pixels too where a text is wanted."""
    if isinstance(value, bool):
        return value
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def reads_files(arm: Arm) -> bool:
    """Whether the data of an arm are read from files, so that it must be told where they are.

    Raises:
        GanzooError: there is no such data set.
    """
    names = single_names(str(arm.settings.get("dataset", "")))
    return any(registry().dataset(name).spec.source != MADE for name in names if name)


def check_arm(arm: Arm, where: str) -> None:
    """See to it that an arm can be trained as the file says.

    Args:
        arm: that ganzoo trains.
        where: the file and the claim, for the user.

    Raises:
        GanzooError: there is no such variant or setting, or a value is not allowed.
    """
    from ganzoo.config import build, options, unknown_setting
    from ganzoo.training.settings import Training

    try:
        cls: type[Variant] = registry().variant(arm.variant).load()
        config = cls.Config
        common, own = options(Training), options(config)
        given: dict[str, Any] = {arm.seed_setting: 0, **arm.settings}
        for key in [*given]:
            name = key.replace("-", "_")
            if name not in common and name not in own:
                raise unknown_setting(key, [*common, *own], without=cls.without)
            given[name] = _typed(given.pop(key))
        reads_files(arm)
        build(Training, {key: value for key, value in given.items() if key in common})
        build(config, {key: value for key, value in given.items() if key not in common})
    except GanzooError as error:
        raise GanzooError(f"{where}, arm {arm.name}: {error}") from error


def trained(place: Place, arm: Arm, seed: int) -> Path:
    """The run of an arm, or its samples: found, gone on with, or trained.

    Raises:
        LostTraining: the training diverged or collapsed.
        GanzooError: it cannot be trained, or the samples of another program are not there.
    """
    path = place.path(arm, seed)
    if arm.made_by:
        if not path.exists():
            raise GanzooError(
                f"{path} is not there, which ganzoo does not make: "
                f"`{arm.made_by.format(seed=seed, out=path)}`"
            )
        return path
    what = f"{path.name}: training"
    elsewhere = f"{path.name}: waiting for another process, which trains it"
    with _held(place.notes / f"{path.name}.lock", lambda: place.tell(elsewhere, "")) as hold:
        run = begun(path)
        if run is None:
            args = [*train_command(arm, seed), *place.flags(arm), "--out", str(path)]
        elif run.state == "finished":
            _refuse_other(run, arm)
            return path
        else:
            _check_outcome(run)
            args = ["train", "--resume", str(path)]
        log = place.notes / f"{path.name}.log"
        place.tell(what, "")
        status = follow([*PROGRAM, *args], log, lambda news: place.tell(what, news), kept=(hold,))
        if (path / "run.json").exists():
            _check_outcome(Run.open(path))
        if status == STOPPED:
            raise KeyboardInterrupt
        if status:
            raise GanzooError(last_words(log))
    return path


def evaluated(place: Place, arm: Arm, path: Path, flags: list[str]) -> dict[str, Any]:
    """What ``ganzoo evaluate --json`` prints of a run, or of samples.

    Args:
        place: where.
        arm: whose they are.
        path: of the run or of the samples.
        flags: what is measured, and how.

    Raises:
        GanzooError: it cannot be measured.
    """
    what = [str(path)]
    if arm.made_by:
        what = ["--samples", str(path), "--dataset", str(arm.settings["dataset"])]
    log = place.notes / f"{path.name}.log"
    with TemporaryFile("w+", encoding="utf-8") as answer:
        status = follow(
            [*PROGRAM, "evaluate", *what, *flags, *place.flags(arm), "--json"],
            log,
            lambda news: place.tell(f"{path.name}: measuring", news),
            stdout=answer,
        )
        if status == STOPPED:
            raise KeyboardInterrupt
        if status:
            raise GanzooError(last_words(log))
        answer.seek(0)
        found: dict[str, Any] = json.load(answer)
    return found


def shown_command(arm: Arm, flags: list[str] | None) -> list[str]:
    """How a user makes an arm's runs, and measures them: a line each.

    Args:
        arm: any.
        flags: of ``ganzoo evaluate``; None: it has no part in it.
    """
    if arm.made_by:
        return [arm.made_by.format(seed="S", out="S.npz")]
    lines = [shlex.join(["ganzoo", *train_command(arm, "S")])]
    return lines if flags is None else [*lines, shlex.join(["ganzoo", "evaluate", "RUN", *flags])]


def _refuse_other(run: Run, arm: Arm) -> None:
    """Raise a GanzooError, if somebody has gone on with the run of an arm in other ways."""
    wanted, reached = arm.settings.get("steps"), run.settings["training"]["steps"]
    if run.settings.get("before") or (wanted is not None and int(str(wanted)) != reached):
        raise GanzooError(
            f"{run.path} was gone on with, and is not what the claim asks for any more: move it "
            "elsewhere to have it trained anew"
        )


def _check_outcome(run: Run) -> None:
    if run.state in ("diverged", "collapsed"):
        raise LostTraining(f"the training {run.state}: see {run.path / 'log.txt'}")


@contextmanager
def _held(path: Path, wait: Callable[[], None]) -> Iterator[int]:
    """Hold a lock that the processes which are given its number hold as well.

    So a training that has lost its parent, which was killed, is waited for.

    Args:
        path: of the lock.
        wait: is called as long as others hold it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                wait()
                time.sleep(PATIENCE)
        yield descriptor
    finally:
        os.close(descriptor)


def versions(run: Run) -> Mapping[str, str]:
    """Of what a run was trained with."""
    variant = run.settings["variant"]
    return {**run.settings.get("versions", {}), variant["plugin"]: variant["version"]}
