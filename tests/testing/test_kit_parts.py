"""The kit's checks of regularisers and augmentations: what is sound passes, and each can fail."""

from typing import Any

import pytest

from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import AugmentationSpec, RegulariserSpec
from ganzoo.testing import (
    augmentation_verdicts,
    check_augmentation,
    check_regulariser,
    regulariser_verdicts,
)
from ganzoo.testing.check import Outcome
from ganzoo.testing.parts.checks import AUGMENTATION_CHECKS, COMMON, REGULARISER_CHECKS, PartSubject

CORE = registry().plugins[0]
BROKEN_REGULARISERS = [
    ("Detached", "penalty", "D learns nothing from the penalty"),
    ("Vector", "penalty", "return a finite scalar, the mean over samples"),
    ("Reads", "device", "reads a tensor on the host: compute with device tensors alone"),
    ("NoiseOnTheCPU", "device", "meets a tensor on the CPU that"),
    ("PythonRandom", "seed", "it gives another result with the same seed: draw random"),
    ("Learns", "no-parameters", "bias is a parameter, which no player has and nobody trains"),
    ("TakesGradientsAtTheSamples", "no-leak", "take sample.detach().requires_grad_()"),
    ("LeavesGradients", "no-leak", "call torch.autograd.grad(), not backward()"),
    ("DetachesPart", "slope", "detach nothing of what the penalty is made of"),
    ("ImagesAlone", "other-data", "on labelled points of shape 2 it fails (IndexError): raise"),
    ("WithoutSettings", "target", "WithoutSettings.Config has no setting 'every'"),
    ("Nothing", "target", "helpers.broken.parts:Nothing cannot be imported"),
    ("NoConfig", "target", "must be a subclass of ganzoo.regularisers.Regulariser"),
]
BROKEN_AUGMENTATIONS = [
    ("Cropped", "shape", "samples of shape (6, 2, 8, 8) become (6, 2, 8, 7): keep their shape"),
    ("InPlace", "no-leak", "it changes the samples that it is given, which others see too"),
    ("PicturesOnly", "other-data", "on labelled points of shape 2 it fails (ValueError): ra"),
    ("Curt", "other-data", "on labelled points it refuses with 'images only': write one"),
    ("Rounded", "differentiable", "no gradient reaches some samples"),
    ("Brighter", "own-draw", "64 equal samples become 64 equal ones"),
    ("Detached", "target", "must be a subclass of ganzoo.augmentations.SeenAugmentation"),
]


@pytest.mark.parametrize("name", [row.spec.name for row in registry().regularisers()])
def test_installed_regularisers_conform(name: str) -> None:
    verdicts = [*regulariser_verdicts(name)]
    assert [v.check for v in verdicts] == [check.name for check in REGULARISER_CHECKS.all]
    check_regulariser(name)


@pytest.mark.parametrize("name", [row.spec.name for row in registry().augmentations()])
def test_installed_augmentations_conform(name: str) -> None:
    verdicts = [*augmentation_verdicts(name)]
    assert [v.check for v in verdicts] == [check.name for check in AUGMENTATION_CHECKS.all]
    check_augmentation(name)


def failures(spec: Any) -> dict[str, str]:
    kind = REGULARISER_CHECKS if isinstance(spec, RegulariserSpec) else AUGMENTATION_CHECKS
    verdicts = kind.verdicts(PartSubject(Registered(spec, CORE)))
    return {v.check: v.message for v in verdicts if v.outcome is Outcome.FAILED}


@pytest.mark.parametrize(("name", "check", "message"), BROKEN_REGULARISERS)
def test_each_check_of_regularisers_fails_what_is_broken(
    name: str, check: str, message: str
) -> None:
    found = failures(RegulariserSpec("toy", f"helpers.broken.parts:{name}", "a toy"))
    assert [*found] == [check]
    assert message in found[check]


@pytest.mark.parametrize(("name", "check", "message"), BROKEN_AUGMENTATIONS)
def test_each_check_of_augmentations_fails_what_is_broken(
    name: str, check: str, message: str
) -> None:
    found = failures(AugmentationSpec("toy", f"helpers.broken.parts:{name}", "a toy"))
    assert [*found] == [check]
    assert message in found[check]


def test_a_spec_says_what_it_is() -> None:
    untitled = RegulariserSpec("toy", "ganzoo.regularisers:R1", " ")
    assert failures(untitled) == {"spec": "'toy' has no title: say in a few words what it is"}
    unlinked = AugmentationSpec("toy", "ganzoo.augmentations:Translation", "a toy", "paper.pdf")
    assert "give a link" in failures(unlinked)["spec"]


def test_each_check_has_been_seen_to_fail() -> None:
    seen = {check for _, check, _ in BROKEN_REGULARISERS} | {"registration", "spec"}
    assert seen == {check.name for check in REGULARISER_CHECKS.all}
    common = {check.name for check in COMMON.all}
    seen = {check for _, check, _ in BROKEN_AUGMENTATIONS} | common
    assert seen == {check.name for check in AUGMENTATION_CHECKS.all}
