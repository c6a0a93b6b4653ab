"""What a program does beside ganzoo, in other threads and with torch's defaults."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.training.observer import Observer

SMALL = {
    "dataset": "ring8",
    "generator_widths": (8,),
    "discriminator_widths": (8,),
    "batch_size": 16,
    "steps": 150,
    "checkpoint_every": 50,
    "sample_every": 150,
    "threads": 1,
    "progress": False,
}

pytestmark = pytest.mark.usefixtures("blank")


def weights(run: ganzoo.TrainedRun) -> bytes:
    return (run.run.latest_checkpoint() / "state.safetensors").read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[ganzoo.TrainedRun]:
    """Of two seeds, one after the other."""
    folder = tmp_path_factory.mktemp("alone")
    return [ganzoo.train("vanilla", seed=s, out=folder / str(s), **SMALL) for s in (1, 2)]


def test_trainings_in_threads_are_what_each_is_alone(
    alone: list[ganzoo.TrainedRun], tmp_path: Path
) -> None:
    """Whatever else is drawn and foreseen meanwhile."""

    def train(seed: int) -> ganzoo.TrainedRun:
        return ganzoo.train("vanilla", seed=seed, out=tmp_path / str(seed), **SMALL)

    expected = alone[0].sample(5).array
    with ThreadPoolExecutor(3) as pool:
        trainings = [pool.submit(train, seed) for seed in (1, 2)]
        ganzoo.forecast("vanilla", **{k: v for k, v in SMALL.items() if k != "progress"})
        while not all(training.done() for training in trainings):
            assert (ganzoo.open_run(alone[0].path).sample(5).array == expected).all()
        made = [training.result() for training in trainings]
    assert [weights(run) for run in made] == [weights(run) for run in alone]


def test_one_that_goes_on_in_a_thread_is_what_it_is_alone(
    alone: list[ganzoo.TrainedRun], tmp_path: Path
) -> None:
    class Beside(Observer):
        """Goes on with another training in the middle of this one."""

        def logged(self, record: object) -> None:
            if not begun:
                begun.append(pool.submit(ganzoo.train, resume=stopped.path, **more))

    begun: list[object] = []
    more = {"steps": 150, "progress": False}
    half = SMALL | {"steps": 100}
    stopped = ganzoo.train("vanilla", seed=2, out=tmp_path / "2", **half)
    with ThreadPoolExecutor(1) as pool:
        first = ganzoo.train(
            "vanilla", seed=1, out=tmp_path / "1", observer=Beside(), log_every=10, **SMALL
        )
    assert begun
    assert weights(first) == weights(alone[0])
    assert weights(ganzoo.open_run(stopped.path)) == weights(alone[1])


@pytest.fixture
def defaults() -> Iterator[None]:
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_autocast_enabled("cpu", False)


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: torch.set_default_dtype(torch.float64), "torch.float64"),
        (lambda: torch.set_default_device("meta"), "default device to meta"),
        (lambda: torch.set_autocast_enabled("cpu", True), "within torch.autocast"),
    ],
    ids=["float64", "meta", "autocast"],
)
def test_other_defaults_of_torch_are_refused(
    alone: list[ganzoo.TrainedRun], change: Callable[[], None], words: str, tmp_path: Path
) -> None:
    """Samples would be others, without a word."""
    alone[0].sample(2)
    change()
    for call in (
        lambda: alone[0].sample(2),
        lambda: ganzoo.open_run(alone[0].path).sample(2),
        lambda: ganzoo.train("vanilla", out=tmp_path / "x", **SMALL),
    ):
        with pytest.raises(ganzoo.GanzooError, match=words):
            call()
    assert not [*tmp_path.iterdir()]


def test_a_program_that_wants_no_gradients_trains_all_the_same(
    alone: list[ganzoo.TrainedRun], tmp_path: Path
) -> None:
    with torch.no_grad():
        made = ganzoo.train("vanilla", seed=1, out=tmp_path / "x", **SMALL)
    assert weights(made) == weights(alone[0])
    with torch.inference_mode():
        made = ganzoo.train("vanilla", seed=1, out=tmp_path / "y", **SMALL)
        made.sample(2)
    assert weights(made) == weights(alone[0])
    assert all(not param.is_inference() for param in made.variant.parameters())


class Drawing(Observer):
    """Draws random numbers of torch's own, and changes what it is given."""

    def _draw(self, *told: object) -> None:
        torch.rand(3)
        torch.manual_seed(5)
        for one in told:
            if isinstance(one, dict):
                one.clear()

    started = drawn = measured = evaluating = report = _draw  # type: ignore[assignment]

    def logged(self, record: object) -> None:
        self._draw(vars(record)["metrics"])

    def evaluated(self, record: object) -> None:
        self._draw(vars(record)["values"])


def test_who_watches_may_draw_random_numbers(tmp_path: Path) -> None:
    more = {"log_every": 10, "evaluate_every": 75} | SMALL
    runs = [
        ganzoo.train("vanilla", seed=1, out=tmp_path / name, observer=observer, **more)
        for name, observer in (("alone", Observer()), ("watched", Drawing()))
    ]
    assert weights(runs[0]) == weights(runs[1])
    for run, observer in zip(runs, (Observer(), Drawing()), strict=True):
        ganzoo.train(resume=run, steps=200, lr=1e-4, progress=False, observer=observer)
    assert weights(runs[0]) == weights(runs[1])
    logged = [[{**row, "seconds": 0} for row in run.metrics] for run in runs]
    assert [row.keys() for row in logged[0]] == [row.keys() for row in logged[1]]


def test_who_reads_of_stages_and_few_samples_may_draw_too(tmp_path: Path) -> None:
    """A stage begins at a step at which nothing is logged."""
    more: dict[str, Any] = {
        "dataset": "glyphs",
        "few": 60,
        "batch_size": 8,
        "width": 4,
        "steps": 14,
    }
    more |= {"stable": 24, "fading": 16, "log_every": 100, "threads": 1, "progress": False}
    runs = [
        ganzoo.train("progan", out=tmp_path / name, observer=observer, **more)
        for name, observer in (("alone", Observer()), ("watched", Drawing()))
    ]
    assert weights(runs[0]) == weights(runs[1])
