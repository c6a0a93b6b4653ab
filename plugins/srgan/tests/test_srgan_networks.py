"""SRGAN's networks beside those of BasicSR, and how far they look."""

import math
from collections.abc import Iterator

import pytest
import torch
from ganzoo_srgan.discriminator import SRDiscriminator
from ganzoo_srgan.generators import RRDBNet, SRResNet, doublings
from ganzoo_srgan.perception import FILE, VGG
from torch import Tensor, nn

from ganzoo import DataSpec, GanzooError


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def filled(net: nn.Module) -> nn.Module:
    """All weights in the order of their use, by the seed 7."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for weights in net.parameters():
            drawn = torch.randn(weights.shape, generator=generator)
            weights.copy_(drawn / math.sqrt(weights[0].numel()))
    return net


def waves(*shape: int) -> Tensor:
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float64)).view(shape)


@pytest.mark.parametrize(
    ("net", "parameters", "total", "squares", "one"),
    [
        (SRResNet(3, 2, 8, 2), 5699, -597.6665212778905, 1728.709118566644, 1.2846251550096675),
        (SRResNet(3, 3, 8, 2), 8619, -988.6860768947732, 2112.6060535699003, -0.8746493626863419),
        (SRResNet(3, 4, 8, 2), 8035, -3227.974473915593, 16219.432733560196, -1.0305642509446573),
        (RRDBNet(3, 4, 8, 2), 25387, -1925.2167808464055, 6639.927634366557, 0.1059499520009741),
    ],
)
def test_generators_are_those_of_basicsr(
    net: nn.Module, parameters: int, total: float, squares: float, one: float
) -> None:
    made = filled(net.double())(waves(2, 3, 6, 5)).detach()
    assert sum(each.numel() for each in net.parameters()) == parameters
    assert made.sum().item() == pytest.approx(total, rel=1e-10)
    assert made.square().sum().item() == pytest.approx(squares, rel=1e-10)
    assert made.flatten()[5].item() == pytest.approx(one, rel=1e-10)


def test_the_discriminator_is_that_of_basicsr() -> None:
    net = filled(SRDiscriminator(4, DataSpec.images((3, 128, 128))))
    logits = net(waves(2, 3, 128, 128)).detach()
    assert sum(each.numel() for each in net.parameters()) == 105281
    assert logits.sum().item() == pytest.approx(2.3754474673058312, rel=1e-9)
    assert logits[0].item() == pytest.approx(1.0061764850761277, rel=1e-9)


def test_the_papers_sizes() -> None:
    """1.5 million weights of 16 blocks, and 16.7 million of 23 RRDBs."""
    with torch.device("meta"):
        small, large = SRResNet(3, 4, 64, 16), RRDBNet(3, 4, 64, 23)
    assert sum(each.numel() for each in small.parameters()) == 1_517_571
    assert sum(each.numel() for each in large.parameters()) == 16_697_987


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("cls", [SRResNet, RRDBNet])
def test_how_far_they_look(cls: type[SRResNet] | type[RRDBNet], factor: int) -> None:
    """No pixel farther away than `reach` decides anything, and `reach` is not much too far."""
    net = cls(1, factor, 2, 1).double()
    for weights in net.parameters():
        nn.init.constant_(weights, 0.1)
    side = 2 * net.reach + 5
    image = torch.rand(1, 1, side, side, requires_grad=True)
    middle = factor * (side // 2)
    (grad,) = torch.autograd.grad(net(image)[0, 0, middle, middle], image)
    rows = grad[0, 0].abs().sum(1).nonzero().flatten()
    farthest = int((rows - side // 2).abs().max())
    assert net.reach - 4 <= farthest <= net.reach


@pytest.mark.parametrize(("factor", "steps"), [(2, [2]), (3, [3]), (4, [2, 2]), (6, [2, 3])])
def test_factors_are_reached_step_by_step(factor: int, steps: list[int]) -> None:
    assert doublings(factor) == steps


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 28, 36), (3, 96, 64), (4, 33, 17)])
def test_the_discriminator_is_for_any_size(shape: tuple[int, int, int]) -> None:
    net = SRDiscriminator(2, DataSpec.images(shape))
    assert net(torch.rand(3, *shape)).shape == (3,)
    assert 4 <= min(net.features(torch.rand(2, *shape)).shape[2:]) < 8


def test_pixels_are_shuffled_into_their_block() -> None:
    maps = torch.arange(8.0).view(1, 4, 1, 2)
    assert nn.PixelShuffle(2)(maps)[0, 0].tolist() == [[0, 2, 1, 3], [4, 6, 5, 7]]


def test_vgg_is_loaded_where_it_is(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("hub")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(folder))
    with pytest.raises(GanzooError, match=r"vgg19-dcbb9e9d.pth.*--perceptual discriminator"):
        VGG(DataSpec.images((3, 32, 32)))
    with pytest.raises(GanzooError, match="1 or 3 channels"):
        VGG(DataSpec.images((4, 32, 32)))
    maps, place, saved = 3, 0, {}
    generator = torch.Generator().manual_seed(0)
    for block in ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4):
        for wider in block:
            weight = torch.randn(wider, maps, 3, 3, generator=generator, dtype=torch.float32)
            saved[f"features.{place}.weight"] = weight / math.sqrt(4.5 * maps)
            saved[f"features.{place}.bias"] = torch.zeros(wider, dtype=torch.float32)
            maps, place = wider, place + 2
        place += 1
    (folder / "checkpoints").mkdir()
    torch.save(saved, folder / "checkpoints" / FILE)
    net = VGG(DataSpec.images((1, 32, 32)))
    features = net(torch.rand(2, 1, 32, 32))
    assert features.shape == (2, 512, 2, 2)
    assert features.min() < 0  # before the ReLU
    assert "34.weight" in net.net.state_dict()
    assert len(net.net) == 35
