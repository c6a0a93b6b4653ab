"""CoGAN: what is shared and what is not, both its losses, and the pairs that it draws."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_cogan.couples import agreement, couples
from ganzoo_cogan.couples import found as share_found
from ganzoo_cogan.variant import Asked, CoGAN, CoGANConfig
from helpers.cli import ganzoo
from helpers.exams import make_ground
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.data.dataset import Dataset
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import Features
from ganzoo.plugins.equip import equipped

DOMAIN = DataSpec.images((1, 28, 28), 3)
DATA = DataSpec.unpaired(DOMAIN, DOMAIN, "a+b")


def make(**settings: Any) -> CoGAN:
    torch.manual_seed(0)
    return CoGAN(equipped(CoGANConfig(**{"width": 2, "latent_dim": 5} | settings)), DATA)


def batch_of(n: int = 4) -> Batch:
    return Batch({"a": torch.rand(n, 1, 28, 28) * 2 - 1, "b": torch.rand(n, 1, 28, 28) * 2 - 1})


def parameters(*nets: nn.Module) -> set[int]:
    return {id(parameter) for net in nets for parameter in net.parameters()}


def test_generators_share_all_but_the_last_layer_and_discriminators_all_but_the_first() -> None:
    """The same modules, not equal ones: the number of parameters says so too."""
    variant = make()
    g, d = variant.generator, variant.discriminator
    for net, own in ((g, (g.to_a, g.to_b)), (d, (d.from_a, d.from_b))):
        one, other = (parameters(part) for part in own)
        assert len(one) == len(other) > 0
        assert not one & other
        assert not (one | other) & parameters(net.shared)
        assert parameters(net) == one | other | parameters(net.shared)
    convolutions = [
        len([m for m in net.modules() if isinstance(m, nn.ConvTranspose2d)])
        for net in (g.shared, g.to_a, g.to_b)
    ]
    assert convolutions == [2, 1, 1]
    first = [m for m in d.from_a.modules() if isinstance(m, nn.Conv2d)]
    assert [layer.in_channels for layer in first] == [1]
    later = [m for m in d.shared.modules() if isinstance(m, nn.Conv2d)]
    assert all(layer.in_channels > 1 for layer in later)


def test_both_images_of_a_latent_come_of_one_meaning() -> None:
    variant = make().eval()
    z = variant.sample_latent(6)
    meaning = variant.generator.shared(z)
    a, b = variant.generator(z)
    torch.testing.assert_close(a, variant.generator.to_a(meaning))
    torch.testing.assert_close(b, variant.generator.to_b(meaning))
    assert a.shape == b.shape == (6, 1, 28, 28)
    assert not torch.equal(a, b)


def test_what_d_says_of_an_image_depends_on_that_image_alone() -> None:
    variant, batch = make(), batch_of(3)
    a, b = batch.data["a"], batch.data["b"]
    together = variant.discriminator(a, b)
    assert together.shape == (6,)
    for k in range(3):
        alone = variant.discriminator(a[k : k + 1], b[k : k + 1])
        torch.testing.assert_close(alone, together[[k, 3 + k]])


def test_both_losses_by_hand() -> None:
    """As the authors' code: one cross-entropy over the images of both domains."""
    variant, batch = make(), batch_of()
    torch.manual_seed(3)
    loss = variant.discriminator_loss(batch)
    torch.manual_seed(3)
    fakes = variant.generator(variant.sample_latent(4))
    real = variant.discriminator(batch.data["a"], batch.data["b"])
    fake = variant.discriminator(*fakes)
    torch.testing.assert_close(loss, softplus(-real).mean() + softplus(fake).mean())
    torch.manual_seed(3)
    loss = variant.generator_loss(batch)
    torch.manual_seed(3)
    fake = variant.discriminator(*variant.generator(variant.sample_latent(4)))
    torch.testing.assert_close(loss, softplus(-fake).mean())
    assert batch.metrics["real_score"].item() == pytest.approx(real.sigmoid().mean().item())


def test_the_settings_of_the_authors_code() -> None:
    players = CoGAN(equipped(CoGANConfig()), DATA).players()
    assert [*players] == ["discriminator", "generator"]
    for player in players.values():
        optim = player.optim
        assert (optim.lr, optim.betas, optim.weight_decay) == (2e-4, (0.5, 0.999), 5e-4)


