"""What a trained variant computes row by row, in each of its abilities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganzoo.abilities import Classifier, Encoder, Enlarger, Restorer, Translator
from ganzoo.engine.device import seeded
from ganzoo.testing.variants.subject import VariantSubject, examples
from ganzoo.variant import Variant

ROWS = 7
"""A number that no batch has."""
SAMPLES, PROBABILITIES, LATENTS = "samples", "probabilities", "latents"
"""What it may make."""


@dataclass(frozen=True)
class Ability:
    """Something that a trained variant computes row by row."""

    name: str
    """As its author knows it: ``forward()``."""
    function: Callable[..., Tensor]
    arguments: tuple[Tensor, ...]
    """As many rows of each."""
    shape: tuple[int, ...] = ()
    """Of a sample that it makes."""
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
    if type(variant).sample_latent is not Variant.sample_latent:
        arguments = [variant.sample_latent(ROWS)]
        if variant.conditional:
            arguments.append(torch.arange(ROWS) % variant.data.classes)
        yield Ability("forward()", variant, tuple(arguments), variant.data.shape)
    yield from of_real_samples(subject, variant)


def of_real_samples(subject: VariantSubject, variant: Variant) -> Iterator[Ability]:
    """What it computes of samples of the data."""
    if not isinstance(variant, Translator | Classifier | Encoder | Restorer | Enlarger):
        return
    there = {
        name: tensor.to(variant.device)
        for name, tensor in examples(variant, subject.dataset, ROWS).items()
    }
    image, shape = next(iter(there.values())), variant.data.shape
    if isinstance(variant, Translator):
        fields = variant.data.fields
        for direction in variant.directions:
            target = fields[direction.target].shape if direction.target in fields else shape
            yield Ability(
                f"translate() in direction '{direction.name}'",
                partial(variant.translate, direction=direction.name),
                (there.get(direction.source, image),),
                target,
                stochastic=variant.stochastic,
            )
    if isinstance(variant, Classifier):
        yield Ability("classify()", variant.classify, (image,), makes=PROBABILITIES)
    if isinstance(variant, Encoder):
        yield Ability("encode()", variant.encode, (image,), makes=LATENTS)
        yield Ability("reconstruct()", variant.reconstruct, (image,), shape)
    if isinstance(variant, Restorer):
        missing = torch.zeros_like(image[:, :1])
        missing[..., : shape[1] // 2, :] = 1
        yield Ability("restore()", variant.restore, (image * (1 - missing), missing), shape)
    if isinstance(variant, Enlarger):
        channels, height, width = shape
        larger = channels, height * variant.factor, width * variant.factor
        yield Ability("enlarge()", variant.enlarge, (image,), larger)
