"""CycleGAN's game: its terms and their weights, the decay, the pools, and what it shows."""

import copy
from itertools import chain
from pathlib import Path

import pytest
import torch
from ganzoo_cyclegan.variant import CycleGAN, CycleGANConfig
from helpers.cli import ganzoo
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed, make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped, loss_of
from ganzoo.plugins.registry import registry
from ganzoo.runs.load import load
from ganzoo.runs.run import Run
from ganzoo.variant import Adam

DOMAIN = DataSpec.images((1, 16, 16))
DATA = DataSpec.unpaired(DOMAIN, DOMAIN, "a+b")
TINY = equipped(CycleGANConfig(width=2, blocks=1, pool=3))


def domains(a: int = 12, b: int = 9) -> Dataset:
    """Noise, brighter in domain b; as many samples as asked for."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(0, 128, (a, *DATA.shape), generator=generator, dtype=torch.uint8)
    second = torch.randint(128, 256, (b, *DATA.shape), generator=generator, dtype=torch.uint8)
    return Dataset.unpaired("a+b", Dataset.images("a", first), Dataset.images("b", second))


def make_feed_of(data: Dataset, variant: CycleGAN, batch_size: int = 2) -> Feed:
    cpu = torch.device("cpu")
    return make_feed(data, batch_size, device=cpu, seed=3, streams=variant.streams(data))


def make_engine(config: CycleGANConfig = TINY, iterations: int = 8, seed: int = 0) -> Engine:
    torch.manual_seed(seed)
    variant = CycleGAN(equipped(config), DATA)
    return Engine(variant, make_feed_of(domains(), variant), iterations)


class Scaled(nn.Module):
    """A translator or discriminator whose output can be worked out by hand."""

    def __init__(self, factor: float, shift: float = 0.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor, dtype=torch.float64))
        self.shift = shift

    def forward(self, image: Tensor) -> Tensor:
        return self.factor * image + self.shift


@pytest.fixture
def by_hand() -> tuple[CycleGAN, Batch]:
    """a -> b is 2x and b -> a is x/4, D of a says x + 0.5 and D of b x - 1; a = 0.2, b = 0.6."""
    variant = CycleGAN(TINY, DATA)
    variant.a2b, variant.b2a = Scaled(2.0), Scaled(0.25)
    variant.discriminator_a, variant.discriminator_b = Scaled(1.0, 0.5), Scaled(1.0, -1.0)
    image = torch.ones(2, *DATA.shape, dtype=torch.float64)
    return variant.double(), Batch({"a": 0.2 * image, "b": 0.6 * image})


def test_the_six_terms_of_the_generators(by_hand: tuple[CycleGAN, Batch]) -> None:
    """Eqs. 1 to 3 and section 5.2: squares for the adversarial terms, distances for the others."""
    variant, batch = by_hand
    loss = variant.generators_loss(batch)
    terms = {
        "adversarial_a2b": (2 * 0.2 - 1 - 1) ** 2,
        "adversarial_b2a": (0.6 / 4 + 0.5 - 1) ** 2,
        "cycle_a": abs(0.2 * 2 / 4 - 0.2),
        "cycle_b": abs(0.6 / 4 * 2 - 0.6),
        "identity_a": abs(0.2 / 4 - 0.2),
        "identity_b": abs(2 * 0.6 - 0.6),
    }
    weights = dict(zip(terms, (1, 1, 10, 10, 5, 5), strict=True))
    assert {name: value.item() for name, value in batch.metrics.items()} == pytest.approx(terms)
    assert loss.item() == pytest.approx(sum(weights[name] * terms[name] for name in terms))
    assert not any(value.requires_grad for value in batch.metrics.values())


def test_the_losses_of_the_discriminators(by_hand: tuple[CycleGAN, Batch]) -> None:
    """Section 7.1: half of the squares, on the fakes that the generators' phase has left."""
    variant, batch = by_hand
    variant.generators_loss(batch)
    assert not batch.shared["fake_a"].requires_grad
    assert not batch.shared["fake_b"].requires_grad
    real, fake = 0.2 + 0.5, 0.6 / 4 + 0.5
    loss = variant.discriminator_loss(batch, "a")
    assert loss.item() == pytest.approx(0.5 * ((real - 1) ** 2 + fake**2))
    assert batch.metrics["real_a_score"].item() == pytest.approx(real)
    assert batch.metrics["fake_a_score"].item() == pytest.approx(fake)
    real, fake = 0.6 - 1, 2 * 0.2 - 1
    loss = variant.discriminator_loss(batch, "b")
    assert loss.item() == pytest.approx(0.5 * ((real - 1) ** 2 + fake**2))
    assert batch.metrics["real_b_score"].item() == pytest.approx(real)
    assert batch.metrics["fake_b_score"].item() == pytest.approx(fake)


