"""What WGAN and WGAN-GP have in common: the game, the networks, the data."""

from pathlib import Path

import pytest
import torch
from ganzoo_wgan.game import Wasserstein
from ganzoo_wgan.wgan import WGAN, WGANConfig
from ganzoo_wgan.wgan_gp import WGANGP, WGANGPConfig
from helpers.cli import ganzoo
from helpers.initial import assert_of_dcgan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm
from torch import Tensor, nn

from ganzoo import Batch, Dataset, DataSpec, GanzooError
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.runs.run import Run

CPU = torch.device("cpu")
SIDES = st.integers(28, 128)
BOTH = pytest.mark.parametrize("cls", [WGAN, WGANGP])


def make(cls: type[Wasserstein], *shape: int, **settings: float) -> Wasserstein:
    torch.manual_seed(0)
    settings = {"width": 4, "latent_dim": 3} | settings
    return cls(cls.Config(**settings), DataSpec.of_shape(shape))


def play(variant: Wasserstein, batch_size: int = 8) -> Engine:
    """An engine on noise, in which every sample is another."""
    shape = variant.data.shape
    noise = torch.randn(4096, *shape, generator=torch.Generator().manual_seed(0))
    feed = make_feed(Dataset.of("noise", noise), batch_size, device=CPU, seed=0)
    return Engine(variant, feed, 10)


class Sum(nn.Module):
    """f(x), the sum of a sample times `slope`, and a constant."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, image: Tensor) -> Tensor:
        return self.slope * image.flatten(1).sum(1) + 7


class Constant(nn.Module):
    """G(z) of two given points, whatever z is."""

    def __init__(self, *points: tuple[float, float]) -> None:
        super().__init__()
        self.points = nn.Parameter(torch.tensor(points))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.points + 0 * latent.sum()


@BOTH
def test_the_losses_of_a_critic_and_samples_that_are_known(cls: type[Wasserstein]) -> None:
    """Means of f, no probabilities: 7 + 0.5 * 12 on the data, 7 + 0.5 * 5 on the samples."""
    variant = make(cls, 2, **({"penalty": 0} if cls is WGANGP else {}))
    variant.critic = Sum(0.5)  # type: ignore[assignment]
    variant.generator = Constant((1.0, 2.0), (3.0, 4.0))  # type: ignore[assignment]
    batch = Batch({"image": torch.tensor([[5.0, 6.0], [6.0, 7.0]])})
    assert variant.critic_loss(batch).item() == pytest.approx(-(13 - 9.5))
    assert batch.metrics["wasserstein"].item() == pytest.approx(13 - 9.5)
    assert variant.generator_loss(batch).item() == pytest.approx(-9.5)


@BOTH
def test_g_climbs_the_critic(cls: type[Wasserstein]) -> None:
    variant = make(cls, 2)
    variant.critic = Sum(1.0)  # type: ignore[assignment]
    latent = variant.sample_latent(50)
    learner = play(variant).learners["generator"]
    before = variant(latent).sum().item()
    for _ in range(5):
        batch = Batch({"image": torch.zeros(8, 2)})
        learner.update(torch.autograd.grad(variant.generator_loss(batch), learner.params))
    assert variant(latent).sum().item() > before


@BOTH
def test_a_metric_is_logged_for_the_distance(cls: type[Wasserstein]) -> None:
    variant = make(cls, 2)
    metrics = play(variant).step()
    expected = {"critic_loss", "generator_loss", "wasserstein"}
    assert metrics.keys() == expected | ({"gradient_penalty"} if cls is WGANGP else set())
    constraint = 10 * metrics["gradient_penalty"] if cls is WGANGP else 0
    torch.testing.assert_close(metrics["critic_loss"], constraint - metrics["wasserstein"])


@BOTH
def test_every_update_has_latents_and_data_of_its_own(cls: type[Wasserstein]) -> None:
    """n_critic updates of f and one of G an iteration, with G's latents drawn anew for its own."""
    variant = make(cls, 2)
    engine = play(variant)
    engine.iteration = 30  # after WGAN's first iterations, which are longer
    latents: list[Tensor] = []
    variant.generator.register_forward_pre_hook(lambda m, inputs: latents.append(inputs[0]))
    engine.step()
    engine.step()
    assert len({z.numpy().tobytes() for z in latents}) == len(latents) == 2 * (5 + 1)
    assert engine.feed.drawn == 2 * 5


@BOTH
def test_g_moves_after_every_n_critic_updates(cls: type[Wasserstein]) -> None:
    """And not after the first of them."""
    variant = make(cls, 2, n_critic=3)
    engine = play(variant)
    engine.iteration = 30
    order: list[str] = []
    for name, learner in engine.learners.items():
        learner.optimizer.register_step_post_hook(lambda *_, name=name: order.append(name))
    engine.step()
    engine.step()
    assert order == ["critic", "critic", "critic", "generator"] * 2


