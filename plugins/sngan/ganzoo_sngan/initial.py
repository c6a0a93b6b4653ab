"""The first weights of the authors' networks."""

import math

from torch import nn
from torch.nn.init import normal_, orthogonal_, xavier_uniform_, zeros_

from ganzoo_sngan.blocks import DownBlock, Norm, UpBlock
from ganzoo_sngan.spectral import Embedding

WEIGHTED = nn.Conv2d | nn.Linear | Embedding


def glorot(net: nn.Module, *, inside_blocks: float = math.sqrt(2)) -> None:
    """Glorot & Bengio 2010, biases 0; scales of norms are 1 and shifts 0 for every class.

    Args:
        net: whose weights are drawn.
        inside_blocks: the gain of the 3x3 convolutions of residual blocks.
    """
    for layer in net.modules():
        if isinstance(layer, WEIGHTED):
            xavier_uniform_(layer.weight)
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            zeros_(layer.bias)
    for layer in net.modules():
        if isinstance(layer, UpBlock | DownBlock):
            xavier_uniform_(layer.conv1.weight, inside_blocks)
            xavier_uniform_(layer.conv2.weight, inside_blocks)
        if isinstance(layer, Norm):
            for told in (layer.gain, layer.shift):
                if isinstance(told, Embedding):
                    zeros_(told.weight)


def brock(net: nn.Module, *, orthogonal: bool) -> None:
    """Orthogonal weights, or N(0, 0.02), those that scale and shift by the class too."""
    for layer in net.modules():
        if isinstance(layer, WEIGHTED):
            if orthogonal:
                orthogonal_(layer.weight)
            else:
                normal_(layer.weight, 0, 0.02)
