"""The settings of Huang et al. 2024, by data set, and one that a CPU can train."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """What differs between them; see the settings of the same names."""

    width: int
    wide_to: int
    blocks: int
    patch: int
    lr: float
    gamma: float
    half_life: float
    augment_p: float | None = None
    """None: the probability of an augmentation stays what the augmentation says."""


PRESETS = {
    "small": Preset(32, 8, 3, 2, lr=3e-3, gamma=10.0, half_life=10_000),
    "cifar10": Preset(768, 32, 2, 1, lr=2e-4, gamma=0.05, half_life=5_000_000, augment_p=0.55),
    "ffhq-64": Preset(768, 32, 2, 1, lr=2e-4, gamma=2.0, half_life=500_000, augment_p=0.3),
    "ffhq-256": Preset(768, 32, 2, 1, lr=2e-4, gamma=150.0, half_life=500_000, augment_p=0.3),
}
"""All but the first as in the authors' code."""
