"""SAGAN's whole networks beside plain functions written from the authors' files.

These are for TensorFlow 1 (github.com/brain-research/self-attention-gan at ad9612e), which does not
run here. The functions below were written from generator.py, discriminator.py, non_local.py and
ops.py, in the order of their lines and with TensorFlow's layouts, and are given this package's
weights and vectors.
"""

import pytest
import torch
from ganzoo_sngan.sagan import SAGAN, SAGANConfig
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import DataSpec
from ganzoo.plugins.equip import equipped

pytestmark = pytest.mark.usefixtures("in_float64")

State = dict[str, Tensor]


def l2normalize(v: Tensor) -> Tensor:
    return v / ((v**2).sum() ** 0.5 + 1e-12)


def spectral_normed_weight(weights: Tensor, u: Tensor) -> Tensor:
    """Of weights (..., outputs)."""
    w_mat = weights.reshape(-1, weights.shape[-1])
    u_ = u.reshape(1, -1)
    v_ = l2normalize(u_ @ w_mat.T)
    u_ = l2normalize(v_ @ w_mat)
    sigma = (v_ @ w_mat @ u_.T).squeeze()
    return (w_mat / sigma).reshape(weights.shape)


def snconv2d(state: State, name: str, x: Tensor) -> Tensor:
    """Maps (n, height, width, channels), weights (k_h, k_w, inputs, outputs)."""
    w = state[f"{name}.weight"].permute(2, 3, 1, 0)
    w_bar = spectral_normed_weight(w, state[f"{name}.u"])
    found = F.conv2d(x.permute(0, 3, 1, 2), w_bar.permute(3, 2, 0, 1), padding="same")
    return found.permute(0, 2, 3, 1) + state.get(f"{name}.bias", 0)


def snlinear(x: Tensor, matrix: Tensor, u: Tensor, bias: Tensor) -> Tensor:
    return x @ spectral_normed_weight(matrix, u) + bias


def usample(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 1).repeat_interleave(2, 2)


def dsample(x: Tensor) -> Tensor:
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def max_pooling2d(x: Tensor) -> Tensor:
    n, h, w, channels = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, channels).amax((2, 4))


def batch_normalization(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2), correction=0)
    return (x - mean) / (variance + 1e-5) ** 0.5 * gamma + beta


def conditional(state: State, name: str, x: Tensor, labels: Tensor) -> Tensor:
    """`ConditionalBatchNorm`, whose gamma begins at 1: here what is added to 1 begins at 0."""
    gamma = 1 + state[f"{name}.gain.weight"][labels]
    return batch_normalization(
        x, gamma[:, None, None], state[f"{name}.shift.weight"][labels][:, None, None]
    )


def sn_non_local_block_sim(state: State, name: str, x: Tensor) -> Tensor:
    n, h, w, channels = x.shape
    theta = snconv2d(state, f"{name}.query", x).reshape(n, h * w, channels // 8)
    phi = max_pooling2d(snconv2d(state, f"{name}.key", x)).reshape(n, h * w // 4, channels // 8)
    attn = (theta @ phi.mT).softmax(-1)
    g = max_pooling2d(snconv2d(state, f"{name}.value", x)).reshape(n, h * w // 4, channels // 2)
    attn_g = (attn @ g).reshape(n, h, w, channels // 2)
    return x + state[f"{name}.gamma"] * snconv2d(state, f"{name}.out", attn_g)


def generator_test(state: State, zs: Tensor, labels: Tensor, attended: int) -> Tensor:
    """And `generator_test_64`, which attends to maps of that size.

    Of the first layer TensorFlow has the outputs in the order height, width, channels.
    """
    weight, bias = state["project.weight"], state["project.bias"]

    def reordered(values: Tensor) -> Tensor:
        return values.unflatten(0, (-1, 4, 4)).movedim(0, 2).flatten(0, 2)

    act = snlinear(zs, reordered(weight).T, reordered(state["project.u"]), reordered(bias)).reshape(
        len(zs), 4, 4, -1
    )
    for number in range(5):
        name, x_0 = f"blocks.{number}", act
        x = usample(conditional(state, f"{name}.norm1", act, labels).relu())
        x = snconv2d(state, f"{name}.conv1", x)
        x = conditional(state, f"{name}.norm2", x, labels).relu()
        x = snconv2d(state, f"{name}.conv2", x)
        act = snconv2d(state, f"{name}.shortcut", usample(x_0)) + x
        if act.shape[1] == attended:
            act = sn_non_local_block_sim(state, f"{name}.attention", act)
    act = batch_normalization(act, state["norm.weight"], state["norm.bias"]).relu()
    return snconv2d(state, "to_image", act).tanh()


def discriminator_test(state: State, image: Tensor, labels: Tensor, attended: int) -> Tensor:
    """And `discriminator_test_64`."""
    x, h = image, image
    for number in range(6):
        name, first, downsample = f"trunk.{number}", number == 0, number < 5
        x_0 = h
        x = snconv2d(state, f"{name}.conv1", h if first else h.relu()).relu()
        x = snconv2d(state, f"{name}.conv2", x)
        if first:  # optimized_block
            x, x_0 = dsample(x), snconv2d(state, f"{name}.shortcut", dsample(x_0))
        elif downsample:
            x, x_0 = dsample(x), dsample(snconv2d(state, f"{name}.shortcut", x_0))
        h = x_0 + x
        if downsample and h.shape[1] == attended:
            h = sn_non_local_block_sim(state, f"{name}.attention", h)
    h6 = h.relu().sum((1, 2))
    output = snlinear(h6, state["verdict.weight"].T, state["verdict.u"], state["verdict.bias"])
    map_bar = spectral_normed_weight(state["embedding.weight"].T, state["embedding.u"]).T
    return (output + (h6 * map_bar[labels]).sum(1, keepdim=True))[:, 0]


def drawn(net: nn.Module) -> State:
    """The net with random numbers for all that it learns, norms and γ too; its state by name."""
    with torch.no_grad():
        for param in net.parameters():
            param.copy_(0.3 * torch.randn_like(param) + 0.1)
    return {name: value.clone() for name, value in net.state_dict().items()}


@pytest.mark.parametrize("attended", [32, 64])
def test_the_networks_compute_what_the_authors_do(attended: int) -> None:
    """At 128 pixels, the only size that their code has."""
    torch.manual_seed(0)
    config = SAGANConfig(
        width=8, generator_width=4, latent_dim=6, tapered=False, attention=attended
    )
    variant = SAGAN(equipped(config), DataSpec.images((3, 128, 128), 3))
    g_state, d_state = drawn(variant.generator), drawn(variant.discriminator)
    label, latent, image = torch.tensor([2, 0]), torch.randn(2, 6), torch.randn(2, 3, 128, 128)
    with torch.no_grad():
        fake, logits = variant.generator(latent, label), variant.discriminator(image, label)
        expected = generator_test(g_state, latent, label, attended).permute(0, 3, 1, 2)
        judged = discriminator_test(d_state, image.permute(0, 2, 3, 1), label, attended)
    torch.testing.assert_close(fake, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(logits, judged, rtol=1e-10, atol=1e-10)