def test_without_identity_terms(by_hand: tuple[CycleGAN, Batch]) -> None:
    variant, batch = by_hand
    variant.config = CycleGANConfig(lambda_identity=0)
    loss = variant.generators_loss(batch).item()
    assert "identity_a" not in batch.metrics
    m = {name: value.item() for name, value in batch.metrics.items()}
    cycle = m["cycle_a"] + m["cycle_b"]
    assert loss == pytest.approx(m["adversarial_a2b"] + m["adversarial_b2a"] + 10 * cycle)


def in_float64(feed: Feed) -> Feed:
    draw = feed.draw
    feed.draw = lambda: {name: image.double() for name, image in draw().items()}
    return feed


def gan(logits: Tensor, target: float) -> Tensor:
    return (logits - target).square().mean()


def test_the_engine_plays_the_reference_loop(list_pool: type) -> None:
    """As the authors' `optimize_parameters`, with lists as pools, for eight iterations."""
    torch.manual_seed(0)
    variant = CycleGAN(TINY, DATA).double()
    engine = Engine(variant, in_float64(make_feed_of(domains(), variant)), 8)
    nets = {
        name: copy.deepcopy(variant.get_submodule(name))
        for name in ("a2b", "b2a", "discriminator_a", "discriminator_b")
    }
    g_ab, g_ba, d_a, d_b = nets.values()
    adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
    optim_g = torch.optim.Adam(chain(g_ab.parameters(), g_ba.parameters()), **adam)
    optim_d = torch.optim.Adam(chain(d_a.parameters(), d_b.parameters()), **adam)
    pool_a, pool_b = list_pool(3), list_pool(3)
    feed = in_float64(make_feed_of(domains(), variant))

    torch.manual_seed(5)
    for iteration in range(8):
        for optim in (optim_g, optim_d):
            optim.param_groups[0]["lr"] = 2e-4 * (1 if iteration < 4 else (8 - iteration) / 4)
        batch = feed.draw()
        a, b = batch["a"], batch["b"]
        fake_b, fake_a = g_ab(a), g_ba(b)

        loss = gan(d_b(fake_b), 1) + gan(d_a(fake_a), 1)
        loss = loss + 10 * ((g_ba(fake_b) - a).abs().mean() + (g_ab(fake_a) - b).abs().mean())
        loss = loss + 5 * ((g_ba(a) - a).abs().mean() + (g_ab(b) - b).abs().mean())
        optim_g.zero_grad()
        loss.backward()
        optim_g.step()

        optim_d.zero_grad()
        for d, real, fake, pool in ((d_a, a, fake_a, pool_a), (d_b, b, fake_b, pool_b)):
            shown = pool.exchange(fake.detach())
            ((gan(d(real), 1) + gan(d(shown), 0)) * 0.5).backward()
        optim_d.step()

    torch.manual_seed(5)
    for _ in range(8):
        engine.step()
    for name, net in nets.items():
        for mine, reference in zip(
            variant.get_submodule(name).parameters(), net.parameters(), strict=True
        ):
            torch.testing.assert_close(mine, reference, rtol=0, atol=1e-10)
    for mine, reference in ((variant.pool_a, pool_a), (variant.pool_b, pool_b)):
        torch.testing.assert_close(mine.images, torch.stack(reference.images), rtol=0, atol=1e-9)


