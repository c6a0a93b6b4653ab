"""InfoGAN: the bound in closed form, who learns from it, and the mistakes of others."""

import math
from typing import Any

import pytest
import torch
from ganzoo_infogan.bound import categorical_bound, continuous_bound
from ganzoo_infogan.codes import Asked
from ganzoo_infogan.variant import InfoGAN, InfoGANConfig
from scipy.stats import norm
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ganzoo import Batch, Dataset, DataSpec, GanzooError
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine

DIGITS = DataSpec.images((1, 28, 28), 10, "digits")
LN_10 = 2.302585
Q_NETS, G_NETS = ("trunk", "recognition"), ("generator",)


def make(data: DataSpec = DIGITS, **settings: Any) -> InfoGAN:
    torch.manual_seed(0)
    return InfoGAN(InfoGANConfig(**{"width": 4, "latent_dim": 5} | settings), data)


def noise(n: int = 32) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)
    return Dataset.of("noise", images, torch.arange(n) % 10, tuple("0123456789"))


def batch_of(n: int = 8) -> Batch:
    return Batch({"image": torch.rand(n, 1, 28, 28) * 2 - 1})


class Knowing(nn.Module):
    """A Q that is told the codes of the latents drawn last, and says them, times a number."""

    def __init__(self, variant: InfoGAN, sure: float) -> None:
        super().__init__()
        self.sure, self.latent = sure, torch.empty(0)
        draw = variant.sample_latent

        def remember(n: int) -> Tensor:
            self.latent = draw(n)
            return self.latent

        variant.sample_latent = remember  # type: ignore[method-assign]
        variant.recognition = self  # type: ignore[assignment]
        self.latents = variant.latents

    def forward(self, features: Tensor) -> Tensor:
        code = self.latents.code(self.latent)
        return torch.cat((self.sure * code.c1, (self.sure > 0) * code.continuous), 1)


# ------------------------------------------------------------------------------------- the bound


def test_the_bound_of_a_perfect_q_is_the_entropy_of_the_code() -> None:
    """ln 10; a softmax before the cross-entropy could not get above 0.84."""
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(50 * c1, c1).item() == pytest.approx(LN_10, abs=1e-6)
    assert math.log(10) == pytest.approx(LN_10, abs=1e-6)


def test_the_bound_of_an_ignorant_q_is_0() -> None:
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(torch.full((10, 10), 3.0), c1).item() == pytest.approx(0, abs=1e-6)


def test_the_bound_of_a_q_that_errs_is_below_0_and_never_above_the_entropy() -> None:
    torch.manual_seed(0)
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(5 * c1.roll(1, 0), c1) < 0
    for _ in range(20):
        assert categorical_bound(9 * torch.randn(10, 10), c1) <= LN_10


@pytest.mark.parametrize("std", [1.0, 0.3])
def test_the_gaussian_part_is_its_log_likelihood(std: float) -> None:
    torch.manual_seed(0)
    mean, c = torch.randn(6, 2).double(), torch.rand(6, 2).double() * 2 - 1
    log_std = torch.full((6, 2), math.log(std), dtype=torch.float64)
    expected = norm(mean.numpy(), std).logpdf(c.numpy()).sum(1).mean() + 2 * math.log(2)
    assert continuous_bound(mean, log_std, c).item() == pytest.approx(expected, rel=1e-12)


def test_the_gaussian_part_in_closed_form() -> None:
    """-(c - μ)²/2 - ln(2π)/2 + ln 2 for a std of 1: at most ln 2 - 0.9189, in the perfect case."""
    c, sure = torch.tensor([[0.5], [-1.0]]), torch.zeros(2, 1)
    perfect = math.log(2) - math.log(2 * math.pi) / 2
    assert continuous_bound(c, sure, c).item() == pytest.approx(perfect)
    assert perfect == pytest.approx(-0.22579, abs=1e-5)
    off = continuous_bound(c + 3, sure, c).item()
    assert off == pytest.approx(perfect - 9 / 2)


