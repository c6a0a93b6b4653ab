"""What a trained variant shows: samples, translations and classes, and what they depend on."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ganzoo.artifacts.gallery import Gallery
from ganzoo.data.kinds import kind_of, sample_kind
from ganzoo.engine.stages import enter_again, has_stages
from ganzoo.networks import PRIORS
from ganzoo.runs.load import published_weights
from ganzoo.spec import Field
from ganzoo.testing.check import Failure, NotApplicable
from ganzoo.testing.variants.abilities import (
    PROBABILITIES,
    ROWS,
    SAMPLES,
    abilities,
    check_reach,
)
from ganzoo.testing.variants.subject import (
    VariantChecks,
    VariantSubject,
    examples,
    play,
    whole_plan,
)
from ganzoo.variant import Variant

CHECKS = VariantChecks()
MEASURED = 50
"""Samples of the test split."""
MANY = 500
"""Latents, of which a normal one is beyond 1 almost surely."""
FAR = 100.0
"""Times as far from 0 as the prior's: a latent whose image any weights would take out of range."""
RANGE = 1 + 1e-6
"""Of the values of an image, one rounding included."""
ROUNDING = 1e-4
"""By which the same sample may differ in batches of different sizes."""


@CHECKS.check("output", needs=("iteration",))
def output(subject: VariantSubject) -> None:
    """Samples are float32 of the data's shape, images within [-1, 1], as many as asked for."""
    engine = subject.engine()
    play(engine, whole_plan(engine))
    with engine.averaged() as variant:
        check_results(subject, variant)
        if variant.held_out:
            _check_measured(variant.measure(subject.test.first(MEASURED)))


def check_results(subject: VariantSubject, variant: Variant) -> None:
    """See whether what a variant in eval mode makes is as it must be.

    Raises:
        Failure: it is not.
    """
    if type(variant).sample_latent is not Variant.sample_latent:
        latent = variant.sample_latent(ROWS)
        if len(latent) != ROWS:
            raise Failure(
                f"sample_latent({ROWS}) gives {len(latent)} rows: make the first dimension n"
            )
        _check_prior(variant)
    for ability in abilities(subject, variant):
        found = ability()
        if len(found) != ROWS:
            raise Failure(f"{ability.name} makes {len(found)} rows of {ROWS}: give one for one")
        if ability.makes == SAMPLES:
            field = ability.field or variant.data.sample
            _check_samples(found, field, ability.name)
            latent, *label = ability.arguments
            kind = kind_of(field.kind)
            if kind.bounded and latent.is_floating_point():
                far = ability.function(FAR * latent, *label)
                _check_range(far, kind.words, f"{ability.name} of inputs far from 0")
        elif ability.makes == PROBABILITIES:
            _check_probabilities(found, variant, ability.name)
        else:
            _check_latents(found, variant, ability.name)
    shown = examples(variant, subject.dataset, sample_kind(variant.data).shown)
    pictures_shown = Gallery.of(variant.gallery(shown)).images
    shape = tuple(pictures_shown.shape[1:])
    shown_like = [field for field in variant.data.fields.values() if field.shape == shape]
    _check_samples(pictures_shown, [*shown_like, variant.data.sample][0], "gallery()")


def _check_prior(variant: Variant) -> None:
    if variant.prior not in PRIORS:
        raise Failure(f"prior is '{variant.prior}': it must be one of {', '.join(PRIORS)}")
    drawn = variant.sample_latent(MANY)
    if variant.prior == "normal" and drawn.is_floating_point() and drawn.abs().max() <= 1:
        raise Failure(
            "sample_latent() draws within [-1, 1] alone, and prior says 'normal': say prior = "
            "'uniform', so that `ganzoo walk` goes straight from latent to latent"
        )


def _check_samples(found: Tensor, field: Field, name: str) -> None:
    kind, shape, wanted = kind_of(field.kind), tuple(found.shape[1:]), field.shape
    made = torch.int64 if kind.whole else torch.float32
    if kind.whole and shape[:-1] == wanted and found.dtype == torch.float32:
        return  # a weight for each symbol
    if shape != wanted:
        raise Failure(
            f"{name} makes samples of shape {shape}, and those of the data are {wanted}: make the "
            "last layer for data.shape"
        )
    if found.dtype != made:
        raise Failure(f"{name} makes {found.dtype}: give {str(made).removeprefix('torch.')}")
    if not found.isfinite().all():
        raise Failure(f"{name} makes values that are infinite or nan: look for log(0) or 1/0")
    if not kind.bounded:
        return
    _check_range(found, kind.words, name)
    if found.min() >= 0:
        raise Failure(
            f"{name} makes {kind.words} without a value below 0: black is -1, so end in Tanh and "
            "not in Sigmoid"
        )


