"""What a translator keeps of an image, and whether its translations pass for the other domain.

It is measured on test images, and every translation is rounded to 8 bits, also before it is
translated back. The scores of the direction ``a2b``, and of ``b2a`` likewise, where there is one:

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
    of a→b→a to a, where there is a way back, as for all that is said of cycles.
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

from ganzoo.abilities import Direction, Translator
from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.data.dataset import Dataset
from ganzoo.draws import seeded
from ganzoo.metrics.features.extractor import Extractor, Features
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.pixels.likeness import psnr
from ganzoo.metrics.score import HIGHER, LOWER, Score, ScoreKind
from ganzoo.metrics.splits import choose
from ganzoo.variant import Variant

CHUNK = 32
"""Images translated at once."""
ROWS = 1000
"""Images compared with all candidates at once."""
NOISE = 4.0
"""Standard deviation of the noise on a translation, of 255."""

KEPT = ScoreKind("kept", HIGHER, "share of translations that show the same class", share=True)
CYCLE_KEPT = ScoreKind("cycle_kept", HIGHER, "the same, there and back", share=True)
FRECHET = ScoreKind(
    "frechet", LOWER, "distance between Gaussians fitted to the features (Heusel 2017)"
)
CYCLE = ScoreKind("cycle_psnr", HIGHER, "likeness of an image to its way there and back, in dB")
NOISY_CYCLE = ScoreKind(
    "noisy_cycle_psnr",
    HIGHER,
    "the same with a little noise in between: less, if something is hidden",
)
IDENTITY = ScoreKind(
    "identity_psnr",
    HIGHER,
    "likeness of an image of the target domain to its translation, in dB",
)
TOP1 = ScoreKind("top1", HIGHER, "share most like their hidden partner", share=True)
PARTNER = ScoreKind("partner_psnr", HIGHER, "likeness to the hidden partner, in dB")
OTHER = ScoreKind("other_psnr", LOWER, "likeness to another image's partner, in dB")
SCORES = (KEPT, CYCLE_KEPT, FRECHET, CYCLE, NOISY_CYCLE, IDENTITY, TOP1, PARTNER, OTHER)
"""All of them, without their direction."""

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
        variant: one with the ability `Translator`, in eval mode, with a direction from domain a to
            domain b, or the way back, or both.
        test: two domains, a and b.
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
    domains = {
        name: _Domain.of(side, judge, n, seed, training)
        for name, side, judge, training in zip(
            "ab", sides, judges or (None, None), known, strict=True
        )
    }
    with torch.no_grad(), seeded(seed, variant.device):
        translate = _in_bytes(variant, variant.device)
        ways = [
            _Way.go(
                forth.name,
                way_back(variant, forth),
                domains[forth.source],
                domains[forth.target],
                translate,
            )
            for forth in between_domains(variant)
        ]
    scores: list[Score] = []
    for way in ways:
        scores += _of_judges(way)
        scores += _of_pixels(way)
        if test.paired:
            scores += _of_partners(way)
    return scores


def between_domains(variant: Translator) -> list[Direction]:
    """The directions from one of two unpaired domains to the other."""
    return [each for each in variant.directions if {each.source, each.target} == {"a", "b"}]


def way_back(variant: Translator, forth: Direction) -> str | None:
    """The direction that leads back to where another comes from."""
    for other in variant.directions:
        if (other.source, other.target) == (forth.target, forth.source):
            return other.name
    return None


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
    back: Tensor | None
    """None: there is no way back."""
    noisy_back: Tensor | None
    """Back, with noise on the translation."""
    stayed: Tensor
    """Of the target's images."""

    @classmethod
    def go(
        cls,
        forth: str,
        home: str | None,
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
            back=None if home is None else translate(there, home),
            noisy_back=None if home is None else translate(_noisy(there), home),
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
            yield KEPT.of(kept, target.accuracy, way=way.name)
    kept = None if way.back is None else _right(source.judge(way.back), way.source.labels)
    if kept is not None:
        yield CYCLE_KEPT.of(kept, source.accuracy, way=way.name)
    distance = frechet_distance(target.hidden, seen.hidden)
    yield FRECHET.of(distance, target.distance, way=way.name)


def _of_pixels(way: _Way) -> Iterator[Score]:
    images = way.source.images
    if way.back is not None and way.noisy_back is not None:
        yield CYCLE.of(psnr(way.back, images), way=way.name)
        yield NOISY_CYCLE.of(psnr(way.noisy_back, images), way=way.name)
    yield IDENTITY.of(psnr(way.stayed, way.target.images), way=way.name)


def _of_partners(way: _Way) -> Iterator[Score]:
    partners = way.target.images
    yield TOP1.of(top1(way.there, partners), top1(partners, partners), way=way.name)
    yield PARTNER.of(psnr(way.there, partners), way=way.name)
    yield OTHER.of(psnr(way.there, partners.roll(1, 0)), way=way.name)


def _in_bytes(variant: Translator, device: torch.device) -> Translate:
    """How the variant translates images as files hold them."""

    def translate(images: Tensor, direction: str) -> Tensor:
        scaled = (to_floats(chunk.to(device)) for chunk in torch.split(images, CHUNK))
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
