"""What a translator keeps of an image, and whether its translations pass for the other domain.

It is measured on test images, and every translation is rounded to 8 bits, also before it is
translated back. The scores of the direction ``a2b``, and of ``b2a`` likewise:

``a2b_kept``
    the share of a→b in which the judge of b sees the label of the original; beside it the share of
    real images of b whose own label it sees. It needs judges that tell classes, and domains that
    have the same ones.
``a2b_cycle_kept``
    the share of a→b→a in which the judge of a sees the label of the original; beside it the share
    of real images of a. It needs a judge that tells classes.
``a2b_frechet``
    the Fréchet distance of a→b to as many real images of b, in the features of the judge of b;
    beside it that of as many training images.
``a2b_cycle_psnr``
    of a→b→a to a.
``a2b_noisy_cycle_psnr``
    the same with a little noise on a→b: where it is clearly less, a→b hides what it does not show
    (Chu, Zhmoginov & Sandler 2017).
``a2b_identity_psnr``
    of what a→b makes of b, to b: nothing has to change.

and where the partner of each image is known (`Dataset.paired`):

``a2b_top1``
    the share of a→b that correlate with their partner more than with that of any other image, as
    standardised luminance; beside it that of the partners themselves. By chance it is 1 / n.
``a2b_partner_psnr``
    of a→b to its partner, which no translator reaches that cannot know the partner's colours.
``a2b_other_psnr``
    of a→b to another image's partner, for comparison.

PSNRs are in dB, and means over the images.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.abilities import Translator
from ganzoo.artifacts.pictures import to_bytes
from ganzoo.data.dataset import Dataset
from ganzoo.engine.device import seeded
from ganzoo.metrics.features.extractor import Extractor, Features
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.images import choose
from ganzoo.metrics.score import HIGHER, LOWER, Score
from ganzoo.variant import Variant

CHUNK = 32
"""Images translated at once."""
ROWS = 1000
"""Images compared with all candidates at once."""
NOISE = 4.0
"""Standard deviation of the noise on a translation, of 255."""
EXACT = 1e-2
"""The mean squared error of 8-bit values below which images count as equal, at 68.1 dB."""

Translate = Callable[[Tensor, str], Tensor]
"""uint8 images and a direction to uint8 images."""


def translation_scores(
    variant: Variant,
    test: Dataset,
    judges: tuple[Extractor, Extractor] | None,
    *,
    n: int,
    seed: int,
    train: Dataset | None = None,
) -> list[Score]:
    """The scores that the module's documentation describes, as far as they apply.

    Args:
        variant: one with the ability `Translator`, in eval mode, whose first direction is from
            `test` to ``test.other`` and whose second is the way back.
        test: two domains.
        judges: what sees features in images of each domain, and perhaps tells its classes; None:
            what needs judges is left out.
        n: how many images of each domain are translated; all, where it has fewer.
        seed: of the choice of images and of the noise.
        train: the training split, whose images stand beside the Fréchet distances.
    """
    assert isinstance(variant, Translator)
    assert test.other is not None
    sides = test, test.other
    known = (None, None) if train is None else (train, train.other)
    first, second = (
        _Domain.of(side, judge, n, seed, training)
        for side, judge, training in zip(sides, judges or (None, None), known, strict=True)
    )
    a2b, b2a = variant.directions
    with torch.no_grad(), seeded(seed, variant.device):
        translate = _in_bytes(variant, variant.device)
        ways = [
            _Way.go(a2b, b2a, first, second, translate),
            _Way.go(b2a, a2b, second, first, translate),
        ]
    scores: list[Score] = []
    for way in ways:
        scores += _of_judges(way)
        scores += _of_pixels(way)
        if test.paired:
            scores += _of_partners(way)
    return scores


def psnr(images: Tensor, others: Tensor) -> float:
    """The mean over uint8 images (n, c, h, w) of their peak signal-to-noise ratios, in dB."""
    errors = [
        (one.float() - other.float()).square().flatten(1).mean(1)
        for one, other in zip(torch.split(images, CHUNK), torch.split(others, CHUNK), strict=True)
    ]
    return (10 * torch.log10(255**2 / torch.cat(errors).clamp(min=EXACT))).mean().item()


def top1(images: Tensor, candidates: Tensor) -> float:
    """The share of images that correlate with their own candidate more than with any other.

    Args:
        images: uint8 (n, c, h, w), of whose channels the mean counts.
        candidates: likewise; candidate i is image i's own.
    """
    standard, others = _standardised(images), _standardised(candidates)
    found = 0
    for start in range(0, len(standard), ROWS):
        correlations = standard[start : start + ROWS] @ others.T
        own = correlations.diagonal(start)[:, None]
        found += int(((correlations >= own).sum(1) == 1).sum())
    return found / len(standard)


@dataclass(frozen=True)
class _Standard:
    """What a judge says of real images of its domain."""

    judge: Extractor
    hidden: Tensor
    """Of test images, float32 (n, d)."""
    accuracy: float | None
    """The share of them whose label it sees; None where it or they have none."""
    distance: float | None
    """The Fréchet distance of training images; None where they are not known."""

    @classmethod
    def of(
        cls, judge: Extractor, test: Dataset, n: int, seed: int, train: Dataset | None
    ) -> "_Standard":
        # Another choice than what is translated: else that of a pair would be its very partners.
        images, labels = choose(test, n, seed + 1)
        real, distance = judge(images), None
        if train is not None:
            control = judge(choose(train, n, seed)[0])
            distance = frechet_distance(real.hidden, control.hidden)
        return cls(judge, real.hidden, _right(real, labels), distance)


@dataclass(frozen=True)
class _Domain:
    """One side of the data."""

    images: Tensor
    """What is translated, uint8 (n, c, h, w)."""
    labels: Tensor | None
    """int64 (n,)."""
    classes: tuple[str, ...]
    standard: _Standard | None

    @classmethod
    def of(
        cls, test: Dataset, judge: Extractor | None, n: int, seed: int, train: Dataset | None
    ) -> "_Domain":
        standard = None if judge is None else _Standard.of(judge, test, n, seed, train)
        return cls(*choose(test, n, seed), test.classes, standard)


@dataclass(frozen=True)
class _Way:
    """What becomes of images in one direction: uint8 (n, c, h, w) each."""

    name: str
    source: _Domain
    target: _Domain
    there: Tensor
    """Of the source's images."""
    back: Tensor
    noisy_back: Tensor
    """Back, with noise on the translation."""
    stayed: Tensor
    """Of the target's images."""

    @classmethod
    def go(
        cls,
        forth: str,
        home: str,
        source: _Domain,
        target: _Domain,
        translate: Translate,
    ) -> "_Way":
        there = translate(source.images, forth)
        return cls(
            forth,
            source,
            target,
            there,
            back=translate(there, home),
            noisy_back=translate(_noisy(there), home),
            stayed=translate(target.images, forth),
        )