def test_both_players_minimise_the_bound_with_one_weight_for_both_kinds_of_code() -> None:
    """Others give the continuous codes a tenth of it, and take squares for log-likelihoods."""
    losses: dict[float, tuple[float, float]] = {}
    for weight in (0.0, 1.0, 3.0):
        variant, batch = make(info_weight=weight), batch_of()
        Knowing(variant, sure=50)
        torch.manual_seed(1)
        losses[weight] = (
            variant.discriminator_loss(batch).item(),
            variant.generator_loss(batch).item(),
        )
        assert batch.metrics["categorical_bound"].item() == pytest.approx(LN_10, abs=1e-5)
        assert batch.metrics["continuous_bound"].item() == pytest.approx(2 * -0.22579, abs=1e-4)
    bound = LN_10 - 2 * 0.22579
    for player in range(2):
        for weight in (1.0, 3.0):
            less = losses[0.0][player] - losses[weight][player]
            assert less == pytest.approx(weight * bound, abs=1e-4)


def test_where_nothing_is_known_the_losses_are_those_of_a_gan() -> None:
    variant, batch = make(continuous=0), batch_of()
    Knowing(variant, sure=0)
    nn.init.zeros_(variant.discriminator[0].weight)
    assert variant.discriminator_loss(batch).item() == pytest.approx(2 * math.log(2))
    assert variant.generator_loss(batch).item() == pytest.approx(math.log(2))
    assert batch.metrics["real_score"].item() == batch.metrics["fake_score"].item() == 0.5
    assert "continuous_bound" not in batch.metrics


def test_a_learned_std_is_that_of_q() -> None:
    """Half the exponent of a variance: the last outputs of Q."""
    variant = make(learn_std=True)
    torch.nn.init.zeros_(variant.recognition[-1].weight)
    with torch.no_grad():
        variant.recognition[-1].bias.copy_(torch.arange(14.0))
    told, log_std = variant.recognise(torch.randn(3, 64))
    assert told.c1[0].tolist() == [*range(10)]
    assert told.continuous[0].tolist() == [10, 11]
    assert log_std[0].tolist() == [6, 6.5]
    _, fixed = make().recognise(torch.randn(3, 64))
    assert not fixed.any()


# ------------------------------------------------------------------------------- who learns what


def gradients(variant: InfoGAN, loss: Tensor, *nets: str) -> list[Tensor | None]:
    params = [param for net in nets for param in variant.get_submodule(net).parameters()]
    return [*torch.autograd.grad(loss, params, allow_unused=True)]


def only_the_bound(variant: InfoGAN) -> None:
    """D says the same of everything, so that all gradients are those of L_I."""
    nn.init.zeros_(variant.discriminator[0].weight)


@pytest.mark.parametrize("code", ["c1", "continuous"])
def test_g_learns_from_what_q_tells(code: str) -> None:
    """A Q that is read without a gradient leaves G a GAN's."""
    variant = make()
    only_the_bound(variant)
    with torch.no_grad():  # Q's other outputs are constants
        rows = slice(10, None) if code == "c1" else slice(10)
        variant.recognition[-1].weight[rows] = 0
    found = gradients(variant, variant.generator_loss(batch_of()), *G_NETS)
    assert sum(grad.abs().sum() for grad in found if grad is not None) > 1e-4


def test_q_and_what_it_shares_with_d_learn_in_the_step_of_d() -> None:
    variant = make()
    only_the_bound(variant)
    found = gradients(variant, variant.discriminator_loss(batch_of()), *Q_NETS)
    assert all(grad is not None for grad in found)
    assert sum(grad.abs().sum() for grad in found if grad is not None) > 1e-3


def test_d_and_q_have_one_optimizer_and_g_another_with_the_rates_of_the_authors() -> None:
    players = make().players()
    assert {name: (player.nets, player.optim.lr) for name, player in players.items()} == {  # type: ignore[union-attr]
        "discriminator": (("trunk", "discriminator", "recognition"), 2e-4),
        "generator": ((), 1e-3),
    }
    assert {player.optim.betas for player in players.values()} == {(0.5, 0.999)}  # type: ignore[union-attr]
    assert [phase.player for phase in make().phases()] == ["discriminator", "generator"]


