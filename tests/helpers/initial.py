"""What networks start from."""

import torch
from scipy.stats import kstest, norm
from torch import nn


def assert_of_dcgan(nets: nn.Module) -> int:
    """See whether all weights are N(0, 0.02) and all biases 0, as Radford et al. 2016 have them.

    Returns:
        How many layers have weights; norms, whose scales some variants clip, are left out.
    """
    layers = [
        layer for layer in nets.modules() if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd)
    ]
    for layer in layers:
        weights = layer.weight.detach().flatten()[:20_000]
        assert kstest(weights.numpy(), norm(0, 0.02).cdf).pvalue > 1e-4
        assert layer.bias is None or not torch.any(layer.bias)
    return len(layers)
