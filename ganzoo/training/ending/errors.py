"""How a training ends by an error: its run notes it, and the user is told in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ganzoo.engine.engine import Engine
from ganzoo.errors import GanzooError, shortage, typed
from ganzoo.plugins.ending import ended_by
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Moved, Run
from ganzoo.training.ending.interrupt import Interrupt
from ganzoo.training.journal import Failed


@contextmanager
def noted(run: Run, engine: Engine, interrupt: Interrupt) -> Iterator[None]:
    """The iterations of a training: what they end by is in its log, and in ``run.json``.

    Raises:
        Ended: a plugin would have ended the program.
    """
    try:
        yield
    except Failed:  # which is noted already
        raise
    except Exception as error:
        _note(run, engine, error)
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and interrupt.heard:
            raise
        kept = checkpoint.latest(run.checkpoints)
        ended = ended_by(error, f"the last good checkpoint is {kept}" if kept else "")
        if ended is None:
            raise
        _note(run, engine, error)
        raise ended from error


def _note(run: Run, engine: Engine, error: BaseException) -> None:
    with suppress(OSError):  # the disk may be what failed
        run.log(f"step {engine.iteration}: {error!r}")
        run.close("crashed")


@contextmanager
def explained(run: Run) -> Iterator[None]:
    """A block that writes into a run's folder.

    Raises:
        GanzooError: that cannot be done, or the folder is another one now.
    """
    try:
        yield
    except Moved as error:
        raise GanzooError(
            f"{run.path} is not the folder any more in which this was trained, as it or its file "
            ".lock was moved, removed or replaced: what is saved goes on with --resume and its "
            "name now"
        ) from error
    except OSError as error:
        if shortage(error):
            raise
        kept = checkpoint.latest(run.checkpoints)
        raise GanzooError(
            f"{run.path} cannot be written ({error.strerror or error}): make room there, "
            + (f"then go on with --resume {typed(run.path)}" if kept else "then start again")
        ) from error
