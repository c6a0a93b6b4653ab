"""Which extractor ``--features`` names."""

from collections.abc import Callable

import torch

from ganzoo.data.dataset import Dataset
from ganzoo.errors import unknown
from ganzoo.metrics.features.classifier import load_classifier
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.inception import Inception

KINDS = ("classifier", "inception")


def make_extractor(
    kind: str,
    train: Dataset,
    test: Dataset | None,
    device: torch.device,
    report: Callable[[str], None],
) -> Extractor:
    """The extractor that ``--features`` names.

    Args:
        kind: ``"classifier"``, of the classes of `train`, or ``"inception"``.
        train: what a classifier is trained on, where it has not been.
        test: tells how good a classifier is; None: that is not needed.
        device: where features are computed.
        report: is told what takes long.

    Raises:
        GanzooError: there is no such kind, or it cannot be had for these data or on this machine.
    """
    if kind == "classifier":
        return load_classifier(train, test, device, report)
    if kind == "inception":
        return Inception(device, report)
    raise unknown("kind of features", kind, KINDS)
