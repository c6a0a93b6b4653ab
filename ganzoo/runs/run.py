"""The run directory: all that is known about one training.

``run.json`` (settings, seed, versions, device), ``metrics.jsonl`` (a line a record), ``log.txt``
(messages), ``samples/`` (a grid an interval), ``checkpoints/``, ``evaluations/``.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ganzoo.artifacts.files import (
    is_text,
    leftovers,
    of_steps,
    refuse_link,
    sync,
    unshare,
    write_json,
)
from ganzoo.artifacts.places import check_place
from ganzoo.errors import GanzooError, counted, typed
from ganzoo.runs import checkpoint, evaluations, metrics_file
from ganzoo.runs.duration import LEAPT, LEAST_LEAP, TIME
from ganzoo.runs.hold import LOCK, Hold, Unwritable, held, is_held
from ganzoo.runs.metrics_file import METRICS, last_step, read_metrics
from ganzoo.runs.record import Record, data_spec, digest, read_record

_STEMS = {
    "": "run|metrics|log|curves|samples",
    "samples": "real|[0-9]{8,18}",
    evaluations.FOLDER: "[0-9]{8,18}(-[0-9a-f]{8})?(-nearest)?",
}
"""Of what a run writes in each folder, as the names end before the last point."""


class Moved(OSError):
    """The folder of a run that is trained is somewhere else, or nowhere."""


@dataclass
class Run:
    """A run directory that exists."""

    path: Path
    settings: Record
    """The content of ``run.json``."""
    _hold: Hold | None = field(default=None, init=False, repr=False, compare=False)
    """That this process holds the run, if it does."""
    _noted: tuple[datetime, float] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """When the last line of the log was written, by two clocks, one of which nobody sets."""

    @classmethod
    def create(cls, out: Path | None, name: str, settings: Record) -> "Run":
        """Make a run directory, at `out` or under the next number in ``runs/``.

        Raises:
            GanzooError: `out` holds something already, or cannot be written.
        """
        path = None
        if not is_text(Path(os.path.realpath(out or ""))):  # as safetensors wants it
            raise GanzooError(
                f"the run directory {out or Path.cwd()} has a name that is no text in UTF-8: "
                "choose another with --out"
            )
        try:
            path = _next(Path("runs"), name) if out is None else _claim(out)
            run = cls(path, settings)
            run.checkpoints.mkdir()
            run.save_settings()
            for above in (path.parent, path.parent.parent):  # where the names are that lead there
                with suppress(OSError):  # not everybody may read them
                    sync(above)
        except OSError as error:
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)
            place = out or os.path.realpath("runs")
            raise GanzooError(
                f"the run directory {place} cannot be written ({error.strerror}): choose another "
                "with --out"
            ) from error
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """The run at `path`.

        Raises:
            GanzooError: there is none, or its record is damaged.
        """
        return cls(path, read_record(path))

    @property
    def samples(self) -> Path:
        """The folder of sample grids."""
        return self._own("samples")

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self._own("checkpoints")

    @property
    def variant(self) -> str:
        """The variant's name with its plugin's: ``"ganzoo-dcgan:dcgan"``."""
        return f"{self.settings['variant']['plugin']}:{self.settings['variant']['name']}"

    @property
    def plugins(self) -> dict[str, str]:
        """The distributions that it was started with, and their versions."""
        variant = self.settings["variant"]
        return dict(self.settings.get("plugins", {variant["plugin"]: variant["version"]}))

    @property
    def identity(self) -> checkpoint.Identity:
        """Whose checkpoints they are."""
        settings = self.settings
        name, run = settings["variant"]["name"], settings.get("fingerprint", "")
        return checkpoint.Identity(name, str(data_spec(settings)), run)

    def save_settings(self) -> None:
        """Write ``run.json``."""
        write_json(self._own("run.json"), {**self.settings, "digest": digest(self.settings)})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the hold ends with the process, however that ends.

        Raises:
            Unwritable: nobody can train it where it is.
            GanzooError: another process holds it.
        """
        with held(self.path) as hold:
            if any(part.is_symlink() for part in (self.path, *self.path.parents)):
                self.path = Path(os.path.realpath(self.path))  # the link may be set anew
            self._hold = hold
            try:
                yield
            finally:
                self._hold = None

    def _own(self, name: str) -> Path:
        """The path of a part of it.

        Raises:
            Moved: the run is held, and another folder has its name now, or its lock is gone.
            GanzooError: it is held, and that part is a link now.
        """
        if self._hold is not None:
            if not self._hold.is_of(self.path):
                raise Moved(f"{self.path} is not there any more, or its file {LOCK} is not")
            refuse_link(self.path / name)
        return self.path / name

    def close(self, outcome: str | None) -> None:
        """Note in ``run.json`` how the training ended; None: it has not."""
        self.settings["outcome"] = outcome
        self.save_settings()

    def latest_checkpoint(self) -> Path:
        """The newest checkpoint.

        Raises:
            GanzooError: there is none yet.
        """
        found = checkpoint.latest(self.checkpoints)
        if found is None:
            raise GanzooError(f"{self.path} has no checkpoint yet")
        return found

    def checkpoint_at(self, which: str) -> Path:
        """A checkpoint that holds weights.

        Args:
            which: ``"last"``, ``"best"`` or a step.

        Raises:
            GanzooError: there is no such, or none at all; and which there are.
        """
        last = self.latest_checkpoint()
        found = checkpoint.every(self.checkpoints)
        word = which.lstrip("0") or "0" if which.isascii() and which.isdigit() else which
        if word in found:
            return found[word]
        steps = sorted({checkpoint.step_of(path) for path in found.values()})
        there = f"there are last (step {checkpoint.step_of(last)})"
        if "best" in found:
            there += f", best (step {checkpoint.step_of(found['best'])})"
        there += f" and, by step, {', '.join(map(str, steps))}"
        if which == "best":
            there += "; the best is kept by a training with --evaluate-every"
        raise GanzooError(f"{self.path} has no checkpoint '{which}': {there}")

    def append_metrics(self, record: dict[str, float]) -> None:
        """Add a line to ``metrics.jsonl``."""
        with self._own(METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def keep_metrics(self) -> None:
        """Have the disk hold all lines, as a checkpoint that it holds goes on from there."""
        if (metrics := self._own(METRICS)).exists():
            sync(metrics)
            sync(self.path)  # and that there is such a file

    def metrics(self) -> list[dict[str, float]]:
        """All records of ``metrics.jsonl``: see `read_metrics`."""
        return [*read_metrics(self.path)]

    def rewind(self, step: int) -> None:
        """Forget what was logged, drawn and evaluated after `step`, before going on from there."""
        self.samples.mkdir(exist_ok=True)  # somebody may have made room
        damaged = metrics_file.rewind(self.path, step)
        evaluated = self.path / evaluations.FOLDER
        undone = range(step + 1, self.open(self.path).asked.stop)  # of before it went on
        for later in self.grids(undone) + of_steps(evaluated, undone, evaluations.NAMES):
            later.unlink()
        checkpoint.rewind(self.checkpoints, step, self.settings.get("fingerprint", ""))
        unshare(self.path / "log.txt")
        for folder, stems in _STEMS.items():
            for leftover in leftovers(self._own(folder), stems):
                leftover.unlink()
        if damaged:
            self.log(f"left out what cannot be read of {METRICS}: {counted(damaged, 'line')}")

    def log(self, message: str) -> None:
        """Add a line with the time to ``log.txt``, and before it how far the clock leapt."""
        now, ticks = datetime.now(), time.monotonic()
        before, self._noted = self._noted or (now, ticks), (now, ticks)
        leap = (now - before[0]).total_seconds() - (ticks - before[1])
        messages = [LEAPT.format(leap), message] if abs(leap) > LEAST_LEAP else [message]
        with self._own("log.txt").open("a", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{now:{TIME}}  {one}\n" for one in messages)

    @property
    def asked(self) -> range:
        """The steps that it was asked to make, and 0."""
        return range(self.settings["training"]["steps"] + 1)

    def grids(self, steps: range | None = None) -> list[Path]:
        """The grids of samples of some steps, or of all that it was asked for, in order."""
        return of_steps(self.samples, self.asked if steps is None else steps, r"\.png")

    @property
    def step(self) -> int:
        """The step of the newest checkpoint; 0 where there is none."""
        found = checkpoint.latest(self.checkpoints)
        return int(found.name) if found else 0

    @property
    def reached(self) -> int:
        """The last step that is known of, which may be later than that of a checkpoint."""
        return max(self.step, last_step(self.path))

    @property
    def state(self) -> str:
        """How it is: running, finished, stopped, diverged, collapsed, crashed, killed, unknown."""
        outcome = self.settings.get("outcome")
        try:
            return "running" if is_held(self.path) else outcome or "killed"
        except Unwritable:
            return outcome or "unknown"


class SharedRun(Run):
    """The run in all processes that train it but the first: they write nothing."""

    def save_settings(self) -> None:
        """Leave it to the first."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Leave it to the first."""
        yield

    def append_metrics(self, record: dict[str, float]) -> None:
        """Leave it to the first."""

    def keep_metrics(self) -> None:
        """Leave it to the first."""

    def rewind(self, step: int) -> None:
        """Leave it to the first."""

    def log(self, message: str) -> None:
        """Leave it to the first."""


def find_runs(folder: Path, report: Callable[[str], None]) -> list[Run]:
    """The runs in a folder, by name; a damaged one is left out, and reported in a sentence."""
    runs = []
    for path in sorted(folder.glob("*/run.json")):
        try:
            runs.append(Run.open(path.parent))
        except GanzooError as error:
            report(f"left out: {error}")
    return runs


def check_free(out: Path) -> None:
    """See whether a run can have this directory for its own.

    Raises:
        GanzooError: something else is there.
    """
    check_place(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        onward = f", or go on with --resume {typed(out)}" if (out / "run.json").exists() else ""
        raise GanzooError(f"{out} exists already: choose another --out{onward}")


def _claim(out: Path) -> Path:
    """Make `out` a directory of its own, with the folder of samples in it."""
    check_free(out)
    out.mkdir(parents=True, exist_ok=True)
    try:
        (out / "samples").mkdir()  # by one process alone, of those that found it empty
    except FileExistsError as error:
        raise GanzooError(
            f"{out} has just been taken by another process: choose another --out"
        ) from error
    return out


def next_path(runs: Path, name: str) -> Path:
    """The directory of the next number in a folder, which need not be there yet."""
    there = runs.iterdir() if runs.is_dir() else ()
    numbers = [int(m[1]) for path in there if (m := re.match(r"(\d{5,})-", path.name))]
    return runs / f"{max(numbers, default=0) + 1:05d}-{name}"


def _next(runs: Path, name: str) -> Path:
    """Make the directory of the next number likewise, also when two processes ask at once."""
    runs.mkdir(exist_ok=True)
    while True:
        path = next_path(runs, name)
        try:
            path.mkdir()
            (path / "samples").mkdir()
            return path
        except FileExistsError:
            continue