def _check_range(found: Tensor, words: str, name: str) -> None:
    largest = found.abs().max().item()
    if largest > RANGE:
        raise Failure(
            f"{name} makes {words} with values up to {largest:.3g}: end in Tanh, or map to [-1, 1]"
        )


def _check_probabilities(found: Tensor, variant: Variant, name: str) -> None:
    if found.shape != (ROWS, variant.data.classes):
        raise Failure(f"{name} gives {tuple(found.shape)}: give (n, {variant.data.classes})")
    sums = found.sum(1)
    if found.min() < 0 or not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        raise Failure(f"{name} gives no probabilities: take the softmax over dimension 1")


def _check_latents(found: Tensor, variant: Variant, name: str) -> None:
    if type(variant).sample_latent is Variant.sample_latent:
        return
    shape, wanted = tuple(found.shape[1:]), tuple(variant.sample_latent(1).shape[1:])
    if shape != wanted:
        raise Failure(
            f"{name} gives latents of shape {shape}, and sample_latent draws {wanted}: give what "
            "forward() takes"
        )


def _check_measured(values: dict[str, float]) -> None:
    for name, value in values.items():
        if not isinstance(value, float) or not math.isfinite(value):
            raise Failure(f"measure() says that {name} is {value!r}: return finite floats")


@CHECKS.check("sampling", needs=("output",))
def sampling(subject: VariantSubject) -> None:
    """A sample depends on its own latent alone, not on chance and not on the rest of the batch; and
    what is made of an image, on nothing beyond `reach`."""
    engine = subject.engine()
    play(engine, whole_plan(engine))
    with engine.averaged() as variant:
        for ability in abilities(subject, variant):
            whole = ability()
            if not torch.equal(ability(), whole):
                if ability.stochastic:
                    raise Failure(
                        f"{ability.name} gives another result with the same seed: draw its random "
                        "numbers from torch's default generator"
                    )
                if ability.name.startswith("translate()"):
                    raise Failure(
                        f"{ability.name} gives another result each time: in eval mode, draw no "
                        "random numbers (self.training tells), or say stochastic = True"
                    )
                raise Failure(
                    f"{ability.name} gives another result each time: in eval mode, draw no random "
                    "numbers (self.training tells), and take them from the latent"
                )
            for size in () if ability.stochastic else (1, 2):
                starts = range(0, ROWS, size)
                parts = torch.cat([ability(slice(start, start + size)) for start in starts])
                difference = (parts - whole).abs().max().item()
                if difference > ROUNDING * max(1.0, whole.abs().max().item()):
                    raise Failure(
                        f"{ability.name} gives up to {difference:.2g} another result in batches of "
                        f"{size} than in one of {ROWS}: in eval mode, compute no statistics of the "
                        "batch"
                    )
        check_reach(variant)
    if not [*abilities(subject, variant)]:
        raise NotApplicable("it neither draws samples nor translates or classifies images")


@CHECKS.check("published", needs=("sampling",))
def published(subject: VariantSubject) -> None:
    """The published networks alone make the samples, whatever the others are."""
    engine = subject.engine()
    play(engine, whole_plan(engine))
    with engine.averaged() as trained:
        check_published(subject, trained)


def check_published(subject: VariantSubject, trained: Variant) -> None:
    """See whether another variant with the published weights of this one makes the same.

    Raises:
        Failure: it does not.
    """
    weights = {name: value.clone() for name, value in published_weights(trained).items()}
    wanted = list(abilities(subject, trained))
    results = [ability() for ability in wanted]
    other = subject.build(seed=1).eval()
    with torch.no_grad():
        for name, live in published_weights(other).items():
            live.copy_(weights[name])
        enter_again(other)
        found = [
            replace(new, arguments=old.arguments)()
            for new, old in zip(abilities(subject, other), wanted, strict=True)
        ]
    rest = [name for name, _ in other.named_children() if name not in other.published]
    stage = ", or take the stage from self.level" if has_stages(other) else ""
    for ability, result, again in zip(wanted, results, found, strict=True):
        if not torch.equal(result, again):
            raise Failure(
                f"{ability.name} gives another result with the weights of "
                f"{', '.join(other.published)} alone, which are all that weights.safetensors "
                f"holds: add what it reads to `published` (there is {', '.join(rest)}), and have "
                f"buffers that it reads on these networks{stage}"
            )
