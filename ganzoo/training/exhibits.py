"""What a training shows besides what it learns from, and how that is drawn and compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ganzoo.artifacts import pictures
from ganzoo.artifacts.files import replacing
from ganzoo.artifacts.gallery import Gallery
from ganzoo.data.dataset import Dataset
from ganzoo.data.kinds import kind_of, sample_kind
from ganzoo.runs.logged import CLASS_DIVERSITY, COPIES, DIVERSITY
from ganzoo.spec import DataSpec
from ganzoo.training.watching.diversity import diversity, in_classes
from ganzoo.variant import Variant

if TYPE_CHECKING:
    from ganzoo.metrics.during import Quality
    from ganzoo.training.watching.copies import Copying


@dataclass(frozen=True)
class Exhibits:
    """What a training shows and measures besides what it learns from."""

    data: DataSpec
    """What the variant was told."""
    examples: dict[str, Tensor]
    """The first samples of each stream, on the device."""
    modes: Tensor | None = None
    """Of the data, to be marked in pictures."""
    test: Dataset | None = None
    """The test split, for a variant that measures itself."""
    quality: Quality | None = None
    """Measures the samples, where ``--evaluate-every`` asks for it."""
    copying: Copying | None = None
    """Counts copies of few training images, where quality is not measured."""
    class_entropy: float | None = None
    """Of the labels of the data, in nats, to compare the quality with."""

    @property
    def real(self) -> Tensor | None:
        """What samples should come to look like; None: the data are not of one kind, or not shown.

        Made values, on the device.
        """
        return self.examples.get(self.data.sample.name) if self.data.domains == 1 else None

    def draw(self, gallery: Gallery, path: Path) -> None:
        """Write a PNG of a gallery: of samples, or of images where they are no images."""
        like_data = gallery.images.dim() == 1 + len(self.data.shape)
        kind = sample_kind(self.data) if like_data else kind_of("image")
        made = gallery.images if kind.whole else gallery.images.float()
        with replacing(path) as temporary:
            kind.draw(self.data.sample, made.cpu(), temporary, self.modes, gallery.columns)
            pictures.add_caption(temporary, gallery.caption)

    def look(self, gallery: Gallery, variant: Variant, step: int) -> dict[str, float]:
        """What is logged of a grid, by name.

        Args:
            gallery: what is shown.
            variant: who made it, in eval mode.
            step: of the training.
        """
        ratios = {DIVERSITY: self.diversity(gallery), CLASS_DIVERSITY: self.in_classes(gallery)}
        seen = {name: ratio for name, ratio in ratios.items() if ratio is not None}
        seen = {name: ratio for name, ratio in seen.items() if isfinite(ratio)}
        if self.copying is not None and self.copying.is_due(step):
            seen[COPIES] = self.copying.share(variant)
        return seen

    def diversity(self, gallery: Gallery) -> float | None:
        """How different what was made is, relative to the data; None: it cannot be compared.

        Where the variant says which pictures it made, they are like the data if they have their
        shape; else only samples of data of one kind are known to be so.
        """
        real, shape = self.real, gallery.images.shape[1:]
        others = real is None or (len(shape) == real.dim() - 1 and shape != real.shape[1:])
        if gallery.made is not None and others:
            real = next((one for one in self.examples.values() if one.shape[1:] == shape), None)
        if real is None:
            return None
        kind = sample_kind(self.data)
        made, wanted = (kind.compared(self.data.sample, each) for each in (gallery.samples, real))
        return diversity(made, wanted)

    def in_classes(self, gallery: Gallery) -> float | None:
        """The same of what was made for one class; None where that is not known."""
        labels, real, own = gallery.sample_labels, self.real, self.examples.get("label")
        if labels is None or real is None or own is None:
            return None
        kind = sample_kind(self.data)
        made, wanted = (kind.compared(self.data.sample, each) for each in (gallery.samples, real))
        return in_classes(made, labels, wanted, own)