def test_the_rate_is_constant_and_then_falls_to_zero() -> None:
    engine = make_engine(iterations=10)
    rates: dict[str, list[float]] = {name: [] for name in engine.learners}
    for _ in range(10):
        engine.step()
        for name, learner in engine.learners.items():
            rates[name].append(float(learner.optimizer.param_groups[0]["lr"]) / 2e-4)
    expected = [1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]
    assert {*rates} == {"generators", "discriminator_a", "discriminator_b"}
    for values in rates.values():
        assert values == pytest.approx(expected)
    for schedule in engine.variant.schedules().values():
        assert (schedule(0.0), schedule(0.5), schedule(0.75), schedule(1.0)) == (1, 1, 0.5, 0)


def test_players_learn_as_in_the_paper() -> None:
    players = CycleGAN(TINY, DATA).players()
    assert {name: player.nets for name, player in players.items()} == {
        "generators": ("a2b", "b2a"),
        "discriminator_a": ("discriminator_a",),
        "discriminator_b": ("discriminator_b",),
    }
    assert {player.optim for player in players.values()} == {Adam(2e-4, betas=(0.5, 0.999))}
    assert {player.ema for player in players.values()} == {0.0}
    assert CycleGANConfig().pool == 50


def test_a_state_holds_the_pools_and_goes_on_bit_for_bit() -> None:
    whole, going_on = make_engine(), make_engine(seed=1)
    for _ in range(5):
        whole.step()
    state = {name: value.clone() for name, value in whole.state().items()}
    for domain in "ab":
        assert state[f"variant.pool_{domain}.count"] == 3
        assert state[f"variant.pool_{domain}.images"].abs().sum() > 0
    for _ in range(3):
        whole.step()
    expected = {name: value.clone() for name, value in whole.state().items()}
    going_on.load_state(state)
    for _ in range(3):
        going_on.step()
    after = going_on.state()
    assert after.keys() == expected.keys()
    assert [name for name in after if not torch.equal(after[name], expected[name])] == []


def test_domains_are_drawn_independently() -> None:
    """Neither paired nor in order: otherwise the true pairing could be learned."""
    images = torch.arange(100, dtype=torch.uint8).view(100, 1, 1, 1).expand(-1, *DATA.shape)
    data = Dataset.unpaired("a+b", Dataset.images("a", images), Dataset.images("b", images))
    variant = CycleGAN(TINY, DATA)
    feed = make_feed_of(data, variant, batch_size=10)
    batches = [feed.draw() for _ in range(10)]
    a, b = (torch.cat([batch[x][:, 0, 0, 0] for batch in batches]) for x in "ab")
    assert torch.equal(a.sort().values, b.sort().values)
    assert (a == b).sum() < 10
    assert not torch.equal(a, a.sort().values)
    assert not torch.equal(b, b.sort().values)


def test_a_is_the_first_domain_and_b_the_second() -> None:
    variant = CycleGAN(TINY, DATA)
    variant.a2b, variant.b2a = Scaled(2.0), Scaled(0.25)
    image = torch.ones(1, *DATA.shape, dtype=torch.float64)
    assert torch.equal(variant.translate(image, "a2b"), 2 * image)
    assert torch.equal(variant.translate(image, "b2a"), image / 4)
    drawn = make_feed_of(domains(), variant).draw()
    assert drawn["a"].max() < 0 < drawn["b"].min()


@pytest.mark.parametrize("name", [row.spec.name for row in registry().losses()])
def test_any_adversarial_loss(name: str) -> None:
    engine = make_engine(CycleGANConfig(width=2, blocks=1, loss=name))
    metrics = [engine.step() for _ in range(2)][-1]
    assert all(value.dim() == 0 and value.isfinite() for value in metrics.values())
    variant = engine.variant
    batch = Batch(engine.feed.draw())
    variant.generators_loss(batch)
    adversarial = 2 * loss_of(name).generator(
        variant.discriminator_b(variant.a2b(batch.data["a"])),
        variant.discriminator_b(batch.data["b"]),
    )
    torch.testing.assert_close(batch.metrics["adversarial_a2b"], adversarial.detach())


