"""What a patch has in common with its translation, by contrast with other patches (section 3)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

DIMENSIONS = 256
"""Of the space in which patches are compared."""


class Heads(nn.Module):
    """H: an MLP with a layer of 256 ReLUs for each of the encoder's maps, to unit vectors."""

    def __init__(self, maps: Sequence[int]) -> None:
        """Read vectors of so many maps, layer by layer."""
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(m, DIMENSIONS), nn.ReLU(), nn.Linear(DIMENSIONS, DIMENSIONS))
            for m in maps
        )

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """The vectors of some places of each of the maps.

        Args:
            features: (n, maps, height, width) each.
            places: int64 (s,) each, below height * width: of all images the same.

        Returns:
            (n, s, 256) each, of length 1.
        """
        return [
            normalize(head(maps.flatten(2)[:, :, at].mT), dim=2)
            for head, maps, at in zip(self.layers, features, places, strict=True)
        ]


def choose_places(features: Sequence[Tensor], count: int) -> list[Tensor]:
    """Places of each of the maps (n, maps, height, width), no place twice: int64 (s,).

    s is `count`, or height * width where there are fewer. Chosen on the device.
    """
    found = []
    for maps in features:
        there = maps.shape[2] * maps.shape[3]
        found.append(torch.rand(1, there, device=maps.device).argsort()[0, :count])
    return found


def patch_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Eq. 3: how hard it is to tell the key of each query from those of the image's other places.

    Args:
        queries: v, (n, s, d) of length 1.
        keys: v+ at the same place, and v- at the others of the same image; likewise.
        temperature: τ.

    Returns:
        The mean over images and places; ln s where all are alike.
    """
    logits = queries @ keys.mT / temperature
    own = torch.arange(logits.shape[1], device=logits.device).expand(logits.shape[:2])
    return cross_entropy(logits.flatten(0, 1), own.flatten())
