"""Contestants in processes of their own, asked one at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ganzoo.bench.speed.spec import Entrant, Game, to_dict
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import PYTHON

PATIENCE = 10.0
"""Seconds that a process may take to end."""


class Unplayable(GanzooError):
    """The game cannot be set up, by whomever."""


class Process:
    """A contestant that runs elsewhere, so that nobody profits from another's settings.

    It has a session of its own: its processor time can be told from that of others, and Ctrl-C
    reaches the parent alone, which ends it.
    """

    def __init__(self, game: Game, entrant: Entrant) -> None:
        """Start it, and wait until its first step is made.

        Raises:
            Unplayable: there is no such game.
            GanzooError: it cannot be set up in another way.
        """
        begin = time.perf_counter()
        self._stderr = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 (closed by `close`)
        self._process = subprocess.Popen(
            [
                *PYTHON,
                "-m",
                "ganzoo.bench.speed.contestant",
                json.dumps(to_dict(game, entrant)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            start_new_session=True,
        )
        try:
            self.about: dict[str, Any] = self._answer()
            self.first: float = self.ask("each", steps=1)[0]
            """Seconds of the first step."""
        except BaseException:
            self.kill()
            raise
        self.startup = time.perf_counter() - begin
        """Seconds from the start of the process to the end of its first step."""

    @property
    def session(self) -> int:
        """Of it and of the processes that it starts."""
        return self._process.pid

    def ask(self, question: str, **arguments: object) -> Any:
        """What a method of `ganzoo.bench.speed.contestant.Contestant` answers.

        Raises:
            GanzooError: it has failed.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # its last words are read instead
            self._process.stdin.write(json.dumps({"ask": question, **arguments}) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._stderr.seek(0)
            words = [line.strip() for line in self._stderr if line.strip()]
            raise GanzooError(words[-1] if words else f"it ended ({self._process.returncode})")
        reply = json.loads(line)
        if "unplayable" in reply:
            raise Unplayable(reply["unplayable"])
        if "error" in reply:
            raise GanzooError(reply["error"])
        return reply["answer"]

    def close(self) -> None:
        """Have it end by itself, or else kill it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End it and the processes that it has started, if they still run."""
        with suppress(ProcessLookupError):
            os.killpg(self.session, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.kill()
