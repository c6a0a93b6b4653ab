"""Images, and what an extractor sees in them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from ganzoo.metrics.features.extractor import Features
from ganzoo.metrics.images import memory


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one kind, with what is found out about them when it is first needed."""

    pixels: Tensor
    """uint8 (n, channels, height, width)."""
    see: Callable[[Tensor], Features]
    """What an extractor says of such images."""
    training: Tensor
    """uint8 (m, channels, height, width): the training split, of which they may be copies."""
    labels: Tensor | None = None
    """int64 (n,): what they are images of, or were asked to be."""

    @cached_property
    def features(self) -> Features:
        """What the extractor says of each."""
        return self.see(self.pixels)

    @cached_property
    def nearest(self) -> tuple[Tensor, Tensor]:
        """Distances (n, 2) in pixels to the two nearest training images, and which they are."""
        return memory.nearest(self.pixels, self.training)

    @property
    def hidden(self) -> Tensor:
        """float32 (n, d)."""
        return self.features.hidden

    @property
    def told(self) -> Tensor:
        """int64 (n,): the classes that the extractor takes them for."""
        return self.probabilities.argmax(1)

    @property
    def probabilities(self) -> Tensor:
        """float32 (n, classes)."""
        found = self.features.probabilities
        assert found is not None
        return found

    def __len__(self) -> int:
        return len(self.pixels)
