"""What a trained variant computes row by row, in each of its abilities, and how far it looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganzoo.abilities import Classifier, Encoder, Enlarger, OfImages, Restorer, Translator
from ganzoo.config import build, options
from ganzoo.data.kinds import kind_of
from ganzoo.draws import seeded
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Field
from ganzoo.testing.check import Failure
from ganzoo.testing.variants.subject import VariantSubject, examples
from ganzoo.variant import Variant

ROWS = 7
"""A number that no batch has."""
SAMPLES, PROBABILITIES, LATENTS = "samples", "probabilities", "latents"
"""What it may make."""
HALF = 0.5
"""ψ of samples that are truncated."""
NUMBER = 1.0
"""What is asked for by a control that takes a number."""


@dataclass(frozen=True)
class Ability:
    """Something that a trained variant computes row by row."""

    name: str
    """As its author knows it: ``forward()``."""
    function: Callable[..., Tensor]
    arguments: tuple[Tensor, ...]
    """As many rows of each."""
    field: Field | None = None
    """What samples that it makes are like; None: it makes none."""
    makes: str = SAMPLES
    stochastic: bool = False
    """Whether it draws random numbers, by the seed alone."""

    def __call__(self, rows: slice = slice(None)) -> Tensor:
        """Compute some of the rows."""
        arguments = [argument[rows] for argument in self.arguments]
        if not self.stochastic:
            return self.function(*arguments)
        with seeded(0, arguments[0].device):
            return self.function(*arguments)


def abilities(subject: VariantSubject, variant: Variant) -> Iterator[Ability]:
    """All of a variant in eval mode, on latents and on samples of the data."""
    yield from _of_latents(variant)
    yield from of_real_samples(subject, variant)


def _of_latents(variant: Variant) -> Iterator[Ability]:
    """The samples that it draws, in each way that can be asked for."""
    if type(variant).sample_latent is Variant.sample_latent:
        return
    arguments = [variant.sample_latent(ROWS)]
    if variant.conditional:
        arguments.append(torch.arange(ROWS) % variant.data.classes)
    sample = variant.data.sample
    yield Ability("forward()", variant, tuple(arguments), sample)
    if _truncates(variant, arguments):
        nearer = partial(_truncated, variant)
        yield Ability("truncated()", nearer, tuple(arguments), sample)
    for words, sampling in _asked(variant):
        set_so = partial(_sampled_so, variant, sampling)
        yield Ability(f"forward() with {words}", set_so, tuple(arguments), sample)


def _truncates(variant: Variant, arguments: list[Tensor]) -> bool:
    """Whether it truncates in a way of its own, and does not refuse to."""
    if type(variant).truncated is Variant.truncated:
        return False
    try:
        _truncated(variant, *arguments)
    except GanzooError:
        return False
    return True


def _truncated(variant: Variant, latent: Tensor, label: Tensor | None = None) -> Tensor:
    return variant.truncated(latent, HALF, label)


def _asked(variant: Variant) -> Iterator[tuple[str, Any]]:
    """The ways of sampling in which one setting is at an end of its range, or another choice."""
    if variant.Sampling is None:
        return
    for name, setting in options(variant.Sampling).items():
        ends = [end for end in (setting.minimum, setting.maximum) if end is not None]
        for value in setting.choices or ends:
            yield f"{setting.flag} {value}", build(variant.Sampling, {name: value})


def _sampled_so(variant: Variant, sampling: Any, *arguments: Tensor) -> Tensor:
    """Its samples with other settings than its own."""
    before, variant.sampling = variant.sampling, sampling
    try:
        return variant(*arguments)
    finally:
        variant.sampling = before


def of_real_samples(subject: VariantSubject, variant: Variant) -> Iterator[Ability]:
    """What it computes of samples of the data.

    Raises:
        Failure: it translates fields that the data have not.
    """
    if not isinstance(variant, Translator | Classifier | Encoder | Restorer | Enlarger):
        return
    there = {
        name: tensor.to(variant.device)
        for name, tensor in examples(variant, subject.dataset, ROWS).items()
    }
    sample = variant.data.sample
    image = there.get(sample.name, next(iter(there.values())))
    if isinstance(variant, Translator):
        yield from _translations(variant, variant.data, there)
    if isinstance(variant, Classifier):
        yield Ability("classify()", variant.classify, (image,), makes=PROBABILITIES)
    if isinstance(variant, Encoder):
        yield Ability("encode()", variant.encode, (image,), makes=LATENTS)
        yield Ability("reconstruct()", variant.reconstruct, (image,), sample)
    if isinstance(variant, Restorer):
        missing = torch.zeros_like(image[:, :1])
        missing[..., : sample.shape[1] // 2, :] = 1
        given = image * (1 - missing), missing
        yield Ability("restore()", variant.restore, given, sample)
    if isinstance(variant, Enlarger):
        channels, height, width = sample.shape
        larger = channels, height * variant.factor, width * variant.factor
        yield Ability("enlarge()", variant.enlarge, (image,), replace(sample, shape=larger))


def _translations(
    variant: Translator, data: DataSpec, there: dict[str, Tensor]
) -> Iterator[Ability]:
    """In each direction, as they are and with each thing that can be asked of them."""
    for direction in variant.directions:
        for name in (direction.source, direction.target):
            if name not in data.fields or name not in there:
                whose = "streams() gives" if name in data.fields else "the data have"
                known = there if name in data.fields else data.fields
                raise Failure(
                    f"the direction '{direction.name}' names the field '{name}', and {whose} "
                    f"{', '.join(map(repr, known))}: name one of these in `directions`"
                )
        about = Ability(
            f"translate() in direction '{direction.name}'",
            partial(variant.translate, direction=direction.name),
            (there[direction.source],),
            data.fields[direction.target],
            stochastic=variant.stochastic,
        )
        yield about
        for name, control in variant.controls().items():
            value = control.choices[-1] if control.choices else NUMBER
            asked: dict[str, Any] = {name: value}
            yield replace(
                about,
                name=f"{about.name} with --set {name}={value}",
                function=partial(variant.translate, direction=direction.name, **asked),
            )


def is_shown_for(data: DataSpec, shown: Tensor) -> bool:
    """Whether pictures are shaped as samples of one of the data's fields."""
    shape = tuple(shown.shape[1:])
    return any(
        shape == field.shape or (kind_of(field.kind).whole and shape[:-1] == field.shape)
        for field in data.fields.values()
        if not kind_of(field.kind).beside
    )


