"""CGAN: what the label does in each network, in the game and in the samples."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli import ganzoo, tree
from ganzoo_cgan.labels import one_hot
from ganzoo_cgan.mlp import Maxout
from ganzoo_cgan.variant import CGAN, CGANConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import kstest, uniform
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import DataSpec, GanzooError
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine

CPU = torch.device("cpu")
ARCHITECTURES = ("mlp", "conv")
DIGITS = DataSpec((1, 28, 28), 10, "digits")
LOSSES = (
    "minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic-average",
)  # fmt: skip

WEIGHTS_OF_LABELS = {
    "mlp": ("from_label.0.weight", "from_label.linear.weight"),
    "conv": ("net.0.weight", "plane.0.weight"),
}

both = pytest.mark.parametrize("architecture", ARCHITECTURES)


def make(architecture: str, data: DataSpec = DIGITS, **config: Any) -> CGAN:
    torch.manual_seed(1)
    return CGAN(CGANConfig(architecture=architecture, width=4, **config), data)


def noise(n: int = 32, classes: int = 10) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, classes, (n,), generator=generator)
    return Dataset("noise", {"image": images, "label": labels}, tuple(map(str, range(classes))))


def engine_of(variant: CGAN, batch_size: int = 8) -> Engine:
    return Engine(variant, make_feed(noise(), batch_size, device=CPU, seed=0), 10)


def leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if not list(layer.children())]


# The networks


def test_the_papers_network_for_mnist() -> None:
    """Section 4.1, in units a layer; a maxout unit is the largest of its pieces."""
    variant = make("mlp")
    linear = [layer for layer in leaves(variant.generator) if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [
        (100, 200), (10, 1000), (1200, 1200), (1200, 784),
    ]  # fmt: skip
    linear = [layer for layer in leaves(variant.discriminator) if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [
        (784, 240 * 5), (10, 50 * 5), (290, 240 * 4), (240, 1),
    ]  # fmt: skip
    maxouts = [layer for layer in variant.discriminator.modules() if isinstance(layer, Maxout)]
    assert [layer.pieces for layer in maxouts] == [5, 5, 4]


def test_maxout_is_the_largest_of_its_pieces() -> None:
    """Units of 3 pieces: piece j of unit i is row 2 j + i of one linear layer."""
    torch.manual_seed(0)
    maxout = Maxout(4, units=2, pieces=3)
    x = torch.randn(5, 4)
    weight, bias = maxout.linear.weight, maxout.linear.bias
    for n in range(5):
        for i in range(2):
            pieces = [weight[2 * j + i] @ x[n] + bias[2 * j + i] for j in range(3)]
            assert maxout(x)[n, i].item() == pytest.approx(max(p.item() for p in pieces), abs=1e-6)


def test_labels_are_one_hot() -> None:
    label = torch.tensor([0, 9, 3, 3])
    assert torch.equal(one_hot(label, 10), torch.eye(10)[label])


@pytest.mark.parametrize("label", [-1, 10])
@both
def test_a_label_out_of_range_is_no_condition(architecture: str, label: int) -> None:
    variant = make(architecture)
    with pytest.raises(RuntimeError, match="Class values"):
        variant(variant.sample_latent(1), torch.tensor([label]))


@both
def test_the_label_alone_changes_what_both_networks_say(architecture: str) -> None:
    variant = make(architecture).eval()
    latent = variant.sample_latent(1).expand(10, -1)
    every = torch.arange(10)
    with torch.no_grad():
        images = variant(latent, every)
        logits = variant.discriminator(images[:1].expand(10, -1, -1, -1), every)
    apart = torch.cdist(images.flatten(1), images.flatten(1)) + torch.eye(10)
    assert apart.min() > 1e-4
    assert logits.unique().numel() == 10
    assert torch.equal(logits.flip(0), logits[every.flip(0)])


@both
def test_the_loss_reaches_the_weights_of_the_labels_that_occur(architecture: str) -> None:
    variant = make(architecture)
    g_weight, d_weight = (
        dict(net.named_parameters())[name]
        for net, name in zip(
            (variant.generator, variant.discriminator), WEIGHTS_OF_LABELS[architecture], strict=True
        )
    )
    label = torch.tensor([2, 2, 5, 7])
    fake = variant(variant.sample_latent(4), label)
    loss = softplus(-variant.discriminator(fake, label)).mean()
    g_grad, d_grad = torch.autograd.grad(loss, (g_weight, d_weight))
    if architecture == "conv":
        d_grad = d_grad.T  # a row a class
    for grad in (g_grad, d_grad):
        assert grad[:, -10:].abs().sum(0).nonzero()[:, 0].tolist() == [2, 5, 7]


@both
def test_d_ends_in_a_linear_layer(architecture: str) -> None:
    """A LeakyReLU behind it would make -1 of a logit of -5, a sigmoid 0.007."""
    variant = make(architecture)
    last = [layer for layer in leaves(variant.discriminator) if isinstance(layer, nn.Linear)][-1]
    assert last.out_features == 1
    nn.init.zeros_(last.weight)
    images, labels = torch.rand(3, 1, 28, 28), torch.tensor([0, 4, 9])
    for logit in (-5.0, 5.0):
        nn.init.constant_(last.bias, logit)
        assert variant.discriminator(images, labels).tolist() == [logit] * 3


@pytest.mark.parametrize(("architecture", "count"), [("mlp", 2), ("conv", 5)])
def test_batchnorm_is_torchs_own(architecture: str, count: int) -> None:
    """`BatchNorm2d(n, 0.8)` would set eps."""
    norms = [
        layer
        for layer in leaves(make(architecture))
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert len(norms) == count
    assert all((norm.eps, norm.momentum) == (1e-5, 0.1) for norm in norms)


@both
def test_in_eval_mode_an_image_depends_on_its_latent_and_label_alone(architecture: str) -> None:
    variant = make(architecture)
    label = torch.arange(20) % 10
    variant(variant.sample_latent(20), label)  # running statistics
    variant.eval()
    latent = variant.sample_latent(20)
    with torch.no_grad():
        alone = torch.cat([variant(z[None], y[None]) for z, y in zip(latent, label, strict=True)])
        together = variant(latent, label)
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)


# The game


@pytest.mark.parametrize("n_critic", [1, 3])
@both
def test_an_iteration_is_the_game_of_eq_2_bitwise(architecture: str, n_critic: int) -> None:
    """Cross-entropy, and each D(.|y) and G(.|y) with the labels of the real images beside them."""
    reference = make(architecture, n_critic=n_critic)
    g, d = reference.generator, reference.discriminator
    g_optim = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999), fused=True)
    d_optim = torch.optim.Adam(d.parameters(), 1e-3, (0.5, 0.999), fused=True)
    feed = make_feed(noise(), 8, device=CPU, seed=0)
    torch.manual_seed(2)
    for _ in range(5):
        batch = feed.draw()
        x, y = batch["image"], batch["label"]
        fake = g(2 * torch.rand(8, 100) - 1, y)
        g_loss = softplus(-d(fake, y)).mean()
        g_optim.zero_grad()
        g_loss.backward()
        g_optim.step()
        for update in range(n_critic):
            if update > 0:
                batch = feed.draw()
                x, y = batch["image"], batch["label"]
                fake = g(2 * torch.rand(8, 100) - 1, y)
            d_loss = softplus(-d(x, y)).mean() + softplus(d(fake.detach(), y)).mean()
            d_optim.zero_grad()
            d_loss.backward()
            d_optim.step()

    engine = engine_of(make(architecture, n_critic=n_critic))
    torch.manual_seed(2)
    for _ in range(5):
        metrics = engine.step()
    assert metrics["generator_loss"] == g_loss.detach()
    assert metrics["discriminator_loss"] == d_loss.detach()
    for (name, mine), theirs in zip(
        engine.variant.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name


@both
def test_the_game_is_cross_entropy_by_default(architecture: str) -> None:
    """Where D's logits are 0, D(x|y) is 1/2 and -log D(x|y) is log 2; squares would give 1/4."""
    variant = make(architecture)
    last = [layer for layer in leaves(variant.discriminator) if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    metrics = engine_of(variant).step()
    assert metrics["generator_loss"].item() == pytest.approx(math.log(2))
    assert metrics["discriminator_loss"].item() == pytest.approx(2 * math.log(2))
    assert metrics["real_score"].item() == metrics["fake_score"].item() == 0.5


@pytest.mark.parametrize("loss", LOSSES)
@both
def test_every_loss_trains_both_networks(architecture: str, loss: str) -> None:
    variant = make(architecture, loss=loss)
    before = [param.clone() for param in variant.parameters()]
    metrics = engine_of(variant).step()
    assert all(math.isfinite(value) for value in metrics.values())
    last = [name for name, _ in variant.named_parameters()][-1]  # cancels in differences of logits
    for old, (name, new) in zip(before, variant.named_parameters(), strict=True):
        assert not torch.equal(old, new) or name == last, name


@pytest.mark.parametrize("loss", ["non-saturating", "relativistic-average"])
def test_every_image_meets_its_own_label(loss: str) -> None:
    """Image k is all k / 10 here, and G is one that draws what it is told."""
    labels = torch.arange(10).repeat(4)
    levels = (labels * 25).to(torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28).contiguous()
    data = Dataset("levels", {"image": levels, "label": labels}, tuple("0123456789"))
    variant = make("mlp", n_critic=2, loss=loss)
    seen: list[tuple[Tensor, Tensor]] = []

    def obey(module: nn.Module, inputs: tuple[Tensor, Tensor], out: Tensor) -> Tensor:
        level = inputs[1] * 25 / 127.5 - 1
        return 0 * out + level[:, None, None, None]

    variant.generator.register_forward_hook(obey)
    variant.discriminator.register_forward_pre_hook(lambda m, inputs: seen.append(inputs))
    Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10).step()
    assert len(seen) == (6 if loss == "relativistic-average" else 5)
    for image, label in seen:
        torch.testing.assert_close(image.mean((1, 2, 3)), label * 25 / 127.5 - 1)


