"""What an evaluation says: numbers, each with its direction, and the protocol they belong to."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Score:
    """One number."""

    name: str
    """``"frechet"``; see `ganzoo.metrics.evaluate` for what there is."""
    value: float
    better: str
    """Which is better: ``"higher"`` or ``"lower"``; empty, where neither is."""
    real: float | None = None
    """What real data score under the same protocol: what a perfect generator would come to."""


@dataclass(frozen=True)
class Report:
    """The numbers of one evaluation."""

    protocol: str
    """How they were obtained; numbers of different protocols cannot be compared."""
    scores: tuple[Score, ...]
    histogram: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By the name of each class its share of the samples, and its share of the data."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, which has no infinity: null instead."""
        scores = [
            {name: _finite(value) for name, value in asdict(score).items()} for score in self.scores
        ]
        return asdict(self) | {"scores": scores}


def _finite(value: Any) -> Any:
    return value if not isinstance(value, float) or isfinite(value) else None


MEANINGS = {
    "frechet": "distance between Gaussians fitted to the features (Heusel 2017)",
    "kid": "kernel distance of the features, unbiased (Bińkowski 2018)",
    "precision": "share of samples that lie among real ones (Kynkäänniemi 2019)",
    "recall": "share of real ones that lie among the samples (Kynkäänniemi 2019)",
    "density": "how many real neighbourhoods a sample lies in (Naeem 2020)",
    "coverage": "share of real ones with a sample nearby (Naeem 2020)",
    "classifier_score": "clear and equally frequent classes, at most their number (Salimans 2016)",
    "class_kl": "divergence of the classes' shares from the data's, in nats",
    "classes": "classes that are there at all",
    "consistency": "share that shows the class that was asked for",
    "memorised": "share that copies a training image (Yoon 2023)",
    "parzen": "log-likelihood of test images by a Parzen window, in nats (Goodfellow 2014)",
    "parzen_error": "standard error of it",
    "nearest_error": "share of test images whose nearest sample is of another class (Radford 2016)",
    "accuracy": "share of test images that the run's classifier gets right",
    "modes": "modes of the mixture that are there at all",
    "high_quality": "share within three standard deviations of a mode (Srivastava 2017)",
    "kept": "share of translations that show the same class",
    "cycle_kept": "the same, there and back",
    "cycle_psnr": "likeness of an image to its way there and back, in dB",
    "noisy_cycle_psnr": "the same with a little noise in between: less, if something is hidden",
    "identity_psnr": "likeness of an image of the target domain to its translation, in dB",
    "top1": "share most like their hidden partner",
    "partner_psnr": "likeness to the hidden partner, in dB",
    "other_psnr": "likeness to another image's partner, in dB",
}
"""What a score says, in a line; of one with a direction, ``a2b_kept``, what its rest says."""


def meaning(name: str) -> str:
    """What a score says, in a line; empty for one that a plugin added."""
    return MEANINGS.get(name) or MEANINGS.get(name.partition("_")[2], "")