def check_reach(variant: Variant) -> None:
    """See whether no pixel beyond `OfImages.reach` decides what is made of another one.

    Those beyond it are no numbers, which whatever looks at them becomes as well.

    Raises:
        Failure: one does.
    """
    if not isinstance(variant, OfImages) or variant.reach is None or not variant.multiple:
        return
    reach, step = variant.reach, variant.multiple
    start = (-(-reach // step) + 1) * step
    side = 2 * start + step
    for name, make, channels, factor in _made_of_images(variant):
        image = torch.full((1, channels, side, side), torch.nan, device=variant.device)
        image[..., start - reach : start + step + reach, start - reach : start + step + reach] = 0.5
        made = make(image)[..., factor * start : factor * (start + step), :]
        if not made[..., factor * start : factor * (start + step)].isfinite().all():
            raise Failure(
                f"{name} looks at pixels farther away than reach = {reach}: say how far it looks, "
                "or None"
            )


def _made_of_images(
    variant: OfImages,
) -> Iterator[tuple[str, Callable[[Tensor], Tensor], int, int]]:
    """What makes images, as its author knows it, of how many channels, and how much larger."""
    assert isinstance(variant, Variant)
    data = variant.data
    if isinstance(variant, Enlarger):
        yield "enlarge()", variant.enlarge, data.sample.shape[0], variant.factor
    if isinstance(variant, Restorer):
        fill = variant.restore
        yield "restore()", lambda image: fill(image, image[:, :1]), data.sample.shape[0], 1
    if isinstance(variant, Translator):
        for way in variant.directions:
            translate = partial(variant.translate, direction=way.name)
            name = f"translate() in direction '{way.name}'"
            yield name, translate, data.fields[way.source].shape[0], 1
