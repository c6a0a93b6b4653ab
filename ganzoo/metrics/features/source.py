"""Where an extractor comes from: what a plugin registers for ``--features NAME``."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganzoo.data.dataset import Dataset
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.spec import DataSpec


@dataclass(frozen=True)
class ExtractorRequest:
    """What an extractor is to be made for."""

    train: Dataset
    """What may be learned from, at its own size."""
    test: Dataset | None
    """Tells how good what was learned is; None: that is not needed."""
    device: torch.device
    """Where features are computed."""
    report: Callable[[str], None]
    """Is told what takes long."""


class Source(ABC):
    """Makes extractors."""

    @abstractmethod
    def lacks(self, data: DataSpec) -> str:
        """What it would need to see such images here, without a network; empty: nothing.

        It is asked before anything long begins, and answers at once, as the rest of a sentence:
        ``"needs labels, which 'photos' has not"``. The first source that lacks nothing is taken
        where the user names none.
        """

    @abstractmethod
    def make(self, request: ExtractorRequest) -> Extractor:
        """An extractor.

        Raises:
            GanzooError: it cannot be had for these data or on this machine.
        """
