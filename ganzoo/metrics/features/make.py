"""Which extractor ``--features`` names, or what suits the data where it names none."""

from collections.abc import Callable

import torch

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.source import ExtractorRequest, Source
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec

AUTO = "auto"
"""After ``--features``: the first that can be had without a network."""


def make_extractor(
    kind: str,
    train: Dataset,
    test: Dataset | None,
    device: torch.device,
    report: Callable[[str], None],
) -> Extractor:
    """The extractor that ``--features`` names.

    Args:
        kind: a name that ``ganzoo extractors`` lists, or `AUTO`.
        train: what a classifier is trained on, where it has not been.
        test: tells how good a classifier is; None: that is not needed.
        device: where features are computed.
        report: is told what takes long.

    Raises:
        GanzooError: there is no such kind, or it cannot be had for these data or on this machine.
    """
    source: Source = registry().extractor(chosen_features(kind, train.spec)).load()
    return source.make(ExtractorRequest(train, test, device, report))


def chosen_features(kind: str, *data: DataSpec) -> str:
    """The name of an extractor, with that of its distribution where several have it.

    Args:
        kind: a name, or `AUTO`, which means the first registered one that lacks nothing.
        data: what it must see, all of them.

    Raises:
        GanzooError: there is none of that name; or, of `AUTO`, all lack something.
    """
    if kind != AUTO:
        registry().extractor(kind)
        return kind
    lacking = []
    for row in registry().extractors():
        words = _lack(row.load(), data) if row.usable else row.error
        if not words:
            return row.qualified if row.rivals else row.spec.name
        lacking.append(f"{row.spec.name} {words}")
    raise GanzooError(
        f"nothing sees features in images of '{data[0].name}': {', '.join(lacking)}; `pip install "
        "ganzoo-features` brings a network that needs neither labels nor a download"
    )


def check_features(kind: str, data: Dataset, report: Callable[[str], None]) -> None:
    """See before long work whether there will be an extractor; what it must download, it does now.

    Args:
        kind: a name, or `AUTO`.
        data: what it must see, of one domain or of two.
        report: is told of a download.

    Raises:
        GanzooError: there will be none.
    """
    domains = tuple(map(data.spec.group, range(data.spec.domains)))
    source: Source = registry().extractor(chosen_features(kind, *domains)).load()
    if _lack(source, domains):
        source.make(ExtractorRequest(data.group(0), None, torch.device("cpu"), report))


def _lack(source: Source, data: tuple[DataSpec, ...]) -> str:
    return next(filter(None, map(source.lacks, data)), "")
