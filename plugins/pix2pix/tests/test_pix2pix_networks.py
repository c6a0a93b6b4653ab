"""The networks of Pix2Pix: beside the authors', what they see, and what passes through them."""

from collections.abc import Callable

import pytest
import torch
from ganzoo_pix2pix.patchgan import LEAST, MultiScale, PatchGAN, largest_depth
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo.networks.unet import Dropout, Norm, UNet, halvings_of

LAYERS = nn.Conv2d | nn.ConvTranspose2d | Norm


def waves(count: int, speed: float) -> Tensor:
    return (torch.arange(count, dtype=torch.float64) * speed).sin()


def fill(net: nn.Module, use: Callable[[], object]) -> None:
    """Give each layer weights by its place in the order in which they are used."""
    order: list[LAYERS] = []
    layers = [layer for layer in net.modules() if isinstance(layer, LAYERS)]
    hooks = [layer.register_forward_hook(lambda it, *_: order.append(it)) for layer in layers]
    with torch.no_grad():
        use()
        for hook in hooks:
            hook.remove()
        for i, layer in enumerate(order):
            layer.weight.copy_(0.1 * waves(layer.weight.numel(), 0.7 + i).view_as(layer.weight))
            if isinstance(layer, Norm):
                layer.weight += 1
            if layer.bias is not None:
                layer.bias.copy_(0.1 * waves(layer.bias.numel(), 0.3 + i))


# What the authors' networks (the README says from where) computed of these inputs with these
# weights, in float64, without dropout and with a width of 8: by side, images in the batch, and
# what is normalised over, the sums of values and of squares.
UNETS = {
    (128, 1, "image"): (-1873.6777912965304, 1764.517084307758),
    (128, 2, "batch"): (-3755.7662356352002, 3491.538218218644),
    (256, 1, "image"): (309.24319343425566, 1223.0419613333665),
    (256, 2, "batch"): (613.1594669807043, 2401.133578835489),
}
PATCHGANS = {
    (128, 1, "image"): (0.34516597863354725, 58.89258727013109),
    (128, 2, "batch"): (2.542035360083184, 126.26457262207018),
    (256, 1, "image"): (10.895584998516235, 91.17216749235669),
    (256, 2, "batch"): (16.557340959737516, 182.72867617205083),
}


@pytest.mark.parametrize(("side", "n", "norm"), UNETS)
def test_the_unet_computes_what_the_authors_does(side: int, n: int, norm: str) -> None:
    net = UNet(3, 2, 8, halvings_of(side, side), norm, dropout=0.0).double()
    image = waves(n * 3 * side**2, 0.37).view(n, 3, side, side)
    fill(net, lambda: net(image))
    with torch.no_grad():
        made = net(image)
    total, squares = UNETS[side, n, norm]
    assert made.sum().item() == pytest.approx(total, rel=1e-10)
    assert made.square().sum().item() == pytest.approx(squares, rel=1e-10)


@pytest.mark.parametrize(("side", "n", "norm"), PATCHGANS)
def test_the_patchgan_computes_what_the_authors_does(side: int, n: int, norm: str) -> None:
    net = PatchGAN(5, 8, 3, norm).double()
    pair = waves(n * 5 * side**2, 0.53).view(n, 5, side, side)
    fill(net, lambda: net(pair))
    with torch.no_grad():
        logits = net(pair)[-1]
    total, squares = PATCHGANS[side, n, norm]
    assert logits.sum().item() == pytest.approx(total, rel=1e-10)
    assert logits.square().sum().item() == pytest.approx(squares, rel=1e-10)


def test_networks_of_the_papers_width_have_as_many_parameters() -> None:
    with torch.device("meta"):
        nets = UNet(3, 3, 64, 8, "image", 0.5), PatchGAN(6, 64, 3, "image")
    counts = [sum(param.numel() for param in net.parameters()) for net in nets]
    assert counts == [54_413_955, 2_768_705]


@pytest.mark.parametrize(
    ("layers", "patch"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)]
)
def test_a_logit_sees_a_patch(layers: int, patch: int) -> None:
    """By the gradient of one of the middle; norms, whose mean is of the whole map, taken out."""
    net = PatchGAN(2, 1, layers, "image").double()
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
    for block in net.layers:
        for name, layer in block.named_children():
            if isinstance(layer, Norm):
                setattr(block, name, nn.Identity())
    pair = torch.rand(1, 2, 320, 320, dtype=torch.float64, requires_grad=True)
    logits = net(pair)[-1]
    middle = logits.shape[-1] // 2
    (grad,) = torch.autograd.grad(logits[0, 0, middle, middle], pair)
    rows, columns = grad[0].abs().amax(0).nonzero().unbind(1)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == patch


