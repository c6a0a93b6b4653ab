"""L_I(G, Q) = E[log Q(c|x)] + H(c), eq. 5: a lower bound of the mutual information I(c; G(z, c)).

In nats, with x = G(z, c): a part for the categorical code, and a part for the continuous ones.
"""

import math

from torch import Tensor
from torch.nn import functional as F


def categorical_bound(logits: Tensor, c1: Tensor) -> Tensor:
    """Of c1 ~ Cat(K, 1/K): ln K where Q is right and sure, 0 where it knows nothing.

    Args:
        logits: of Q(c1|x), (n, K); no softmax: that belongs to the logarithm.
        c1: one-hot (n, K).

    Returns:
        The mean of a batch.
    """
    entropy = math.log(c1.shape[1])
    return entropy - F.cross_entropy(logits, c1)


def continuous_bound(mean: Tensor, log_std: Tensor, c: Tensor) -> Tensor:
    """Of c2, c3, ... ~ U(-1, 1), for which Q(c|x) is a Gaussian each.

    Args:
        mean: of Q, (n, codes).
        log_std: the logarithm of its standard deviation, (n, codes).
        c: the codes, (n, codes).

    Returns:
        The sum over the codes, the mean of a batch.
    """
    log_q = -(((c - mean) / log_std.exp()).square()) / 2 - log_std - math.log(2 * math.pi) / 2
    entropy = math.log(2)
    return (log_q + entropy).sum(1).mean()
