"""How good variants become: trainings and evaluations one after the other, each its own process.

What a trial has come to is kept beside its run, so that an interrupted benchmark goes on.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import own_folder, read_note, write_json
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import PROGRAM, STOPPED, begun, follow, last_words
from ganzoo.runs.duration import training_parts, training_seconds

if TYPE_CHECKING:
    from ganzoo.runs.run import Run

Result = dict[str, Any]
Progress = Callable[[str, str], None]
"""Is told what is done, and what is new in it."""
NOTES = ".bench"
"""The folder beside the runs for what is known of them; ``*`` then stands for runs alone."""


@dataclass(frozen=True)
class Budget:
    """How long each training is; neither: as long as suits the data."""

    seconds: float | None = None
    """At most, of training; less, where what suits the data takes less."""
    steps: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> Budget:
        """``"600s"``, ``"2000"``, ``"2000steps"`` or None.

        Raises:
            GanzooError: it is something else.
        """
        if text is None:
            return cls()
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|steps?|)", text.replace(" ", ""))
        number = float(found[1]) if found else 0.0
        if found and number > 0:
            if found[2] == "s":
                return cls(seconds=number)
            if number.is_integer():
                return cls(steps=int(number))
        raise GanzooError(
            f"--budget is seconds such as 600s, or iterations such as 2000, not {text}"
        )

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:g}s"
        return "default" if self.steps is None else f"{self.steps}steps"


@dataclass(frozen=True)
class Request:
    """What all trials have in common."""

    budget: Budget
    folder: Path
    """Where the runs are kept."""
    flags: tuple[str, ...] = ()
    """Of each ``ganzoo train``, besides those that `Trial.train` adds."""
    evaluate_flags: tuple[str, ...] = ()
    """Of each ``ganzoo evaluate``."""


@dataclass(frozen=True)
class Trial:
    """One training, and its evaluation."""

    variant: str
    seed: int
    request: Request

    def __str__(self) -> str:
        return f"{self.variant}, seed {self.seed}"

    @property
    def run(self) -> Path:
        """The directory of its run."""
        return self.request.folder / f"{self.variant.replace(':', '-')}-{self.seed}"

    @property
    def record(self) -> Path:
        """The file with what was asked for and, when it is finished, what came out."""
        return self.request.folder / NOTES / f"{self.run.name}.json"

    @property
    def log(self) -> Path:
        """The file with what its processes say."""
        return self.request.folder / NOTES / f"{self.run.name}.log"

    @property
    def train(self) -> list[str]:
        """The arguments of the program that start it."""
        steps = self.request.budget.steps
        length = [] if steps is None else ["--steps", str(steps)]
        place = ["--seed", str(self.seed), "--out", str(self.run)]
        return ["train", self.variant, *self.request.flags, *length, *place]

    @property
    def evaluate(self) -> list[str]:
        """The arguments of the program that measure it."""
        return ["evaluate", str(self.run), *self.request.evaluate_flags, "--json"]

    @property
    def asked(self) -> Result:
        """What must be the same for a run to be used again."""
        return {
            "variant": self.variant,
            "seed": self.seed,
            "budget": str(self.request.budget),
            "commands": [shlex.join(["ganzoo", *args]) for args in (self.train, self.evaluate)],
        }


def measure(
    variants: Sequence[str], seeds: int, request: Request, report: Progress
) -> tuple[list[Result], dict[str, str]]:
    """Train and evaluate variants, or find that this is done already.

    Args:
        variants: their names.
        seeds: trainings of each, with the seeds 0, 1, ...
        request: how.
        report: is told what happens.

    Returns:
        A result a trial, those that failed with an ``error``; and the variants that cannot be
        trained so, with the reason.

    Raises:
        GanzooError: a run of the same name was made in another way.
        KeyboardInterrupt: the user does not want to wait; what was done so far is kept.
    """
    trials = [[Trial(name, seed, request) for seed in range(seeds)] for name in variants]
    for trial in (trial for row in trials for trial in row):
        _read_record(trial)  # refuses what was made in another way before anything is trained
    results, unsuitable = [], {}
    for row in trials:
        for trial in row:
            try:
                results.append(carry_out(trial, report))
            except GanzooError as error:
                if not trial.run.exists():
                    unsuitable[trial.variant] = str(error)
                    break
                results.append(trial.asked | {"run": str(trial.run), "error": str(error)})
    return results, unsuitable


def carry_out(trial: Trial, report: Progress) -> Result:
    """Train and evaluate, as far as that is not done.

    Raises:
        GanzooError: it fails.
    """
    record = _read_record(trial)
    if "evaluation" in record:
        report(f"{trial}: done before", "")
        return record
    own_folder(trial.record.parent)
    write_json(trial.record, trial.asked)
    run = _train(trial, report)
    evaluation = _evaluate(trial, report)
    result = trial.asked | {
        "run": str(trial.run),
        "data": run.settings["data"]["name"],
        "versions": {
            **run.settings["versions"],
            run.settings["variant"]["plugin"]: run.settings["variant"]["version"],
        },
        "trained_on": run.settings["device"],
        "step": run.step,
        "seconds": training_seconds(run.path),
        "images": images_seen(run),
        "evaluation": evaluation,
    }
    write_json(trial.record, result)
    return result


def images_seen(run: Run) -> int:
    """Real images drawn until a run's newest checkpoint."""
    from safetensors import safe_open

    with safe_open(run.latest_checkpoint() / "state.safetensors", framework="numpy") as state:
        if "images" in {*state.keys()}:  # where stages may have batch sizes of their own
            return int(state.get_tensor("images"))
        batches = int(state.get_tensor("feed.drawn"))
    return batches * int(run.settings["training"]["batch_size"])