# What it can be built for


def test_each_setting_reaches_what_it_names() -> None:
    def described(**config: Any) -> str:
        torch.manual_seed(0)
        variant = CGAN(CGANConfig(**config), DIGITS)
        phases = [(phase.name, phase.repeat) for phase in variant.phases()]
        latent = variant.sample_latent(2)
        sizes = [tuple(p.shape) for p in variant.parameters()]
        rates = {name: rate(0.75) for name, rate in variant.schedules().items()}
        return repr((variant.players(), phases, latent, sizes, variant.loss, rates))

    other = {
        "loss": "hinge", "latent_dim": 7, "prior": "normal", "lr": 2e-3, "beta1": 0.1,
        "n_critic": 2, "decay_from": 0.5, "ema": 0.5, "architecture": "mlp", "width": 5,
    }  # fmt: skip
    assert set(other) == set(CGANConfig.__dataclass_fields__)
    descriptions = {described(**{key: value}) for key, value in other.items()}
    assert len(descriptions | {described()}) == len(other) + 1


def test_width_is_of_both_convnets() -> None:
    variant = make("conv")
    convolutions = [
        layer for layer in leaves(variant) if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [
        (16, 8), (8, 4), (4, 1), (2, 4), (4, 8), (8, 16),
    ]  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(
    st.integers(1, 1000),
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)),
        st.tuples(st.integers(1, 7)),
    ),
)
def test_mlps_take_every_shape(classes: int, shape: tuple[int, ...]) -> None:
    check_shapes(make("mlp", DataSpec(shape, classes), latent_dim=3), classes)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 1000), st.integers(1, 4), st.integers(28, 128), st.integers(28, 128))
