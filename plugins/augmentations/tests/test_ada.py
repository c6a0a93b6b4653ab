"""ADA: what it does to images beside the authors' code, and how its probability adapts."""

import math
from typing import Any

import pytest
import torch
from ganzoo_augmentations.ada import ADA
from ganzoo_augmentations.resampling import SYM6, Transform
from torch import Tensor, nn

from ganzoo import Adversarial, AdversarialConfig, Dataset, DataSpec, GanzooError
from ganzoo.config import build
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from ganzoo.networks import Discriminator, Generator
from ganzoo.plugins.equip import equipped


def make(**settings: Any) -> ADA:
    return ADA(ADA.Config(**settings))


def smooth(n: int, channels: int, height: int = 32, width: int = 32) -> Tensor:
    """Images of waves."""
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
    )
    return torch.stack(
        [
            torch.stack([torch.sin(2 * x + k) * torch.cos(3 * y - c) for c in range(channels)])
            for k in range(n)
        ]
    )


def test_the_pipe_is_the_authors() -> None:
    """NVlabs/stylegan2-ada-pytorch, AugmentPipe of bgc with p = 0.5, from the seed 3, one pixel."""
    torch.manual_seed(3)
    out = make(p=0.5)(smooth(4, 3))[:, :, 16, 14]
    expected = [
        *(-0.27444, -0.48494, -0.46422, 0.0421, 0.01851, 0.03833),
        *(11.04013, 0.66572, -11.83971, 0.1113, -0.6311, 0.02591),
    ]
    torch.testing.assert_close(out.flatten(), torch.tensor(expected), rtol=1e-4, atol=2e-5)


@pytest.fixture
def in_float64() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# NVlabs/stylegan2-ada-pytorch at d72cc7d, on the CPU with float64 for float32 in augment.py and
# upfirdn2d.py: AugmentPipe of these multipliers at p = 0.5 was given `smooth(8, ...)` from the seed
# 3. Sums of its images times a sine, and of their squares.
THEIRS = [
    (("bg", 1.0), (3, 32, 32), (-3.0333631658163314, 2956.3540850181344)),
    (("c", 1.0), (3, 32, 32), (-1.5380756395827295, 9611.62300861057)),
    (("c", 1.0), (1, 16, 24), (-3.418304747002452, 1091.0189117509524)),
    (("bgcu", 0.5), (3, 32, 32), (-7.461614463202116, 2899.005314479513)),
    (("bgcu", 0.5), (1, 16, 24), (2.8894864016095916, 181.48445986448155)),
]


@pytest.mark.parametrize(("pipe", "shape", "sums"), THEIRS)
@pytest.mark.usefixtures("in_float64")
def test_whole_images_are_the_authors(
    pipe: tuple[str, float], shape: tuple[int, int, int], sums: tuple[float, float]
) -> None:
    """Of moved ones all that lies inside of what is moved by 4 pixels, and shows no reflection."""
    image, (parts, colours) = smooth(8, *shape), pipe
    part = make(p=0.5, pipe=parts, colours=colours).double()
    torch.manual_seed(3)
    out = part(image)
    if "b" in parts:
        torch.manual_seed(3)
        out = out * within(part._places(image), shape[1:], 4)
    weights = (torch.arange(out.numel()) * 0.7).sin().view_as(out)
    assert float((out * weights).sum()) == pytest.approx(sums[0], rel=1e-10)
    assert float(out.square().sum()) == pytest.approx(sums[1], rel=1e-10)


def within(inverse: Tensor, sides: tuple[int, int], margin: int) -> Tensor:
    """Which pixels come from a place that is so far from all sides, (n, 1, height, width)."""
    height, width = sides
    y, x = torch.meshgrid(*(torch.arange(side) - (side - 1) / 2 for side in sides), indexing="ij")
    places = inverse @ torch.stack((x.flatten(), y.flatten(), torch.ones(height * width)))
    most = torch.tensor((width, height))[:, None] / 2 - 0.5 - margin
    return (places[:, :2].abs() < most).all(1).view(-1, 1, height, width)


def test_colours_have_a_probability_of_their_own() -> None:
    image = smooth(4000, 1)[..., ::8, ::8]
    shares = []
    for colours in (1.0, 0.5, 0.0):
        torch.manual_seed(0)
        out = make(p=0.5, pipe="c", colours=colours)(image)
        shares.append(float((out != image).flatten(1).any(1).float().mean()))
    # Brightness, contrast and, in half of the times that it happens, the flip.
    for share, p in zip(shares, (0.5, 0.25, 0.0), strict=True):
        assert share == pytest.approx(1 - (1 - p) ** 2 * (1 - p / 2), abs=0.03)


