"""SAGAN: attention beside numpy, what it is at the start, and what is normalised."""

from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_sngan.blocks import SelfAttention
from ganzoo_sngan.sagan import SAGAN, SAGANConfig
from ganzoo_sngan.spectral import PLAIN
from torch import Tensor, nn

from ganzoo import Batch, DataSpec, Progress
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped
from ganzoo.variant import Adam


def their_block(x: np.ndarray, weights: dict[str, np.ndarray], sigma: float) -> np.ndarray:
    """non_local.py of github.com/brain-research/self-attention-gan at ad9612e, by numpy.

    Args:
        x: (n, height, width, channels).
        weights: of its 1x1 convolutions, inputs by outputs.
        sigma: its `sigma_ratio`.
    """
    n, h, w, channels = x.shape

    def pooled(maps: np.ndarray) -> np.ndarray:
        return maps.reshape(n, h // 2, 2, w // 2, 2, -1).max((2, 4)).reshape(n, h * w // 4, -1)

    theta = (x @ weights["theta"]).reshape(n, h * w, channels // 8)
    phi = pooled(x @ weights["phi"])
    attn = theta @ phi.transpose(0, 2, 1)
    attn = np.exp(attn) / np.exp(attn).sum(-1, keepdims=True)
    attn_g = (attn @ pooled(x @ weights["g"])).reshape(n, h, w, channels // 2)
    return x + sigma * (attn_g @ weights["attn"])


def block(channels: int = 16) -> Any:
    torch.manual_seed(0)
    return SelfAttention(channels, PLAIN).double()


def test_attention_computes_what_the_authors_do() -> None:
    attention, maps = block(), torch.randn(2, 16, 6, 4, dtype=torch.float64)
    names = {"theta": "query", "phi": "key", "g": "value", "attn": "out"}
    weights = {
        theirs: attention.get_parameter(f"{ours}.weight").detach()[:, :, 0, 0].T.numpy()
        for theirs, ours in names.items()
    }
    with torch.no_grad():
        attention.gamma.fill_(0.7)
        found = attention(maps).permute(0, 2, 3, 1).numpy()
    expected = their_block(maps.permute(0, 2, 3, 1).numpy(), weights, 0.7)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_it_starts_as_if_it_were_not_there() -> None:
    """γ = 0, so that only γ learns at first."""
    attention, maps = block(), torch.randn(2, 16, 6, 4, dtype=torch.float64)
    assert torch.equal(attention(maps), maps)
    loss = (attention(maps) * torch.randn_like(maps)).sum()
    gamma, *others = torch.autograd.grad(loss, [*attention.parameters()])
    assert gamma != 0
    assert not any(gradient.any() for gradient in others)


def test_weights_are_shared_among_the_keys_of_a_query() -> None:
    """So that where all values are alike, attention sees that value everywhere."""
    attention, maps = block(), torch.randn(2, 16, 4, 4, dtype=torch.float64)
    attention.value = Constant()
    attention.out = nn.Identity()
    with torch.no_grad():
        attention.gamma.fill_(1.0)
        torch.testing.assert_close(attention(maps) - maps, torch.full_like(maps, 5.0))


class Constant(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return torch.full_like(maps, 5.0)


def make(side: int = 8, **settings: Any) -> Any:
    torch.manual_seed(0)
    small = {"width": 4, "generator_width": 4, "latent_dim": 6} | settings
    return SAGAN(equipped(SAGANConfig(**small)), DataSpec.images((1, side, side), 10))


@pytest.mark.parametrize(
    ("side", "asked", "attended"),
    [
        (28, 32, 14),
        (32, 32, 16),
        (64, 32, 32),
        (128, 32, 32),
        (64, 16, 16),
        (64, 20, 16),
        (8, 4, 0),
    ],
)
def test_which_maps_attention_looks_at(side: int, asked: int, attended: int) -> None:
    """At 128 pixels those of 32, as in the authors' code."""
    with torch.device("meta"):
        variant = make(side, attention=asked)
    assert variant.attended() == attended
    for net in (variant.generator, variant.discriminator):
        found = [layer for layer in net.modules() if isinstance(layer, SelfAttention)]
        assert len(found) == bool(attended)


def test_attention_looks_at_maps_of_that_size_in_both() -> None:
    variant = make(28)
    seen: list[torch.Size] = []
    for layer in variant.modules():
        if isinstance(layer, SelfAttention):
            layer.register_forward_hook(lambda *found: seen.append(found[2].shape[2:]))
    variant.generator_loss(Batch({"image": torch.zeros(2, 1, 28, 28), "label": torch.arange(2)}))
    assert seen == [(14, 14), (14, 14)]


def test_both_networks_are_normalised_but_for_what_norms_are_told() -> None:
    variant = make(28)
    kinds = {type(layer).__name__ for layer in variant.modules()}
    assert {"SpectralConv2d", "SpectralLinear", "SpectralEmbedding", "Embedding"} <= kinds
    assert not {"Conv2d", "Linear"} & kinds


def test_two_rates_and_one_update_each() -> None:
    """Section 4.2: 1e-4 for G, 4e-4 for D, Adam with β = (0, 0.9), constant."""
    with torch.device("meta"):
        variant = make(128, preset="imagenet-128")
    rates = {name: player.optim for name, player in variant.players().items()}
    assert rates == {
        "generator": Adam(1e-4, (0.0, 0.9)),
        "discriminator": Adam(4e-4, (0.0, 0.9)),
    }
    assert [phase.repeat for phase in variant.phases()] == [1, 1]
    assert variant.dials(Progress(50, 100, 0)) == {}


def test_first_weights_have_a_gain_of_1() -> None:
    """Glorot's, as tf.contrib's `xavier_initializer`, in blocks too."""
    conv = make(8, generator_width=16, tapered=False).generator.blocks[0].conv1.weight
    assert conv.abs().max().item() == pytest.approx((6 / (9 * 32)) ** 0.5, rel=0.01)


def test_the_average_of_a_normalised_g_draws_as_it_is_trained() -> None:
    """An average of unit vectors is shorter than one, which must not enlarge what it divides."""
    image = torch.randint(256, (40, 1, 8, 8), dtype=torch.uint8)
    data = Dataset.images("noise", image, torch.arange(40) % 10, tuple("0123456789"))
    torch.manual_seed(0)
    config = SAGANConfig(width=4, generator_width=4, latent_dim=6, ema=0.5, generator_lr=1e-6)
    variant = SAGAN(equipped(config), data.spec)
    streams = variant.streams(data)
    feed = make_feed(data, 8, device=torch.device("cpu"), seed=0, streams=streams)
    engine = Engine(variant, feed, 100)
    for _ in range(60):
        engine.step()
    latent, label = variant.sample_latent(20), torch.arange(20) % 10
    variant.eval()
    with torch.no_grad():
        wanted = variant(latent, label)
    with engine.averaged() as averaged:
        torch.testing.assert_close(averaged(latent, label), wanted, rtol=0, atol=0.05)