def _read_record(trial: Trial) -> Result:
    """What is known of its run; nothing, where there is none.

    Raises:
        GanzooError: it says that the run was made in another way, or nothing that can be read.
    """
    advice = "choose another folder with --runs, or delete it"
    if not trial.run.exists():
        return {}
    try:
        found = json.loads(read_note(trial.record))
        same = all(found[key] == value for key, value in trial.asked.items())
    except FileNotFoundError as error:
        raise GanzooError(f"{trial.run} is no run of this benchmark: {advice}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GanzooError(f"{trial.record} is damaged: delete it and {trial.run}") from error
    if not same:
        made = found["commands"][0]
        raise GanzooError(f"{trial.run} was made in another way (`{made}`): {advice}")
    return dict(found)


def _train(trial: Trial, report: Progress) -> Run:
    """Start the training or go on with it, until it is finished or its time is over."""
    from ganzoo.runs.run import Run

    args, limit = trial.train, trial.request.budget.seconds
    run = begun(trial.run)
    if run is not None:
        state = run.state
        if state in ("diverged", "collapsed"):
            raise GanzooError(f"the training {state}: see {run.path / 'log.txt'}")
        if state == "finished" or (limit is not None and training_seconds(run.path) >= limit):
            return run
        args = ["train", "--resume", str(trial.run)]
    parts, spent = len(training_parts(trial.run)), training_seconds(trial.run)

    began: float | None = None

    def over() -> bool:
        """Whether the process has trained for what is left; it takes a while until it trains."""
        nonlocal began
        if limit is None:
            return False
        if began is None and len(training_parts(trial.run)) > parts:
            began = time.monotonic()  # the clock of the log may be set meanwhile
        return began is not None and spent + time.monotonic() - began >= limit

    def tell(news: str) -> None:
        report(f"{trial}: training", news)

    tell("")
    status = follow([*PROGRAM, *args], trial.log, tell, over)
    if status == STOPPED and not over():
        raise GanzooError("the training was interrupted: the same command goes on with it")
    if status not in (0, STOPPED):
        raise GanzooError(last_words(trial.log))
    return Run.open(trial.run)


def _evaluate(trial: Trial, report: Progress) -> Any:
    """What `ganzoo evaluate` prints as JSON."""

    def tell(news: str) -> None:
        report(f"{trial}: evaluating", news)

    tell("")
    with TemporaryFile("w+", encoding="utf-8") as answer:
        status = follow([*PROGRAM, *trial.evaluate], trial.log, tell, stdout=answer)
        if status:
            raise GanzooError(last_words(trial.log))
        answer.seek(0)
        return json.load(answer)