def test_cutouts_are_half_as_high_and_wide_wherever_their_centre_is() -> None:
    torch.manual_seed(0)
    out = make(p=1.0, pipe="u")(torch.ones(300, 3, 8, 12))
    assert torch.equal(out, out[:, :1].expand_as(out))
    cut = out[:, 0] == 0
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows[:, :, None] & columns[:, None, :])
    assert sorted(set(rows.sum(1).tolist())) == [2, 3, 4]
    assert sorted(set(columns.sum(1).tolist())) == [3, 4, 5, 6]
    assert rows.any(0).all()
    assert columns.any(0).all()


@pytest.mark.parametrize("pipe", ["b", "g", "c", "u", "bg", "bgcu"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 12), (5, 8, 8)])
def test_with_a_probability_of_0_nothing_happens(pipe: str, shape: tuple[int, int, int]) -> None:
    image = torch.rand(3, *shape) * 2 - 1
    torch.testing.assert_close(make(pipe=pipe)(image), image, rtol=0, atol=1e-5)


def test_the_filter_is_orthogonal_to_itself_moved() -> None:
    """So that making an image finer and coarser again changes nothing."""
    h = torch.tensor(SYM6, dtype=torch.float64)
    for by in range(0, 12, 2):
        assert float((h[by:] * h[: 12 - by]).sum()) == pytest.approx(float(by == 0), abs=1e-9)


def test_images_are_moved_by_whole_pixels_and_reflected_at_their_sides() -> None:
    image = torch.rand(1, 2, 16, 16)
    inverse = torch.tensor([[[1.0, 0, -2], [0, 1, 1], [0, 0, 1]]])
    out = Transform()(image, inverse)
    torch.testing.assert_close(out[..., :-4, 3:], image[..., 1:-3, 1:-2], rtol=0, atol=1e-5)
    torch.testing.assert_close(out[..., :-4, 0], image[..., 1:-3, 2], rtol=0, atol=0.1)