def test_training_is_the_loop_that_one_would_write_by_hand() -> None:
    """The authors': D and Q by one Adam, then G by another, and each with latents of its own."""
    by_hand = make().train()
    g, t, d, q = by_hand.generator, by_hand.trunk, by_hand.discriminator, by_hand.recognition
    d_optim = torch.optim.Adam(
        [*t.parameters(), *d.parameters(), *q.parameters()], 2e-4, (0.5, 0.999), fused=True
    )
    g_optim = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999), fused=True)
    feed = make_feed(noise(), 8, device=torch.device("cpu"), seed=0)

    def information(latent: Tensor, features: Tensor) -> Tensor:
        told, c1, rest = q(features), latent[:, 5:15], latent[:, 15:]
        of_c1 = math.log(10) + (told[:, :10].log_softmax(1) * c1).sum(1)
        of_rest = math.log(2) - (rest - told[:, 10:]) ** 2 / 2 - math.log(2 * math.pi) / 2
        return (of_c1 + of_rest.sum(1)).mean()

    torch.manual_seed(1)
    for _ in range(4):
        x = feed.draw()["image"]
        latent = by_hand.sample_latent(8)
        on_fake = t(g(latent).detach())
        d_loss = softplus(-d(t(x))).mean() + softplus(d(on_fake)).mean()
        d_loss = d_loss - information(latent, on_fake)
        by_hand.zero_grad()
        d_loss.backward()
        d_optim.step()
        latent = by_hand.sample_latent(8)
        on_fake = t(g(latent))
        g_loss = softplus(-d(on_fake)).mean() - information(latent, on_fake)
        by_hand.zero_grad()
        g_loss.backward()
        g_optim.step()

    played = make()
    engine = Engine(played, make_feed(noise(), 8, device=torch.device("cpu"), seed=0), 10)
    torch.manual_seed(1)
    for _ in range(4):
        metrics = engine.step()
    assert metrics["discriminator_loss"].item() == pytest.approx(d_loss.item(), rel=1e-4)
    assert metrics["generator_loss"].item() == pytest.approx(g_loss.item(), rel=1e-4)
    for (name, mine), theirs in zip(played.named_parameters(), by_hand.parameters(), strict=True):
        # Where the exact gradient is 0, as that of a bias before BatchNorm, Adam follows rounding.
        assert (mine - theirs).abs().quantile(0.9) < 1e-5 or name.endswith("bias"), name


# -------------------------------------------------------------------------- latents and sampling


def test_latents_are_noise_a_category_and_continuous_codes() -> None:
    variant = make(latent_dim=62)
    latent = variant.sample_latent(4000)
    assert latent.shape == (4000, 74)
    z, c = latent[:, :62], variant.latents.code(latent)
    assert c.c1.sum(1).unique().tolist() == [1]
    assert c.c1.mean(0).numpy() == pytest.approx(0.1, abs=0.02)
    for uniform in (z, c.continuous):
        assert -1 <= uniform.min() < -0.99
        assert 0.99 < uniform.max() <= 1
        assert uniform.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.02)


def test_samples_have_the_codes_that_are_asked_for() -> None:
    variant = make()
    torch.manual_seed(3)
    free = variant.sample_latent(50)
    variant.sampling = Asked(c1=7, c3=-1.5)
    torch.manual_seed(3)
    asked = variant.sample_latent(50)
    code = variant.latents.code(asked)
    assert code.c1.argmax(1).unique().tolist() == [7]
    assert code.continuous[:, 1].unique().tolist() == [-1.5]
    assert torch.equal(code.continuous[:, 0], variant.latents.code(free).continuous[:, 0])
    assert torch.equal(asked[:, :5], free[:, :5])


