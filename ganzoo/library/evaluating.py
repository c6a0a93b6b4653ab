"""How good a run is, as a program reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.engine.cpu.threads import leave_busy_cores
from ganzoo.errors import GanzooError, counted
from ganzoo.library.asked import SEEDS, listener, names, whole
from ganzoo.library.writing import check_room, held
from ganzoo.metrics.evaluate import Evaluation, Wish, evaluate_run
from ganzoo.metrics.meaning import Found, in_words
from ganzoo.metrics.picture import draw_nearest
from ganzoo.runs.evaluations import FOLDER, name_of, store
from ganzoo.runs.load import Loaded
from ganzoo.runs.record import data_spec, read_record
from ganzoo.runs.run import Run


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Scores, and the protocol by which alone they can be compared with others."""

    record: dict[str, Any]
    """As it is kept in the run."""
    found: Evaluation
    remark: str = ""
    """What the user should know besides; empty: nothing."""

    @property
    def protocol(self) -> str:
        """How the scores were obtained, in a line."""
        return self.found.report.protocol

    @property
    def scores(self) -> list[dict[str, Any]]:
        """A row a score, which ``pandas.DataFrame`` takes as it is."""
        return [
            {
                "name": score.name,
                "value": score.value,
                "real": score.real,
                "better": score.better,
                "meaning": score.meaning,
            }
            for score in self.found.report.scores
        ]

    @property
    def words(self) -> list[str]:
        """What the scores mean together, a line, and then why some of them deceive."""
        return in_words(Found.of(self.record))

    def __getitem__(self, name: str) -> float:
        """The value of a score.

        Raises:
            KeyError: it was not measured.
        """
        return {score.name: score.value for score in self.found.report.scores}[name]

    def __repr__(self) -> str:
        told = ", ".join(f"{row['name']} {row['value']:.4g}" for row in self.scores)
        return f"<{told}; {self.protocol}>"


def evaluate(
    run: Run,
    loaded: Loaded,
    *,
    n: int | None,
    metrics: Sequence[str],
    features: str,
    seed: int,
    data_root: Path | None,
    report: Callable[[str], None],
) -> Evaluated:
    """Measure a run, and keep in its folder what was found: see `TrainedRun.evaluate`."""
    listener(report)
    seed = whole("seed", seed, most=SEEDS)
    if n is not None:
        n = whole("n", n, 2)
        needed = held(data_spec(run.settings).sample, n)
        check_room(counted(n, "sample"), needed, fewer="choose a smaller --n")
    device = loaded.variant.device
    wish = Wish(device, names("metrics", metrics), features, seed, report)
    leave_busy_cores(device)
    path, step = run.path, loaded.step
    found = evaluate_run(run, loaded.variant, wish, n, data_root)
    record = {"run": str(path), "step": step, **found.report.to_dict()}
    try:
        if read_record(path).get("fingerprint") != run.settings.get("fingerprint"):
            raise GanzooError(f"{path} is another run now")
        record = store(path, step, found.report.to_dict())
        if found.images is not None:
            picture = path / FOLDER / f"{name_of(step, record['protocol'])}-nearest.png"
            draw_nearest(found.images, picture)
            record["picture"] = str(picture)
    except OSError as error:  # no reason to keep from the user what took a minute to find out
        return Evaluated(record, found, _unkept(path, error.strerror or str(error)))
    except GanzooError as error:
        return Evaluated(record, found, f"the evaluation cannot be kept: {error}")
    return Evaluated(record, found)


def _unkept(path: Path, reason: str) -> str:
    return f"the evaluation cannot be kept in {path} ({reason})"
