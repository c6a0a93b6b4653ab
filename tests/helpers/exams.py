"""Exams of toys, and the data that are made by hand for them."""

from typing import Any

import torch
from torch import Generator, Tensor, nn

from ganzoo import DataSpec, Field, Phase, Player, Variant
from ganzoo.data.dataset import Dataset, Truth
from ganzoo.metrics.catalogue import suitable
from ganzoo.metrics.exam import Amounts, Exam, Ground
from ganzoo.metrics.score import Score
from helpers.games import ToyConfig


def bytes_(n: int, *shape: int, seed: int = 0) -> Tensor:
    generator = Generator().manual_seed(seed)
    return torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8)


def in_range(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


def data(tensor: Tensor, kind: str, truth: Truth | None = None) -> Dataset:
    field = Field("sample", kind, tuple(tensor.shape[1:]))
    return Dataset(DataSpec(((field,),), "mine"), {"sample": tensor}, (truth or Truth(),))


NUMBERS = {
    "volume": bytes_(300, 1, 4, 4, 4),
    "video": bytes_(300, 1, 3, 4, 4),
    "series": torch.randn(300, 8, 2, generator=Generator().manual_seed(0)),
    "table": torch.randn(300, 5, generator=Generator().manual_seed(0)),
    "point": torch.randn(300, 3, generator=Generator().manual_seed(0)),
}


class Able(Variant):
    """A variant without a game, for abilities."""

    Config = ToyConfig

    def __init__(self, data: DataSpec) -> None:
        super().__init__(None, data)
        self.weight = nn.Parameter(torch.ones(()))
        self.eval()

    def players(self) -> dict[str, Player]:
        return {}

    def phases(self) -> list[Phase]:
        return []


class Replay(Able):
    """Draws what it was given, in order and again and again."""

    def __init__(self, samples: Tensor, data: DataSpec) -> None:
        super().__init__(data)
        self.samples, self.next = samples, 0

    def sample_latent(self, n: int) -> Tensor:
        rows = (torch.arange(n) + self.next) % len(self.samples)
        self.next += n if n > 1 else 0  # one is drawn to see whether it can
        return rows

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.samples[latent]


def make_ground(
    train: Dataset, test: Dataset | None = None, n: int = 200, **changes: Any
) -> Ground:
    """What is compared with; without a test split, as during a training."""
    given: dict[str, Any] = {
        "train": train,
        "real": test or train,
        "native": (train, test or train),
        "amounts": Amounts(n, n, n),
        "device": torch.device("cpu"),
        "seed": 0,
        "extractors": "classifier",
        "report": lambda message: None,
    }
    return Ground(**given | changes)


def judged(variant: Variant, train: Dataset, test: Dataset, *names: str) -> dict[str, Score]:
    """The scores of all evaluators that suit, or of those that are named."""
    exam = Exam(make_ground(train, test), variant)
    scores = [s for known in suitable(exam, names) for s in known.evaluator.judge(exam)]
    assert len({score.name for score in scores}) == len(scores)
    return {score.name: score for score in scores}