@pytest.mark.parametrize(
    ("shape", "halvings"),
    [
        ((1, 16, 16), 4),
        ((3, 28, 28), 4),
        ((2, 33, 47), 5),
        ((1, 64, 20), 4),
        ((4, 256, 384), 8),
        ((1, 512, 512), 8),
    ],
)
def test_every_size_comes_back(shape: tuple[int, int, int], halvings: int) -> None:
    channels, *sides = shape
    assert halvings_of(*sides) == halvings
    net = UNet(channels, 5, 2, halvings, "image", 0.5)
    with torch.no_grad():
        made = net(torch.rand(1, *shape))
    assert made.shape == (1, 5, *sides)
    assert made.abs().max() <= 1
    with torch.no_grad():  # that of the training is no other than this one's
        assert net(torch.rand(1, channels, 2**halvings + 3, 2**halvings)).shape[2:] == (
            2**halvings + 3,
            2**halvings,
        )


@pytest.mark.parametrize("side", [6, 16, 28, 56, 70])
def test_the_deepest_patchgan_has_a_verdict_left(side: int) -> None:
    net = PatchGAN(2, 1, largest_depth(side), "image")
    assert min(net(torch.rand(1, 2, side, side))[-1].shape[2:]) >= 1
    assert side >> (largest_depth(side) + 1) < LEAST


def test_skips_pass_pixels_when_the_bottleneck_passes_nothing() -> None:
    torch.manual_seed(0)
    net = UNet(1, 1, 4, 5, "image", 0.0)
    innermost = next(each for each in net.modules() if isinstance(each, nn.ConvTranspose2d))
    assert innermost.in_channels == innermost.out_channels == 32  # alone it has no skip to join
    nn.init.zeros_(innermost.weight)
    image, other = torch.rand(2, 1, 1, 32, 32)
    with torch.no_grad():
        assert (net(image) - net(other)).abs().max() > 1e-3


def test_the_innermost_levels_are_noisy() -> None:
    """Dropout on three of the seven levels, and none elsewhere: Isola et al. 2017, 6.1.1."""
    net = UNet(3, 3, 2, 8, "image", 0.5)
    rates = [layer.p for layer in net.modules() if isinstance(layer, Dropout)]
    assert rates == [0.5] * 3 + [0.0] * 4  # from the inside out


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_left_on(training: bool) -> None:
    torch.manual_seed(0)
    layer = Dropout(0.5).train(training)
    features = torch.ones(2, 3, 40, 40)
    first, second = layer(features), layer(features)
    assert not torch.equal(first, second)
    assert {*first.unique().tolist()} == {0.0, 2.0}
    assert (first == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert torch.equal(first[0], first[1]) is not training  # one z for all that is translated


def test_a_norm_is_of_each_image_or_in_training_of_the_batch() -> None:
    torch.manual_seed(0)
    features = torch.randn(3, 4, 5, 6) * 3 + torch.arange(3)[:, None, None, None]

    def standardised(values: Tensor, over: tuple[int, ...]) -> Tensor:
        variance = values.var(over, correction=0, keepdim=True)
        return (values - values.mean(over, keepdim=True)) / (variance + 1e-5).sqrt()

    for norm, training, over in (
        ("image", True, (2, 3)),
        ("image", False, (2, 3)),
        ("batch", True, (0, 2, 3)),
        ("batch", False, (2, 3)),
    ):
        layer = Norm(4, norm).train(training)
        scale, shift = (each.detach().view(1, 4, 1, 1) for each in (layer.weight, layer.bias))
        wanted = standardised(features, over) * scale + shift
        torch.testing.assert_close(layer(features), wanted, rtol=1e-4, atol=1e-5)


def test_the_second_scale_sees_half_the_size() -> None:
    torch.manual_seed(0)
    net = MultiScale(2, 3, 1, "image", 2)
    pair = torch.rand(1, 2, 30, 21)
    first, second = net(pair)
    half = avg_pool2d(pair, 3, 2, 1, count_include_pad=False)
    assert half.shape[2:] == (15, 11)
    torch.testing.assert_close(first[-1], net.scales[0](pair)[-1])
    torch.testing.assert_close(second[-1], net.scales[1](half)[-1])