def test_samples_are_of_the_domain_that_is_asked_for() -> None:
    variant = make().eval()
    z = variant.sample_latent(3)
    a, b = variant.generator(z)
    assert torch.equal(variant(z), a)
    variant.sampling = Asked(domain="b")
    assert torch.equal(variant(z), b)


def test_the_picture_has_pairs_one_below_the_other() -> None:
    variant = make().eval()
    torch.manual_seed(1)
    shown = variant.gallery({}).images.unflatten(0, (10, 10))
    torch.manual_seed(1)
    a, b = variant.generator(variant.sample_latent(50))
    torch.testing.assert_close(shown[0::2].flatten(0, 1), a)
    torch.testing.assert_close(shown[1::2].flatten(0, 1), b)


class Brightness:
    """A judge to whom an image's class is how bright its first pixel is, in thirds."""

    name, resizing = "brightness", "none"

    def __call__(self, images: Tensor) -> Features:
        label = images[:, 0, 0, 0].long() // 86
        return Features(images.flatten(1).float(), torch.nn.functional.one_hot(label, 3).float())


def test_how_often_couples_agree() -> None:
    a = torch.zeros(9, 1, 2, 2, dtype=torch.uint8)
    a[:, 0, 0, 0] = torch.tensor([0, 0, 0, 100, 100, 100, 200, 200, 200])
    judges = Brightness(), Brightness()
    assert agreement(judges, (a, a)) == 1
    assert agreement(judges, (a, a.roll(1, 0))) == pytest.approx(6 / 9)
    assert agreement(judges, (a, a.roll(3, 0))) == 0


@pytest.mark.parametrize("opposite", [False, True])
def test_own_images_are_found_whatever_their_sign(opposite: bool) -> None:
    a = torch.randint(256, (12, 3, 5, 5), dtype=torch.uint8)
    b = 255 - a if opposite else a
    assert share_found(a, b) == 1
    assert share_found(a, b.roll(1, 0)) == 0
    half = torch.cat((b[:6], b[6:].roll(1, 0)))
    assert share_found(a, half) == 0.5


class Fixed(nn.Module):
    """A generator whose first pixel of both images is that of the latent, or b's its opposite."""

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.sign = sign
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        image = latent.tanh()[:, :1, None, None] * torch.linspace(1, 0.1, 28) + self.weight
        image = image.expand(-1, 1, 28, 28)
        return image, self.sign * image


@pytest.mark.parametrize(("sign", "agree"), [(1, 1.0), (-1, 0.4)])
def test_the_evaluator_compares_what_comes_of_one_latent(sign: int, agree: float) -> None:
    image = torch.randint(256, (40, 1, 28, 28), dtype=torch.uint8)
    domain = Dataset.images("d", image, torch.arange(40) % 3, ("x", "y", "z"))
    data = Dataset.unpaired("a+b", domain, domain)
    variant = make().eval()
    variant.generator = Fixed(sign)
    ground = make_ground(data, data)
    vars(ground)["judges"] = (Brightness(), Brightness())
    exam = Exam(ground, variant)
    assert couples.suits(exam)
    found = {score.name: score.value for score in couples.judge(exam)}
    assert found["couples_agree"] == pytest.approx(agree, abs=0.15)
    assert {*found} == {"couples_agree", "couples_found"}


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers of both domains are pairs."""
    monkeypatch.chdir(tmp_path)
    trained = ganzoo("train", "cogan", "--steps", 2, "--width", 2, "--batch-size", 4, "--out", "r")
    assert trained.status == 0, trained.err
    for domain in "ab":
        drawn = ganzoo("sample", "r", "--n", 3, "--domain", domain, "--out", f"{domain}.npz")
        assert drawn.status == 0, drawn.err
    a, b = (np.load(f"{domain}.npz")["images"] for domain in "ab")
    assert a.shape == b.shape == (3, 28, 28, 3)
    assert (a != b).any()
    wrong = ganzoo("sample", "r", "--n", 3, "--domain", "c", "--out", "c.npz")
    assert wrong.status == 2


def test_data_that_cannot_be_are_refused() -> None:
    small = DataSpec.images((1, 20, 28))
    with pytest.raises(GanzooError, match="cogan needs images of 28 to 128 pixels"):
        CoGAN(equipped(CoGANConfig()), DataSpec.unpaired(small, small, "a+b"))