def _of_judges(way: _Way) -> Iterator[Score]:
    source, target = way.source.standard, way.target.standard
    if source is None or target is None:
        return
    seen = target.judge(way.there)
    if way.source.classes == way.target.classes:
        kept = _right(seen, way.source.labels)
        if kept is not None:
            yield Score(f"{way.name}_kept", kept, HIGHER, target.accuracy)
    kept = _right(source.judge(way.back), way.source.labels)
    if kept is not None:
        yield Score(f"{way.name}_cycle_kept", kept, HIGHER, source.accuracy)
    distance = frechet_distance(target.hidden, seen.hidden)
    yield Score(f"{way.name}_frechet", distance, LOWER, target.distance)


def _of_pixels(way: _Way) -> Iterator[Score]:
    images = way.source.images
    yield Score(f"{way.name}_cycle_psnr", psnr(way.back, images), HIGHER)
    yield Score(f"{way.name}_noisy_cycle_psnr", psnr(way.noisy_back, images), HIGHER)
    yield Score(f"{way.name}_identity_psnr", psnr(way.stayed, way.target.images), HIGHER)


def _of_partners(way: _Way) -> Iterator[Score]:
    partners = way.target.images
    yield Score(f"{way.name}_top1", top1(way.there, partners), HIGHER, top1(partners, partners))
    yield Score(f"{way.name}_partner_psnr", psnr(way.there, partners), HIGHER)
    yield Score(f"{way.name}_other_psnr", psnr(way.there, partners.roll(1, 0)), LOWER)


def _in_bytes(variant: Translator, device: torch.device) -> Translate:
    """How the variant translates images as files hold them."""

    def translate(images: Tensor, direction: str) -> Tensor:
        scaled = (
            chunk.to(device, torch.float32) / 127.5 - 1 for chunk in torch.split(images, CHUNK)
        )
        return torch.cat([to_bytes(variant.translate(part, direction)).cpu() for part in scaled])

    return translate


def _noisy(images: Tensor) -> Tensor:
    return (images + NOISE * torch.randn(images.shape)).round().clamp(0, 255).to(torch.uint8)


def _right(seen: Features, labels: Tensor | None) -> float | None:
    """The share of images whose labels are seen; None where there are none, or none are told."""
    if labels is None or seen.probabilities is None:
        return None
    return (seen.probabilities.argmax(1) == labels).double().mean().item()


def _standardised(images: Tensor) -> Tensor:
    """Images as rows (n, h * w) of mean 0 and length 1; of length 0 where there is no contrast."""
    flat = torch.cat([chunk.float().mean(1).flatten(1) for chunk in torch.split(images, CHUNK)])
    flat -= flat.mean(1, keepdim=True)
    length: Tensor = torch.linalg.vector_norm(flat, dim=1, keepdim=True)
    return flat / length.clamp(min=1)
