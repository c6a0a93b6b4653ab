"""The settings of papers, by data set, and some that a CPU can train."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

Chosen = TypeVar("Chosen", bound="Preset")


@dataclass(frozen=True)
class Preset:
    """What differs between them; see the settings of the same names."""

    generator_width: int
    width: int
    generator_lr: float = 2e-4
    lr: float = 2e-4
    n_critic: int = 5
    generator_fakes: int = 1
    tapered: bool = False


MIYATO = {
    "small": Preset(16, 16, generator_lr=8e-3, lr=2e-3, n_critic=1, tapered=True),
    "cifar10": Preset(256, 128, generator_fakes=2),
    "imagenet-64": Preset(64, 64),
}
"""All but the first as in the code of Miyato & Koyama 2018."""

ZHANG = {
    "small": Preset(16, 16, generator_lr=5e-4, lr=2e-3, n_critic=1, tapered=True),
    "imagenet-128": Preset(64, 64, generator_lr=1e-4, lr=4e-4, n_critic=1),
}
"""The second as in the code of Zhang et al. 2019."""


@dataclass(frozen=True)
class BigPreset(Preset):
    """And what is BigGAN's own."""

    hierarchical: bool = True
    orthogonal: float = 1e-4
    orthogonal_start: bool = True


BROCK = {
    "small": BigPreset(16, 16, generator_lr=5e-4, lr=2e-3, n_critic=1, tapered=True),
    "cifar10": BigPreset(
        256, 256, n_critic=4, hierarchical=False, orthogonal=0.0, orthogonal_start=False
    ),
}
"""The second as in the PyTorch code of the first author, launch_cifar_ema.sh."""


def settled(preset: Chosen, config: Any) -> Chosen:
    """The preset, with whatever the config says in place of what it says."""
    given = {field.name: getattr(config, field.name) for field in fields(preset)}
    return replace(preset, **{name: value for name, value in given.items() if value is not None})
