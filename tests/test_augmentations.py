"""What D sees of augmented samples."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Adversarial, AdversarialConfig, Dataset, DataSpec, GanzooError
from ganzoo.augmentations import Translation
from ganzoo.config import build
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.networks import Discriminator, Generator
from ganzoo.plugins.equip import equipped
from ganzoo.regularisers import R1

CPU = torch.device("cpu")


def moved(image: Tensor, down: int, right: int) -> Tensor:
    """By slices: the image moved, and 0 where nothing is."""
    out = torch.zeros_like(image)
    height, width = image.shape[-2:]
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                out[..., y, x] = image[..., y - down, x - right]
    return out


def test_translation_moves_each_image_by_its_own_draw() -> None:
    image = torch.rand(3, 8, 16) + 0.1
    torch.manual_seed(0)
    out = Translation(Translation.Config(ratio=0.125))(image.expand(400, 3, 8, 16))
    expected = {
        (down, right): moved(image, down, right) for down in (-1, 0, 1) for right in range(-2, 3)
    }
    counts = dict.fromkeys(expected, 0)
    for one in out:
        (found,) = [shift for shift, value in expected.items() if torch.equal(one, value)]
        counts[found] += 1
    assert min(counts.values()) > 10  # of 400 in 15 places


def test_translation_by_nothing_is_the_image() -> None:
    image = torch.rand(4, 1, 6, 6)
    assert torch.equal(Translation(Translation.Config(ratio=0.0))(image), image)


def test_gradients_reach_what_is_still_seen() -> None:
    image = torch.rand(50, 1, 8, 8, requires_grad=True)
    Translation(Translation.Config())(image).sum().backward()
    assert image.grad is not None
    assert set(image.grad.unique().tolist()) == {0.0, 1.0}
    assert image.grad.flatten(1).any(1).all()


class Pixels(Generator):
    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(latent)
        return out


class Seen(Discriminator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
        self.seen: list[Tensor] = []

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        self.seen.append(image.detach())
        out: Tensor = self.net(image)
        return out


class Game(Adversarial):
    discriminator: Seen

    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.discriminator = Pixels(data), Seen()


def make_game(data: DataSpec, **settings: Any) -> Game:
    torch.manual_seed(3)
    return Game(equipped(build(AdversarialConfig, {"latent_dim": 4, **settings})), data)


def white(n: int = 40) -> Dataset:
    return Dataset.images("white", torch.full((n, 1, 8, 8), 255, dtype=torch.uint8))


def test_d_sees_augmented_samples_in_its_steps_and_in_g_s() -> None:
    data = white()
    game = make_game(data.spec, augment="translation:ratio=0.25")
    engine = Engine(game, make_feed(data, 20, device=CPU, seed=0), 10)
    engine.step()
    in_g_step, real, fake = game.discriminator.seen
    for seen in (in_g_step, real, fake):
        uncovered = (seen == 0).flatten(1).any(1)
        assert 0 < uncovered.sum() <= 20
    assert set(real.unique().tolist()) == {0.0, 1.0}


def test_a_penalty_is_taken_through_the_augmentation() -> None:
    """With respect to the image as it is: what is moved out of sight has no gradient."""
    data = white().spec
    game = make_game(data, augment="translation:ratio=0.5")
    weight = game.discriminator.net[1].weight.view(8, 8)
    image = torch.rand(30, 1, 8, 8)
    torch.manual_seed(1)
    penalty = R1(R1.Config())(lambda x: game.judge(x, None), image, image)
    torch.manual_seed(1)
    seen = Translation(Translation.Config(ratio=0.5))(torch.ones(30, 1, 8, 8))
    expected = (seen[:, 0] * weight).square().sum((1, 2)).mean()
    torch.testing.assert_close(penalty, expected)
    assert penalty < weight.square().sum()


def test_an_augmentation_that_does_not_suit_the_data_is_refused() -> None:
    with pytest.raises(
        GanzooError, match="--augment translation moves images, and 'ring' has none"
    ):
        make_game(DataSpec.points(2, name="ring"), augment="translation")
