"""The loops to compare with play the engine's game, on the same batches."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.zoo import NAMES, samples_for, smaller
from PIL import Image
from torch import Tensor

from ganzoo.bench.speed import careful, typical
from ganzoo.bench.speed.setting import ITERATIONS, START, Setting, due, set_up
from ganzoo.bench.speed.spec import Game
from ganzoo.config import build, own_settings
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.variant import Phase


def setting_of(name: str, batch_size: int = 4, **settings: Any) -> Setting:
    """A small variant on random digits."""
    registered = registry().variant(name)
    cls, dataset = registered.load(), samples_for(registered.spec)
    chosen = own_settings(cls.Config, cls.recipe(dataset.spec) | smaller(cls) | settings)
    torch.manual_seed(0)
    variant = cls(equipped(build(cls.Config, chosen)), dataset.spec)
    return Setting(variant, dataset, dataset, batch_size)


@pytest.fixture
def _in_double() -> Iterator[None]:
    """Rounding then decides nothing: not the first step of an Adam whose gradient is all noise."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Given:
    """A feed of batches that are given."""

    def __init__(self, batches: list[dict[str, Tensor]]) -> None:
        self.batch_size = len(next(iter(batches[0].values())))
        self.drawn = 0
        self._batches = iter(batches)

    def stage(self, n: int) -> None:
        self.drawn += n

    def draw(self) -> dict[str, Tensor]:
        return next(self._batches)


def double(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.double() if v.is_floating_point() else v for k, v in batch.items()}


@pytest.mark.usefixtures("_in_double")
@pytest.mark.parametrize("name", NAMES)
def test_all_three_loops_play_the_same_game(name: str) -> None:
    steps = 5  # sgan's baseline is due at every fourth
    setting = setting_of(name, pretrain=0.0)  # as no training so long would leave its first stage
    draw = careful.resident_batches(setting)
    batches = [double(draw()) for _ in range(6 * steps)]
    engine_variant, careful_variant, typical_variant = (
        copy.deepcopy(setting.variant) for _ in range(3)
    )
    early = 10**18  # a training so long that no schedule moves yet, not even in the last bit
    engine = Engine(engine_variant, Given(batches), early)
    engine.iteration = START
    loops = {
        "engine": engine.step,
        "careful": careful.careful_loop(careful_variant, iter(batches).__next__),
        "typical": typical.typical_script(typical_variant, iter(batches).__next__),
    }
    for step in loops.values():
        torch.manual_seed(1)
        for _ in range(steps):
            step()
    moved = 0.0
    trained = engine_variant.state_dict()
    for key, before in setting.variant.state_dict().items():
        expected = trained[key]
        moved += float((expected - before).abs().sum())
        for variant in (careful_variant, typical_variant):
            torch.testing.assert_close(variant.state_dict()[key], expected, rtol=1e-5, atol=1e-7)
    assert moved > 0


@pytest.mark.usefixtures("_in_double")
def test_the_careful_loop_keeps_the_engines_moving_average(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = setting_of("dcgan")
    draw = careful.resident_batches(setting)
    batches = [double(draw()) for _ in range(3)]
    engine = Engine(copy.deepcopy(setting.variant), Given(batches), ITERATIONS)
    engine.iteration = START
    players: list[careful._Player] = []
    make = careful._Player.__init__
    monkeypatch.setattr(
        careful._Player,
        "__init__",
        lambda self, *args: (make(self, *args), players.append(self))[0],
    )
    step = careful.careful_loop(copy.deepcopy(setting.variant), iter(batches).__next__)
    for loop in (engine.step, step):
        torch.manual_seed(1)
        for _ in range(3):
            loop()
    learner = engine.learners["generator"]
    expected = [
        t for t in learner.averaged["generator"].state_dict().values() if t.is_floating_point()
    ]
    (kept,) = [player.average for player in players if player.average]
    assert len(kept) == len(expected) > 0
    for ours, theirs in zip(expected, kept, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-7)


def test_the_loops_to_compare_with_take_nothing_from_the_engine() -> None:
    for module in (typical, careful):
        assert module.__file__ is not None
        assert "ganzoo.engine" not in Path(module.__file__).read_text()


def test_due_phases() -> None:
    def loss(batch: object) -> Tensor:
        raise AssertionError

    a = Phase("a", "p", loss, repeat=lambda iteration: iteration + 1)
    b = Phase("b", "p", loss, every=4)
    assert due([a, b], 4) == [(a, 5), (b, 1)]
    assert due([a, b], 5) == [(a, 6)]


@pytest.mark.parametrize("make", [careful.resident_batches, typical.loaders])
def test_batches_are_the_data_with_their_labels(make: Any) -> None:
    setting = setting_of("cgan", batch_size=50)
    draw = make(setting)
    fields = setting.dataset.fields
    known = {
        tuple((image.float() / 127.5 - 1).flatten()[:20].tolist()): int(label)
        for image, label in zip(fields["image"], fields["label"], strict=True)
    }
    keys = torch.tensor([*known])
    seen = []
    for _ in range(4):  # one epoch
        batch = draw()
        assert batch["image"].shape == (50, 1, 28, 28)
        assert batch["image"].dtype == torch.float32
        distances = torch.cdist(batch["image"].flatten(1)[:, :20], keys)
        assert distances.min(1).values.max() < 1e-2
        nearest = distances.argmin(1)
        assert [[*known.values()][i] for i in nearest] == batch["label"].tolist()
        seen += nearest.tolist()
    assert sorted(seen) == [*range(200)]
    assert seen != [*range(200)]


@pytest.mark.parametrize("make", [careful.resident_batches, typical.loaders])
def test_streams_that_are_shorter_than_a_batch_fill_it(make: Any) -> None:
    setting = setting_of("sgan", batch_size=25, labels=10)
    sizes = {name: len(tensor) for name, tensor in make(setting)().items()}
    assert sizes == dict.fromkeys(("image", "label", "unlabelled", "unlabelled_for_generator"), 25)


def test_setting_of_another_size() -> None:
    setting = set_up(Game("dcgan", image_size="32", batch_size=8, settings={"width": "4"}))
    assert setting.source.spec.shape == (1, 28, 28)
    assert setting.dataset.spec.shape == setting.variant.data.shape == (1, 32, 32)
    assert setting.resized == (32, 32)
    assert setting.variant.config.width == 4
    small, large = (s.fields["image"][:100].float() for s in (setting.source, setting.dataset))
    assert large.mean() == pytest.approx(float(small.mean()), rel=0.02)
    assert typical.loaders(setting)()["image"].shape == (8, 1, 32, 32)


def test_setting_of_images_that_are_read_as_the_user_says(tmp_path: Path) -> None:
    for number in range(10):
        Image.new("RGB", (28, 28), (number, 0, 0)).save(tmp_path / f"{number}.png")
    for pixels, channels in ((None, 3), ("gray", 1)):
        game = Game("vanilla", "folder", str(tmp_path), "28", pixels, 8)
        assert set_up(game).dataset.spec.shape == (channels, 28, 28)


def test_setting_of_two_domains_in_its_own_size() -> None:
    setting = set_up(Game("cyclegan", settings={"width": "4", "blocks": "1"}))
    assert setting.resized is None
    batch = typical.loaders(setting)()
    assert batch["a"].shape == batch["b"].shape == (4, 3, 28, 28)
