"""What a training will take is known before it begins."""

import re
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.cli import TINY, ganzoo, train_tiny
from PIL import Image

from ganzoo.artifacts.places import cache_folder
from ganzoo.bench import forecast as module
from ganzoo.bench import iterations
from ganzoo.bench.forecast import forecast
from ganzoo.bench.iterations import moments
from ganzoo.data.made import glyphs
from ganzoo.engine import machine
from ganzoo.engine.engine import Engine
from ganzoo.engine.machine import free_memory, limited_memory
from ganzoo.errors import GanzooError
from ganzoo.runs import room
from ganzoo.runs.run import Run
from ganzoo.schedules import Stage
from ganzoo.training.start import start
from ganzoo.variant import Phase

README = Path(__file__).parents[2] / "README.md"
GIVEN = dict(zip((flag[2:].replace("-", "_") for flag in TINY[::2]), TINY[1::2], strict=True))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(iterations, "TUNED", 0.0)
    monkeypatch.setattr(iterations, "TIMED", 1)
    monkeypatch.chdir(tmp_path)


def test_the_line_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    (line,) = re.findall(r"^ganzoo (train .*--dry-run) +#", README.read_text(), re.MULTILINE)
    words = line.replace("dcgan --dataset mnist", "vanilla").split()
    done = ganzoo(*words, *TINY, "--steps", 1000, "--evaluate-every", 10)
    assert (done.status, done.err) == (0, "")
    assert re.search(r"duration +\d+ (s|min) for 1,000 steps, \d+ (s|min) of it for eval", done.out)
    assert "evaluations, if the machine stays as busy as it is now\n" in done.out
    assert re.search(r"evaluates +100 evaluations, of about \d+ s each\n", done.out)
    said = re.sub(r"  +", "  ", done.out)
    assert "generator  2,242 parameters" in said or re.search(r"generator  [\d,]+ parameters", said)
    for words in (
        "a step  ",
        "draws  ",
        "memory  ",
        "disk  at most ",
        f"{Path('runs', '00001-vanilla-ring8', 'checkpoints')}: the last 2",
        "says the same of all",
        "where they are measured",
    ):
        assert words in said, words
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("last", ["cost_of_watching", "_draw_grid"])
def test_memory_is_that_of_evaluations_and_grids_too(
    monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """Only steps were counted, and a training took up to twice as much."""
    used, play = [1000], getattr(module, last)

    def grow(*given: Any) -> Any:
        used[0] = 5000
        return play(*given)

    monkeypatch.setattr(module, last, grow)
    for one in (module, iterations):
        monkeypatch.setattr(one, "memory_used", lambda _: used[0])
    assert forecast("vanilla", GIVEN | {"steps": 5, "evaluate_every": 5}).memory == 5000


def test_it_says_what_then_happens(tmp_path: Path) -> None:
    found = forecast("vanilla", GIVEN | {"steps": 5, "mode": "eager"}, tmp_path / "run")
    run = Run.open(train_tiny(tmp_path / "run"))
    said = {place.path: place.size for place in found.places}
    for folder in (run.checkpoints, run.samples):
        size = sum(file.stat().st_size for file in folder.rglob("*.*"))
        assert size / 2 < said[folder] < 4 * size, folder
    assert set(found.parameters) == {"generator", "discriminator"}
    assert found.to_dict()["disk"] == sum(said.values())
    assert 0 < found.seconds < 5
    assert 0 < found.grid_seconds < 5
    assert found.grids == len([*run.samples.glob("*.png")])
    drawing = found.grids * found.grid_seconds
    assert found.hours == pytest.approx((found.seconds * 5 + drawing) / 3600)


@pytest.mark.usefixtures("few_drawn")
def test_each_stage_of_one_that_grows_is_timed_however_long_that_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once only what was met first was timed, and slower stages were taken for as fast."""
    timed = []

    def measure(engine: Any, tuned: float, steps: int, again: Any) -> Any:
        timed.append(engine.variant.stage(engine.now).level.number)
        return SimpleNamespace(seconds=10.0 ** timed[-1])

    monkeypatch.setattr(iterations, "measure_pace", measure)
    monkeypatch.setattr(iterations, "BUDGET", -1.0)
    small = {"width": 4, "wide_to": 4, "latent_dim": 4, "stable": 400, "fading": 1, "few": 64}
    given = {"dataset": "glyphs", "batch_size": 4, "mode": "eager", "steps": 300, **small}
    found = forecast("progan", given)
    assert found.seconds is not None
    assert {0, 1, 2} <= {*timed}
    assert 30 < found.seconds < 50  # a third of the steps take each of 1, 10 and 100 s


def test_what_takes_too_long_to_try_is_guessed_by_few_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Minutes went by without a word, and memory that there was not for the training."""
    given = GIVEN | {"steps": 5, "mode": "eager", "batch_size": 400}
    assert forecast("vanilla", given).sizes_tried == ()

    def measure(*_: object) -> Any:
        raise AssertionError("a whole step is made")

    monkeypatch.setattr(iterations, "PATIENCE", 0.0)
    monkeypatch.setattr(iterations, "measure_pace", measure)
    found = forecast("vanilla", given)
    assert found.sizes_tried == (4,)
    assert found.seconds is not None
    assert found.seconds > 0
    done = ganzoo("train", "vanilla", *TINY, "--batch-size", 400, "--dry-run")
    assert "s, by batches of 4, as a whole one takes too long to try" in done.out
    with pytest.raises(AssertionError):
        forecast("vanilla", given | {"batch_size": 16})


def test_what_a_step_takes_however_few_samples_there_are_is_not_multiplied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newcomer was told two hours of a training of half an hour."""
    taken = [0.4]  # the first sets something up

    def step(engine: Any, names: set[str]) -> float:
        return taken.pop() if taken else 0.1 + 0.01 * engine.feed.batch_size

    monkeypatch.setattr(iterations, "_seconds", step)
    found = forecast("vanilla", GIVEN | {"steps": 5, "mode": "eager", "batch_size": 400})
    assert found.sizes_tried == (4, 32)
    assert found.seconds == pytest.approx(4.1)


def test_photos_that_were_never_decoded_are_not_decoded_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    photos = tmp_path / "photos"
    for number in range(200):
        (photos / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (10, 12), (number, 0, 0)).save(photos / "ab"[number % 2] / f"{number}.png")
    given = {"dataset": "folder", "data_root": str(photos), "image_size": "8"}
    found = forecast("vanilla", given | {"generator_widths": "8", "discriminator_widths": "8"})
    assert found.data == "photos: 180 samples of shape 3x8x8"
    assert "images are not decoded yet: 64 of 180 stand for all" in found.said
    assert not [*cache_folder().glob("images-*")]


@pytest.mark.parametrize(("count", "where"), [(80, "of 64 tried in"), (30, "in")])
def test_it_says_what_becomes_of_photos_that_are_small_and_transparent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, where: str
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for number in range(count):
        photo = Image.new("RGBA", (10, 12), (number, 0, 0, 9))
        photo.save(tmp_path / "photos" / f"{number}.png")
    given = {"dataset": "folder", "data_root": str(tmp_path / "photos"), "image_size": "12"}
    small = {"generator_widths": "8", "discriminator_widths": "8", "batch_size": 4}
    said = "\n".join(forecast("vanilla", given | small).said)
    files = f"{min(count * 9 // 10, 64)} files {where} '{tmp_path / 'photos'}'"
    assert said.count(f"{files} with transparent pixels, which are laid on white") == 1
    assert said.count(f"{files} smaller than 12x12, and enlarged to it") == 1
    said = "\n".join(forecast("vanilla", given | small | {"image_size": "10"}).said)
    assert "enlarged" not in said


def test_glyphs_are_not_all_drawn_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 took longer than all the rest."""
    drawn, write = [], glyphs._write

    def written(pen: Any, n: int, generator: torch.Generator) -> Any:
        drawn.append(n)
        return write(pen, n, generator)

    monkeypatch.setattr(glyphs, "_write", written)
    small = {"generator_widths": "8", "discriminator_widths": "8"}
    for name, shape in (("glyphs", "1x28x28"), ("ink", "3x28x28")):
        found = forecast("vanilla", small | {"dataset": name})
        assert found.data == f"{name}: 60,000 samples of shape {shape}"
    assert sum(drawn) == 2 * 64


def test_of_slow_steps_few_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made, play = [], Engine.step

    def step(engine: Engine) -> Any:
        made.append(engine.iteration)
        return play(engine)

    monkeypatch.setattr(Engine, "step", step)
    monkeypatch.setattr(iterations, "SLOW", 0.0)
    given = GIVEN | {"steps": 5, "mode": "eager", "batch_size": 4}
    assert forecast("vanilla", given).seconds
    assert len(made) == 2


def test_a_machine_that_is_too_small_is_told_what_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(module, "free_memory", lambda *_: 1000)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(1000, 0, 1000))
    done = ganzoo("train", "vanilla", *TINY, "--dry-run")
    assert done.status == 1
    assert "it does not fit into memory: choose a smaller --batch-size" in done.out
    assert "it does not fit on the disk: choose a folder elsewhere with --out" in done.out


