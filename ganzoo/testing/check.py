"""What a check is: a name, a function that raises, and the sentence that it leaves."""

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered


class Subject(Protocol):
    """What is checked: something that a plugin offers."""

    @property
    def registered(self) -> Registered[Any]:
        """Its spec and its plugin."""


S = TypeVar("S", bound=Subject)


class Failure(Exception):
    """What is wrong with the subject of a check, where, and what to do: one sentence."""


class NotApplicable(Exception):
    """Why a check has nothing to say about its subject, in a few words."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It has nothing to say here."""
    NOT_RUN = "not run"
    """Another one must succeed first."""


@dataclass(frozen=True)
class Check(Generic[S]):
    """One demand."""

    name: str
    """As the user reads it: ``own-parameters``."""
    run: Callable[[S], None]
    """Raises `Failure` or `NotApplicable`; its docstring's first line is the demand."""
    needs: tuple[str, ...] = ()
    """Checks without whose success this one cannot say anything."""

    @property
    def demand(self) -> str:
        """What is demanded, in a line."""
        return (self.run.__doc__ or "").splitlines()[0]


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    check: str
    """The check's name."""
    demand: str
    """What it demands."""
    outcome: Outcome
    """How it ended."""
    message: str = ""
    """Where it failed, what to do; where it was skipped, why; empty where all is well."""


class Checks(Generic[S]):
    """The checks of one kind of subject, in the order in which they are run."""

    def __init__(self) -> None:
        self.all: list[Check[S]] = []

    def check(
        self, name: str, *, needs: tuple[str, ...] = ()
    ) -> Callable[[Callable[[S], None]], Callable[[S], None]]:
        """Decorate a function to make it the next check."""

        def added(run: Callable[[S], None]) -> Callable[[S], None]:
            self.all.append(Check(name, run, needs))
            return run

        return added

    def verdicts(self, subject: S) -> Iterator[Verdict]:
        """Run them one after the other, each as soon as it is asked for."""
        unmet: set[str] = set()
        for check in self.all:
            missing = [name for name in check.needs if name in unmet]
            if missing:
                outcome, message = Outcome.NOT_RUN, f"'{missing[0]}' must succeed first"
            else:
                outcome, message = _run(check, subject)
            if outcome in (Outcome.FAILED, Outcome.NOT_RUN):
                unmet.add(check.name)
            yield Verdict(check.name, check.demand, outcome, message)


def _run(check: Check[S], subject: S) -> tuple[Outcome, str]:
    try:
        check.run(subject)
    except NotApplicable as reason:
        return Outcome.SKIPPED, str(reason)
    except (Failure, GanzooError) as error:
        return Outcome.FAILED, str(error)
    except Exception as error:  # the plugin's code may raise anything
        return Outcome.FAILED, raised(error, subject.registered.spec.target)
    return Outcome.OK, ""


def raised(error: Exception, target: str) -> str:
    """An exception that nobody meant to raise, with the innermost line of the target's package."""
    package = re.split("[.:]", target)[0]
    text = " ".join(str(error).split())
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if package in (*Path(frame.filename).parts, Path(frame.filename).stem)
    ]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}: {text}"