@pytest.mark.parametrize(
    ("asked", "settings", "message"),
    [
        (Asked(c1=10), {}, "--c1 must be 0 to 9 for this run, not 10"),
        (Asked(c3=0.0), {"continuous": 1}, "--c3 asks .* --continuous 1: leave it out"),
    ],
)
def test_codes_that_are_not_there_are_refused(
    asked: Asked, settings: dict[str, Any], message: str
) -> None:
    variant = make(**settings)
    variant.sampling = asked
    with pytest.raises(GanzooError, match=message):
        variant.sample_latent(3)


@pytest.mark.parametrize(("categories", "rows"), [(3, 3), (10, 10), (21, 20)])
def test_a_picture_has_a_category_in_each_row_and_continuous_codes_along_others(
    categories: int, rows: int
) -> None:
    variant = make(categories=categories).eval()
    seen: list[Tensor] = []
    variant.generator.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with torch.no_grad():
        shown = variant.gallery({})
    assert f"c1 = 0 to {rows - 1}, a row each" in shown.caption
    assert shown.images.shape == (10 * rows + 100, 1, 28, 28)
    (latent,) = seen
    first, varied = latent[: 10 * rows].unflatten(0, (rows, 10)), latent[10 * rows :]
    for row in range(rows):
        code = variant.latents.code(first[row])
        assert code.c1.argmax(1).unique().tolist() == [row]
        assert torch.equal(first[row, :, :5], first[0, :, :5])
        assert torch.equal(code.continuous, variant.latents.code(first[0]).continuous)
    for index, rest in enumerate(varied.unflatten(0, (2, 5, 10))):
        column = latent.shape[1] - 2 + index
        assert rest[..., column].numpy() == pytest.approx(
            torch.linspace(-2, 2, 10).expand(5, 10).numpy()
        )
        others = [i for i in range(latent.shape[1]) if i != column]
        assert torch.equal(rest[..., others], rest[:, :1, others].expand(-1, 10, -1))


# --------------------------------------------------------------------------------- the classifier


def test_agreement_is_that_of_the_best_matching_of_codes_and_classes() -> None:
    variant, test = make().eval(), noise(50)

    class Permuted(nn.Module):
        """Says (3 y + 1) mod 10 of an image of class y, and of every tenth image something else."""

        seen = 0

        def forward(self, features: Tensor) -> Tensor:
            place = torch.arange(self.seen, self.seen + len(features))
            self.seen += len(features)
            code = (3 * (place % 10) + 1 + (place % 10 == 9) * (place // 10)) % 10
            return torch.cat((one_hot(code, 10).float(), torch.zeros(len(features), 2)), 1)

    variant.recognition = Permuted()  # type: ignore[assignment]
    with torch.no_grad():
        measured = variant.measure(test)
    assert measured == {"agreement": pytest.approx(46 / 50)}


def test_without_labels_nothing_is_measured() -> None:
    data = Dataset.of("photos", torch.zeros(20, 1, 28, 28, dtype=torch.uint8))
    assert make(DataSpec.images((1, 28, 28))).measure(data) == {}


def test_each_setting_reaches_what_it_names() -> None:
    def described(**config: Any) -> str:
        torch.manual_seed(0)
        variant = InfoGAN(InfoGANConfig(**config), DIGITS)
        torch.manual_seed(1)
        loss = variant.generator_loss(batch_of()).item()
        sizes = [tuple(p.shape) for p in variant.parameters()]
        return repr((variant.players(), loss, sizes))

    other = {
        "categories": 7, "continuous": 1, "learn_std": True, "info_weight": 0.5,
        "latent_dim": 9, "width": 3, "lr": 1e-2, "generator_lr": 1e-2, "beta1": 0.1, "ema": 0.5,
    }  # fmt: skip
    assert set(other) == set(InfoGANConfig.__dataclass_fields__)
    assert len({described(**{key: value}) for key, value in other.items()} | {described()}) == 11


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DataSpec.points(2, 8, "ring8"), "infogan needs images, and 'ring8' has points"),
        (DataSpec.images((1, 20, 28), 10, "small"), "28 to 128 pixels a side.*'small'"),
    ],
)
def test_other_data_are_refused(data: DataSpec, message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        make(data)