def test_convnets_take_every_size_from_28_to_128(
    classes: int, channels: int, height: int, width: int
) -> None:
    check_shapes(make("conv", DataSpec((channels, height, width), classes)), classes)


def check_shapes(variant: CGAN, classes: int) -> None:
    labels = torch.tensor([0, classes // 2, classes - 1])
    samples = variant(variant.sample_latent(3), labels)
    assert samples.shape == (3, *variant.data.shape)
    assert variant.discriminator(samples, labels).shape == (3,)
    if variant.data.is_image:
        assert samples.abs().max() <= 1


@both
def test_a_thousand_classes_are_no_planes(architecture: str) -> None:
    """A class more costs weights of a layer, and no map is larger for it."""
    largest = []
    for classes in (10, 1000):
        variant = make(architecture, DataSpec((3, 28, 28), classes))
        label = torch.zeros(2, dtype=torch.int64)
        sizes: list[int] = []

        def measure(module: nn.Module, inputs: Any, out: Tensor, sizes: list[int] = sizes) -> None:
            sizes.append(out[0].numel())

        for layer in leaves(variant):
            layer.register_forward_hook(measure)
        variant.discriminator(variant(variant.sample_latent(2), label), label)
        largest.append(max(sizes))
    assert largest[0] == largest[1]


def test_recipe_chooses_the_architecture_by_the_data() -> None:
    for shape in [(1, 28, 28), (3, 128, 28)]:
        assert "architecture" not in CGAN.recipe(DataSpec(shape, 10))
        assert CGANConfig().architecture == "conv"
    for shape in [(2,), (1, 27, 28), (3, 129, 64)]:
        assert CGAN.recipe(DataSpec(shape, 10))["architecture"] == "mlp"


@pytest.mark.parametrize(
    ("data", "has"),
    [(DataSpec((2,), 8, "ring8"), "points"), (DataSpec((1, 16, 28), 10, "small"), "1x16x28")],
)
def test_convnets_refuse_other_data_with_advice(data: DataSpec, has: str) -> None:
    with pytest.raises(GanzooError, match=rf"needs images of 28 to 128.*'{data.name}' has {has}"):
        make("conv", data)


def test_latents_are_uniform() -> None:
    latent = make("mlp").sample_latent(300)
    assert latent.shape == (300, 100)
    assert kstest(latent.flatten().numpy(), uniform(-1, 2).cdf).pvalue > 1e-4


# From the outside

CLASSES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of 8x8 pixels in a folder for each class."""
    root = tmp_path_factory.mktemp("greys")
    for label in range(CLASSES):
        (root / f"class{label}").mkdir()
        for number in range(10):
            Image.new("L", (8, 8), 50 * label).save(root / f"class{label}" / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is hardly trained: G draws something else for each label, but no greys yet."""
    out = tmp_path_factory.mktemp("runs") / "run"
    result = ganzoo(
        *("train", "cgan", "--dataset", "folder", "--data-root", folder, "--image-size", "8x8"),
        *("--steps", 3, "--sample-every", 3, "--batch-size", 32, "--out", out),
    )
    assert result.status == 0, result.err
    return out


@pytest.fixture(scope="module")
def typical(run: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The mean image (classes, 8, 8) of what `sample --label` draws for each."""
    means = []
    for label in range(CLASSES):
        out = tmp_path_factory.mktemp("typical") / "x.npz"
        assert ganzoo("sample", run, "--label", label, "--out", out).status == 0
        drawn = np.load(out)
        assert drawn["labels"].tolist() == [label] * 100
        means.append(drawn["images"].mean((0, 3)))
    return np.array(means)


def recognised(images: np.ndarray, typical: np.ndarray) -> list[int]:
    """The class whose mean image is nearest to each of some images (n, 8, 8)."""
    distances = np.square(images[:, None].astype(float) - typical).sum((2, 3))
    return [int(label) for label in distances.argmin(1)]


def test_a_row_of_the_grid_is_a_class(run: Path, typical: np.ndarray) -> None:
    newest = max((run / "samples").glob("[0-9]*.png"))
    grid = np.asarray(Image.open(newest))
    assert grid.shape == (98, 98)  # 10 x 10 images with gaps of 2 pixels
    cells = np.array(
        [grid[y : y + 8, x : x + 8] for y in range(0, 98, 10) for x in range(0, 98, 10)]
    )
    assert recognised(cells, typical) == [(cell // 10) % CLASSES for cell in range(100)]


def test_images_of_a_label_are_what_was_asked_for(
    run: Path, typical: np.ndarray, tmp_path: Path
) -> None:
    out = tmp_path / "images"
    assert ganzoo("sample", run, "--n", 20, "--label", 3, "--out", out).status == 0
    images = np.array([np.asarray(Image.open(path)) for path in sorted(out.iterdir())])
    assert recognised(images, typical) == [3] * 20


def test_samples_of_all_classes_come_with_their_labels(
    run: Path, typical: np.ndarray, tmp_path: Path
) -> None:
    assert ganzoo("sample", run, "--n", 503, "--out", tmp_path / "x.npz").status == 0
    drawn = np.load(tmp_path / "x.npz")
    assert drawn["labels"].tolist() == [k % CLASSES for k in range(503)]
    assert recognised(drawn["images"][..., 0], typical) == drawn["labels"].tolist()


@pytest.mark.parametrize("label", [-1, 5])
def test_a_label_that_does_not_exist_is_refused(run: Path, tmp_path: Path, label: int) -> None:
    result = ganzoo("sample", run, "--label", label, "--out", tmp_path / "x.npz")
    assert (result.status, tree(tmp_path)) == (2, {})
    assert result.err.startswith("ganzoo: error: --label must be")


def test_unlabelled_data_are_refused(folder: Path, tmp_path: Path) -> None:
    result = ganzoo(
        *("train", "cgan", "--dataset", "folder", "--data-root", folder / "class1"),
        *("--image-size", "8x8", "--out", tmp_path / "run"),
    )
    assert (result.status, tree(tmp_path)) == (2, {})
    assert "cgan needs labelled data, and 'class1' has no labels" in result.err


def test_convnets_for_points_are_refused(tmp_path: Path) -> None:
    result = ganzoo(
        *("train", "cgan", "--dataset", "ring8", "--architecture", "conv"),
        *("--out", tmp_path / "run"),
    )
    assert (result.status, tree(tmp_path)) == (2, {})
    assert "--architecture conv needs images" in result.err
    assert "'ring8' has points" in result.err


@pytest.mark.parametrize(
    ("dataset", "options"),
    [("ring8", ()), ("glyphs", ("--width", 2))],
)
def test_it_trains_on_what_is_made_on_the_spot(
    tmp_path: Path, dataset: str, options: tuple[str, ...]
) -> None:
    out = tmp_path / "run"
    result = ganzoo(
        *("train", "cgan", "--dataset", dataset, "--batch-size", 4, "--steps", 2),
        *("--out", out, *options),
    )
    assert result.status == 0, result.err
    assert ganzoo("sample", out, "--n", 20, "--out", tmp_path / "x.npz").status == 0
    classes = {"ring8": 8, "glyphs": 10}[dataset]
    assert np.load(tmp_path / "x.npz")["labels"].tolist() == [k % classes for k in range(20)]
