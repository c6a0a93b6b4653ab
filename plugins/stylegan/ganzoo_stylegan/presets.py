"""The settings of the authors, by name, and for either variant some that a CPU can train."""

from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")

AUTO_BATCH = 32
"""Samples a batch for which `gamma` is worked out, where a preset has none."""


@dataclass(frozen=True)
class Preset:
    """What differs between them; see the settings of the same names."""

    width: int
    wide_to: int
    latent_dim: int
    mapping: int
    group: int
    half_life: float
    lr: float = 0.0025
    ramp: float | None = 0.05
    """The half-life is at most so many times the images seen so far."""
    gamma: float | None = None
    """None: 0.0002 height width / batch."""
    path_length: float = 2.0
    mixing: float = 0.9
    residual: bool = True


PRESETS = {
    "small": Preset(64, 8, 64, 2, group=4, half_life=10_000, gamma=10.0, path_length=0.2),
    "auto": Preset(512, 32, 512, 2, group=4, half_life=10_000),
    "cifar10": Preset(
        *(512, 64, 512, 2),
        group=32,
        half_life=500_000,
        gamma=0.01,
        path_length=0.0,
        mixing=0.0,
        residual=False,
    ),
    "paper256": Preset(512, 32, 512, 8, group=8, half_life=20_000, ramp=None, gamma=1.0),
}
"""All but the first as in the authors' train.py; auto is what it takes for batches of 32."""


def automatic_gamma(height: int, width: int) -> float:
    """The authors' rule for the weight of R1."""
    return 0.0002 * height * width / AUTO_BATCH


@dataclass(frozen=True)
class GrowingPreset:
    """Of ProGAN."""

    width: int
    wide_to: int
    latent_dim: int
    stable: int
    fading: int
    slope: float = 1.0


GROWING_PRESETS = {
    "small": GrowingPreset(64, 8, 64, stable=20_000, fading=20_000),
    "cifar10": GrowingPreset(128, 32, 128, stable=400_000, fading=400_000, slope=750.0),
    "celeba-hq": GrowingPreset(512, 32, 512, stable=600_000, fading=600_000),
}
"""All but the first as in the authors' code: cifar10 in that for Theano."""


def either(given: Value | None, otherwise: Value) -> Value:
    """What is given, where something is."""
    return otherwise if given is None else given
