"""What R3GAN's D sees augmented, and how the probability of it grows."""

import math
from typing import Any

import pytest
import torch
from ganzoo_r3gan.variant import R3GAN, R3GANConfig

from ganzoo import Batch, Dataset, DataSpec, GanzooError, Progress
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

SMALL = {"width": 8, "latent_dim": 4}
PHOTOS = DataSpec.images((3, 32, 32))


def make(**settings: Any) -> R3GAN:
    return R3GAN(equipped(R3GANConfig(**SMALL | settings)), PHOTOS)


@pytest.mark.parametrize(
    ("preset", "given", "end"),
    [("cifar10", None, 0.55), ("ffhq-64", None, 0.3), ("ffhq-256", 0.4, 0.4), ("small", 0.4, 0.4)],
)
def test_the_probability_of_an_augmentation_grows(
    preset: str, given: float | None, end: float
) -> None:
    """The authors' cosine_decay_with_warmup, from 0 to the preset's end."""
    variant = make(augment="ada:target=0", preset=preset, augment_p=given, dials_until=0.5)
    for share in (0.0, 0.1, 0.4, 0.5, 0.9):
        dials = variant.dials(Progress(int(1000 * share), 1000, 0))
        decay = 0.5 * (1 + math.cos(math.pi * min(share / 0.5, 1)))
        assert dials["augmentations.ada.p"] == pytest.approx((1 - decay) * end, abs=1e-12)


def test_a_probability_that_is_given_stays() -> None:
    for augment in ("ada:target=0,p=0.2", "translation", None):
        assert not make(augment=augment, preset="cifar10").growing
    assert not make(augment="ada:target=0").growing
    with pytest.raises(GanzooError, match=r"ada has p=0\.2, and --augment-p 0\.4 would have it gr"):
        make(augment="ada:target=0,p=0.2", augment_p=0.4)
    with pytest.raises(GanzooError, match=r"--augment-p 0\.4 is for an .*: add --augment ada:tar"):
        make(augment="translation", augment_p=0.4)


def play(steps: int) -> Engine:
    data = Dataset.images("ramp", torch.arange(40 * 64).to(torch.uint8).view(40, 1, 8, 8))
    torch.manual_seed(0)
    config = R3GANConfig(**SMALL, augment="ada:target=0,pipe=bgcu,colours=0.5", augment_p=0.8)
    feed = make_feed(data, 4, device=torch.device("cpu"), seed=0)
    engine = Engine(R3GAN(equipped(config), data.spec), feed, 8)
    for step in range(steps):
        engine.step()
        p = engine.variant.get_buffer("augmentations.ada.p")
        assert float(p) == pytest.approx(0.8 * (1 - math.cos(math.pi * step / 8)) / 2)
    return engine


def test_a_resumed_training_goes_on_with_the_same_probabilities() -> None:
    whole, resumed = play(6), play(0)
    half = play(3)
    resumed.load_state({name: value.clone() for name, value in half.state().items()})
    for _ in range(3):
        resumed.step()
    one, two = whole.state(), resumed.state()
    assert float(one["variant.augmentations.ada.p"]) > 0.5
    assert not [name for name in one if not torch.equal(one[name], two[name])]


def test_an_augmentation_that_adapts_to_verdicts_is_refused() -> None:
    with pytest.raises(GanzooError, match=r"--augment ada adapts .*: use ada:target=0,p=0\.3"):
        make(augment="ada")
    variant = make(augment="ada:target=0,p=0.5")
    batch = Batch({"image": torch.randn(3, *PHOTOS.shape)})
    assert variant.discriminator_loss(batch).isfinite()