def test_the_gallery_shows_there_and_back_in_rows_of_ten() -> None:
    variant = CycleGAN(TINY, DATA)
    variant.a2b, variant.b2a = Scaled(0.5).float(), Scaled(-1.0).float()
    a, b = torch.full((12, *DATA.shape), 0.4), torch.full((7, *DATA.shape), 0.8)
    rows = variant.gallery({"a": a, "b": b}).images.unflatten(0, (6, 10)).detach()
    assert rows.shape == (6, 10, *DATA.shape)
    for row, value in zip(rows[:3], (0.4, 0.2, -0.2), strict=True):
        torch.testing.assert_close(row, torch.full_like(row, value))
    for row, value in zip(rows[3:], (0.8, -0.8, -0.4), strict=True):
        torch.testing.assert_close(row[:7], torch.full_like(row[:7], value))
        assert (row[7:] == -1).all()


def test_it_draws_nothing_from_noise() -> None:
    with pytest.raises(GanzooError, match="CycleGAN draws no samples from noise"):
        CycleGAN(TINY, DATA).sample_latent(1)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two domains of colour photographs, of 30x20 pixels, in the layout of `unpaired`."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for domain, colour in (("trainA", (200, 30, 30)), ("trainB", (30, 30, 200))):
        (tmp_path / "photos" / domain).mkdir(parents=True)
        for number in range(5):
            image = Image.new("RGB", (30, 20), colour)
            image.putpixel((number, number), (0, 255, 0))
            image.save(tmp_path / "photos" / domain / f"{number}.png")
    return tmp_path / "photos"


def test_from_the_command_line(photos: Path) -> None:
    """Train, go on, translate there and back; each network is published."""
    common = ("--width", 2, "--blocks", 1, "--batch-size", 2, "--out", "run")
    data = ("--dataset", "unpaired", "--data-root", photos, "--image-size", "20x30")
    trained = ganzoo("train", "cyclegan", *data, *common, "--steps", 2)
    assert trained.status == 0, trained.err
    onward = ganzoo("train", "--resume", "run", "--steps", 3)
    assert onward.status == 0, onward.err
    grid = Image.open("run/samples/00000003.png")
    assert (grid.width, grid.height) == (10 * 32 - 2, 6 * 22 - 2)

    trained_nets = load_file("run/checkpoints/00000003/state.safetensors")
    loaded = load(Run.open(Path("run")), torch.device("cpu")).variant
    for net in ("a2b", "b2a"):
        for name, weights in loaded.get_submodule(net).state_dict().items():
            assert torch.equal(weights, trained_nets[f"variant.{net}.{name}"])

    there = ganzoo(
        "translate", "run", "--direction", "a2b", "--input", photos / "trainA", "--out", "there"
    )
    assert there.status == 0, there.err
    back = ganzoo("translate", "run", "--direction", "b2a", "--input", "there", "--out", "back")
    assert back.status == 0, back.err
    sizes = {Image.open(path).size for path in Path("back").glob("*.png")}
    assert ({path.name for path in Path("back").glob("*.png")}, sizes) == (
        {f"{number}.png" for number in range(5)},
        {(30, 20)},
    )
    assert Path("there/0.png").read_bytes() != Path("back/0.png").read_bytes()
    drawn = ganzoo("sample", "run", "--out", "samples")
    assert (drawn.status, "draws no samples from noise" in drawn.err) == (2, True)


def test_one_domain_is_not_enough(photos: Path) -> None:
    refused = ganzoo("train", "cyclegan", "--dataset", "folder", "--data-root", photos / "trainA")
    assert refused.status == 2
    assert "two domains" in refused.err
