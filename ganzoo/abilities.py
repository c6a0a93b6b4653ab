"""What a trained variant can do besides drawing samples: mixins that commands look for."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor


class Classifier(ABC):
    """A variant that tells classes: ``ganzoo classify``."""

    @abstractmethod
    def classify(self, image: Tensor) -> Tensor:
        """Probabilities (n, classes) of images (n, channels, height, width) in [-1, 1]."""


class Translator(ABC):
    """A variant that turns images of one domain into images of another: ``ganzoo translate``."""

    directions: ClassVar[tuple[str, ...]] = ("a2b", "b2a")
    """What ``--direction`` can name."""

    @abstractmethod
    def translate(self, image: Tensor, direction: str) -> Tensor:
        """Images (n, channels, height, width) in [-1, 1] of the other domain."""
