"""Terms of D's loss that StyleGAN2 is given, beside its own R1."""

from typing import Any

import pytest
from ganzoo_stylegan.stylegan2 import StyleGAN2, StyleGAN2Config

from ganzoo import DataSpec, GanzooError
from ganzoo.plugins.equip import equipped


def make(**settings: Any) -> StyleGAN2:
    config = StyleGAN2Config(width=4, latent_dim=4, **settings)
    return StyleGAN2(equipped(config), DataSpec.images((1, 8, 8)))


def test_another_r1_takes_the_place_of_its_own() -> None:
    """Of which there is one: the term's γ, as often as the term says."""
    phases = {phase.name: phase for phase in make(regulariser="r1:gamma=3,every=5").phases()}
    assert [*phases] == ["generator", "path_length", "discriminator", "r1"]
    assert (phases["r1"].every, phases["r1"].lazy) == (5, True)
    phases = {phase.name: phase for phase in make(regulariser="r1").phases()}
    assert "r1" not in phases
    assert phases["discriminator"].second_order
    assert "r1" in {phase.name for phase in make(regulariser="r2").phases()}
    with pytest.raises(GanzooError, match="--gamma and --regulariser r1 both weigh R1: give one"):
        make(regulariser="r1", gamma=2.0)