def test_a_step_that_does_not_fit_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Any:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(iterations, "measure_pace", fails)
    done = ganzoo("train", "vanilla", *TINY, "--dry-run")
    assert done.status == 1
    assert "too little" in done.out
    assert "or --accumulate 2 or more, or --recompute" in done.out


def test_what_cannot_be_is_refused_as_by_a_training(tmp_path: Path) -> None:
    assert "there is no variant 'vanila'" in ganzoo("train", "vanila", "--dry-run").err
    run = train_tiny(tmp_path / "run")
    done = ganzoo("train", "--resume", run, "--dry-run")
    assert (done.status, "leave out --resume" in done.err) == (2, True)


@pytest.mark.skipif(free_memory() is None, reason="this system does not tell how much is free")
def test_memory_is_an_error_before_the_system_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if torch.cuda.is_available():
        pytest.skip("CUDA maps more than there is")
    monkeypatch.setattr(machine, "free_memory", lambda: 1 << 27)
    with limited_memory(), pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.empty(1 << 31)
    assert torch.empty(1 << 28).numel()  # as before, and never touched


def test_kinds_of_iterations_are_counted_as_they_come() -> None:
    def loss(batch: Any) -> Any:
        raise AssertionError

    phases = {
        "d": Phase("d", loss=loss),
        "penalty": Phase("penalty", "d", loss=loss, every=16),
    }
    variant = SimpleNamespace(
        stage=lambda now: Stage("small", 8) if now.images < 40_000 else Stage("large", 4)
    )
    engine: Any = SimpleNamespace(
        variant=variant,
        phases=phases,
        iterations=10_000,
        feed=SimpleNamespace(batch_size=8),
    )
    kinds = moments(engine)
    assert len(kinds) == 4
    assert sum(kind.share for kind in kinds) == pytest.approx(1)
    small = [kind for kind in kinds if kind.images < 40_000]
    assert sum(kind.share for kind in small) == pytest.approx(0.5, abs=0.02)
    rare = [kind for kind in kinds if kind.iteration % 16 == 0]
    assert sum(kind.share for kind in rare) == pytest.approx(1 / 16, abs=0.01)


def test_a_training_whose_checkpoints_have_no_room_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(1000, 0, 1000))
    with pytest.raises(GanzooError, match=r"checkpoints of this training need .* choose a folder"):
        start("vanilla", {"dataset": "ring8", "steps": 1}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