@BOTH
def test_no_gradient_reaches_g_when_the_critic_learns(cls: type[Wasserstein]) -> None:
    """Neither a gradient nor the time to compute one: the fakes know nothing of G."""
    variant = make(cls, 1, 28, 28)
    fakes: list[Tensor] = []
    variant.generator.register_forward_hook(lambda m, i, out: fakes.append(out))
    batch = Batch({"image": torch.randn(4, 1, 28, 28)})
    variant.critic_loss(batch).backward()
    assert [fake.requires_grad for fake in fakes] == [False]
    assert all(param.grad is None for param in variant.generator.parameters())
    assert any(param.grad.any() for param in variant.critic.parameters() if param.grad is not None)
    variant.generator_loss(batch)
    assert fakes[1].requires_grad


@BOTH
def test_latents_are_normal(cls: type[Wasserstein]) -> None:
    latent = make(cls, 2, latent_dim=50).sample_latent(400)
    assert latent.shape == (400, 50)
    assert kstest(latent.flatten().numpy(), norm(0, 1).cdf).pvalue > 1e-4


@BOTH
def test_networks_for_images_start_from_weights_of_002(cls: type[Wasserstein]) -> None:
    variant = make(cls, 1, 28, 28, **({"clip": 1.0} if cls is WGAN else {}))
    assert assert_of_dcgan(variant) == 8


@BOTH
@torch.no_grad()
def test_networks_for_points_end_in_a_linear_layer(cls: type[Wasserstein]) -> None:
    """A LeakyReLU behind it would make -1 of a value of -5."""
    variant = make(cls, 2, width=8, **({"clip": 10.0} if cls is WGAN else {}))
    for net, inputs in ((variant.critic, 2), (variant.generator, 3)):
        last = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][-1]
        last.weight.zero_()
        last.bias.fill_(-5)
        assert (net(torch.rand(4, inputs)) == -5).all()


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([WGAN, WGANGP]), st.integers(1, 4), SIDES, SIDES)
def test_every_shape_from_28_to_128(
    cls: type[Wasserstein], channels: int, height: int, width: int
) -> None:
    variant = make(cls, channels, height, width, width=2)
    images = variant(variant.sample_latent(2))
    assert images.shape == (2, channels, height, width)
    assert images.abs().max() <= 1
    loss = variant.critic_loss(Batch({"image": images.detach()}))
    assert loss.shape == ()
    assert loss.isfinite()


@BOTH
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_points_of_any_dimension(cls: type[Wasserstein], dimensions: int) -> None:
    variant = make(cls, dimensions)
    assert variant(variant.sample_latent(7)).shape == (7, dimensions)
    metrics = play(variant).step()
    assert all(value.isfinite() for value in metrics.values())


@BOTH
@pytest.mark.parametrize("shape", [(1, 27, 28), (3, 129, 64)])
def test_other_sizes_are_refused_with_advice(
    cls: type[Wasserstein], shape: tuple[int, ...]
) -> None:
    name = {WGAN: "wgan", WGANGP: "wgan-gp"}[cls]
    with pytest.raises(GanzooError, match=rf"^{name} needs images of 28 .*try --image-size 64"):
        make(cls, *shape)


@pytest.mark.parametrize(("name", "dataset"), [("wgan", "ring8"), ("wgan-gp", "grid25")])
def test_a_run_on_points(name: str, dataset: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    given = ("--dataset", dataset, "--steps", 2, "--log-every", 1, "--width", 4, "--out", out)
    result = ganzoo("train", name, *given)
    assert result.status == 0, result.err
    records = [record for record in Run.open(out).metrics() if "wasserstein" in record]
    assert [record["step"] for record in records] == [1, 2]
    assert (out / "curves.png").exists()
    sampled = ganzoo("sample", out, "--n", 20, "--out", tmp_path / "samples.npz")
    assert sampled.status == 0, sampled.err


@pytest.mark.parametrize(
    ("name", "flag", "value"),
    [
        ("wgan", "--clip", "0"),
        ("wgan", "--n-critic", "0"),
        ("wgan", "--penalty", "10"),
        ("wgan-gp", "--penalty", "-1"),
        ("wgan-gp", "--clip", "0.01"),
    ],
)
def test_settings_without_sense_are_refused(
    name: str, flag: str, value: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    result = ganzoo("train", name, "--dataset", "ring8", "--out", out, flag, value)
    assert result.status == 2
    assert flag in result.err
    assert "Traceback" not in result.err
    assert not out.exists()


def test_defaults_are_the_papers() -> None:
    wgan, gp = WGANConfig(), WGANGPConfig()
    assert (wgan.lr, wgan.clip, wgan.n_critic, wgan.latent_dim) == (5e-5, 0.01, 5, 100)
    assert (gp.lr, gp.penalty, gp.n_critic, gp.latent_dim) == (1e-4, 10, 5, 128)
