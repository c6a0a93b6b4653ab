"""What an extractor must see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.source import ExtractorRequest, Source
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.spec import DataSpec, ExtractorSpec
from ganzoo.testing.check import Checks, Failure, NotApplicable
from ganzoo.testing.registration import check_registration

CLOSE = 1e-4
"""Relative to the features, by which those of an image may differ with those that come with it."""


@dataclass
class ExtractorSubject:
    """An installed extractor."""

    registered: Registered[ExtractorSpec]

    @cached_property
    def source(self) -> Source:
        """What the spec's target names.

        Raises:
            GanzooError: it is no source.
        """
        source: Source = load_target(self.registered.spec)
        return source

    @cached_property
    def extractor(self) -> Extractor:
        """Of photos without labels.

        Raises:
            NotApplicable: there can be none here.
        """
        photos = Dataset.images("the kit's", _images(20, (3, 32, 32)))
        if words := self.source.lacks(photos.spec):
            raise NotApplicable(f"it {words}")
        request = ExtractorRequest(photos, None, torch.device("cpu"), lambda message: None)
        return self.source.make(request)


EXTRACTOR_CHECKS = Checks[ExtractorSubject]()


@EXTRACTOR_CHECKS.check("registration")
def _registration(subject: ExtractorSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@EXTRACTOR_CHECKS.check("spec")
def _spec(subject: ExtractorSubject) -> None:
    """The spec says what network it is."""
    if not subject.registered.spec.title.strip():
        raise Failure("the ExtractorSpec has no title: say what network it is")


@EXTRACTOR_CHECKS.check("needs")
def _needs(subject: ExtractorSubject) -> None:
    """It says in words what it would need to see photos without labels, if anything."""
    words = subject.source.lacks(DataSpec.images((3, 32, 32)))
    if not isinstance(words, str):
        raise Failure(f"lacks() gives {words!r}: return a text, empty where nothing is lacking")


@EXTRACTOR_CHECKS.check("features", needs=("needs",))
def _features(subject: ExtractorSubject) -> None:
    """It sees finite features, the same ones each time, in images of any size and channels."""
    extractor, width = subject.extractor, 0
    if not (extractor.name.strip() and extractor.resizing.strip()):
        raise Failure("the extractor has no name or no resizing: the protocol needs both")
    for shape in ((3, 32, 32), (1, 28, 28), (4, 40, 64), (3, 16, 16)):
        images = _images(6, shape)
        found = extractor(images).hidden
        size = "x".join(map(str, shape))
        if found.dtype != torch.float32 or found.dim() != 2 or len(found) != len(images):
            raise Failure(f"of 6 images {size} it sees {found.dtype} {tuple(found.shape)}: see "
                          "ganzoo.metrics.features.extractor.Features")  # fmt: skip
        if not found.isfinite().all():
            raise Failure(f"of images {size} it sees what is not finite")
        if width not in (0, found.shape[1]):
            raise Failure(f"of images {size} it sees {found.shape[1]} features, of others {width}")
        width = found.shape[1]
        if not torch.equal(extractor(images).hidden, found):
            raise Failure(f"of the same images {size} it sees something else the next time")
        alone = extractor(images[2:3]).hidden
        if not torch.allclose(alone, found[2:3], rtol=CLOSE, atol=CLOSE):
            raise Failure(f"of an image {size} it sees something else where others come with it")


def _images(n: int, shape: tuple[int, int, int]) -> Tensor:
    return torch.randint(256, (n, *shape), dtype=torch.uint8, generator=Generator().manual_seed(0))