def test_images_are_turned() -> None:
    image = smooth(1, 1)
    inverse = torch.tensor([[[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]])
    turned = torch.rot90(image, -1, (2, 3))
    torch.testing.assert_close(Transform()(image, inverse), turned, rtol=0, atol=0.03)


def test_colours_of_grey_images_stay_grey_but_for_luma() -> None:
    """Hue turns around the luma axis, and saturation is the distance from it."""
    image = smooth(8, 1).expand(-1, 3, -1, -1)
    out = make(p=1.0, pipe="c")(image)
    torch.testing.assert_close(out, out[:, :1].expand_as(out), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(out, image, atol=0.1)


@pytest.mark.parametrize("pipe", ["g", "c"])
def test_gradients_are_the_slopes_twice_over(pipe: str) -> None:
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    part = make(p=1.0, pipe=pipe)

    def seen(x: Tensor) -> Tensor:
        torch.manual_seed(0)
        return part(x)[..., ::3, ::3].square()

    assert torch.autograd.gradcheck(seen, image)
    assert torch.autograd.gradgradcheck(seen, image)


def test_p_moves_by_the_samples_seen_in_four_updates() -> None:
    part = make()
    certain, lost = torch.ones(64), -torch.ones(64)
    for _ in range(4):
        metrics = part.observe(certain)
        assert float(part.p) == float(metrics["ada_p"]) == 0
        part.adapt()
    assert float(part.p) == pytest.approx(4 * 64 / 500_000)  # 5.12e-4
    assert float(metrics["ada_r"]) == 1
    half = torch.cat((certain, lost))
    for _ in range(4):
        part.observe(half)  # r = 0, below 0.6
        part.adapt()
    assert float(part.p) == 0  # and not below


def test_p_moves_as_far_where_several_processes_see_the_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, certainty = make(), torch.linspace(-0.1, 2, 64)
    for _ in range(4):
        whole.observe(certainty)
        whole.adapt()
    monkeypatch.setattr("ganzoo_augmentations.ada.process_count", lambda: 2)
    half = make()
    for _ in range(4):
        half.observe(certainty[::2])
        half.adapt()
    assert float(half.p) == float(whole.p) > 0


def test_p_stays_within_0_and_1_and_rests_without_a_target() -> None:
    part = make(images=10)
    for _ in range(40):
        part.observe(torch.ones(8))
        part.adapt()
    assert float(part.p) == 1
    fixed = make(p=0.25, target=0.0)
    assert not fixed.observes
    assert float(fixed.p) == 0.25


def test_p_settles_where_r_is_the_target() -> None:
    """Of a D that overfits by 1 - p."""
    part = make(images=2000)
    generator = torch.Generator().manual_seed(0)
    for _ in range(800):
        right = torch.rand(64, generator=generator) < 1 - float(part.p) / 2
        part.observe(torch.where(right, 1.0, -1.0))
        part.adapt()
    assert float(part.p) == pytest.approx(0.4, abs=0.15)


def test_what_it_is_not_made_for_is_refused() -> None:
    with pytest.raises(GanzooError, match="needs images of more than 7 pixels a side, and those"):
        make().check(DataSpec.images((1, 7, 9), name="small"))
    with pytest.raises(GanzooError, match="--augment ada changes images, and 'ring' has none"):
        make().check(DataSpec.points(2, name="ring"))


class Pixels(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(latent)
        return out


class Flat(Discriminator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(image)
        return out


class Game(Adversarial):
    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.discriminator = Pixels(), Flat()


def make_engine(parts: int = 1, **settings: str) -> Engine:
    torch.manual_seed(0)
    data = Dataset.images("noise", torch.randint(256, (64, 1, 8, 8)).to(torch.uint8))
    game = Game(equipped(build(AdversarialConfig, {"latent_dim": 2, **settings})), data.spec)
    feed = make_feed(data, 8, device=torch.device("cpu"), seed=0)
    return Engine(game, feed, 10, Execution(accumulate=parts))


def test_a_loss_whose_verdicts_have_no_level_is_refused() -> None:
    with pytest.raises(GanzooError, match="--augment ada adapts to how many samples"):
        make_engine(augment="ada", loss="wasserstein")
    make_engine(augment="ada:target=0,p=0.5", loss="wasserstein").step()


@pytest.mark.parametrize("loss", ["non-saturating", "hinge"])
def test_p_follows_the_verdicts_on_the_data(loss: str) -> None:
    for level, p in ((9.0, 0.5 + 0.32), (-9.0, 0.5 - 0.32)):
        engine = make_engine(augment="ada:images=100,p=0.5", loss=loss)
        game: Any = engine.variant
        game.discriminator.net[1].bias.data.fill_(level)
        rows = [engine.step() for _ in range(4)]
        assert [float(row["ada_r"]) for row in rows] == [math.copysign(1, level)] * 4
        assert float(game.augmentations["ada"].p) == pytest.approx(p)
        assert engine.variant.synchronised == tuple(
            f"augmentations.ada.{name}" for name in ("p", "signs", "seen", "updates")
        )


def test_p_moves_as_far_where_the_samples_of_a_step_are_seen_in_parts() -> None:
    """Of a D that learns nothing, and sees the samples as they are."""
    found = []
    for parts in (1, 2, 4):
        engine = make_engine(parts, augment="ada:images=1000,p=0.3,pipe=c,colours=0", lr="1e-30")
        rows = [engine.step() for _ in range(10)]
        found.append({name: [float(row[name]) for row in rows] for name in ("ada_p", "ada_r")})
    whole, *others = found
    assert whole["ada_p"][3] == pytest.approx(0.3)
    assert [round(abs(p - 0.3), 5) for p in whole["ada_p"][4::4]] == [0.032, 0.064]
    assert len({*whole["ada_r"]}) > 2
    for split in others:
        assert split["ada_p"] == whole["ada_p"]
        assert split["ada_r"] == pytest.approx(whole["ada_r"])


def test_a_resumed_training_goes_on_with_p_under_a_penalty_on_gradients() -> None:
    settings = {"augment": "ada:images=100,p=0.3", "regulariser": "r1:gamma=0.1"}
    whole, half, other = (make_engine(**settings) for _ in range(3))
    for _ in range(7):
        whole.step()
    torch.manual_seed(0)
    half = make_engine(**settings)
    for _ in range(3):
        half.step()
    other.load_state({name: value.clone() for name, value in half.state().items()})
    for _ in range(4):
        other.step()
    one, two = whole.state(), other.state()
    assert float(one["variant.augmentations.ada.updates"]) == 3
    assert not [name for name in one if not torch.equal(one[name], two[name])]
