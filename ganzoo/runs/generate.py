"""Drawing samples so that each depends on its latent alone, and on the way between latents."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from ganzoo.draws import SeededDraws, alone
from ganzoo.errors import GanzooError, unknown
from ganzoo.networks import between
from ganzoo.variant import Variant

Made = TypeVar("Made")

CHUNK = 250
"""Samples drawn at once: always as many, so that the first of 10,000 are the same as of 10."""
LAST = 999_999
"""The greatest number of a sample to draw again, as all latents before it are drawn first."""


class Drawn(NamedTuple):
    """Some samples, on the CPU."""

    samples: Tensor
    """Images (n, channels, height, width) in [-1, 1], or points (n, dimensions)."""
    labels: Tensor | None
    """int64 (n,), of a conditional variant."""


class Latents(NamedTuple):
    """What some samples are made of, on the variant's device."""

    z: Tensor
    """(n, ...)."""
    labels: Tensor | None
    """int64 (n,), of a conditional variant."""


@dataclass(frozen=True)
class Drawing:
    """How samples are drawn."""

    seed: int = 0
    """Of the latents: sample k of a seed is the same, however many are drawn."""
    label: int | None = None
    """The class of all samples, of a conditional variant; None: that of number k is k modulo the
    number of classes."""
    truncation: float = 1.0
    """ψ: see `ganzoo.Variant.truncated`."""
    sampling: Any = None
    """What is asked of the variant's own `Sampling`; None: as in training."""


@contextmanager
def told(variant: Variant, drawing: Drawing) -> Iterator[None]:
    """A block in which a variant draws as is asked, whatever other threads ask of it."""
    if variant.Sampling is None:
        yield
        return
    with alone():
        before = variant.sampling
        variant.sampling = variant.Sampling() if drawing.sampling is None else drawing.sampling
        try:
            yield
        finally:
            variant.sampling = before


def generate(
    variant: Variant, wanted: int | Collection[int], drawing: Drawing | None = None
) -> Iterator[Drawn]:
    """Samples of a variant in eval mode, in chunks.

    Args:
        variant: as `load` gives it.
        wanted: how many, from number 0 on; or their numbers, which they come in the order of.
        drawing: how; None: as usual.

    Raises:
        GanzooError: the variant is not conditional, has no such label, a number is too great, or
            samples are not finite.
    """
    drawing = drawing or Drawing()
    numbers = range(wanted) if isinstance(wanted, int) else sorted(set(wanted))
    for rows, drawn in _chunks(variant, numbers, drawing, partial(_make, variant, drawing=drawing)):
        yield _rows(drawn, [*rows.values()])


def draw_latents(variant: Variant, numbers: Sequence[int], drawing: Drawing) -> Latents:
    """What the samples of these numbers are made of, in their order; raises as `generate` does."""
    found: dict[int, tuple[Tensor, Tensor | None]] = {}
    for rows, (z, labels) in _chunks(variant, numbers, drawing, lambda latents: latents):
        for number, row in rows.items():
            found[number] = z[row], None if labels is None else labels[row]
    z = torch.stack([found[number][0] for number in numbers])
    told = [label for number in numbers if (label := found[number][1]) is not None]
    return Latents(z, torch.stack(told) if told else None)


def vary(variant: Variant, around: int, n: int, spread: float, drawing: Drawing) -> Latents:
    """Latents near that of a sample, with its label.

    Number k lies on the way to sample k: a `spread` of 0 is the sample itself and 1 the other.
    """
    one = draw_latents(variant, [around], drawing)
    others = draw_latents(variant, range(n), drawing)
    shares = torch.full((n,), spread, device=one.z.device)
    z = between(variant.prior, one.z.expand_as(others.z), others.z, shares)
    return Latents(z, None if one.labels is None else one.labels.expand(n))


def walk(variant: Variant, stops: Latents, frames: int, *, loop: bool) -> Latents:
    """Latents on the way from stop to stop, all with the label of the first.

    Args:
        variant: whose prior says which way that is.
        stops: at least two.
        frames: how many latents, evenly spread; the first is the first stop.
        loop: whether the way leads back to the first stop, which is not reached again; else the
            last latent is the last stop.
    """
    z = torch.cat([stops.z, stops.z[:1]]) if loop else stops.z
    legs, device = len(z) - 1, z.device
    steps = frames if loop else max(1, frames - 1)
    way = torch.arange(frames, device=device, dtype=torch.float64) * legs / steps
    leg = way.long().clamp(max=legs - 1)
    there = between(variant.prior, z[leg], z[leg + 1], way - leg)
    return Latents(there, None if stops.labels is None else stops.labels[:1].expand(frames))


def make(variant: Variant, latents: Latents, drawing: Drawing) -> Iterator[Drawn]:
    """What a variant in eval mode makes of latents, in chunks."""
    for start in range(0, len(latents.z), CHUNK):
        rows = slice(start, start + CHUNK)
        part = Latents(latents.z[rows], None if latents.labels is None else latents.labels[rows])
        yield _rows(_make(variant, part, drawing), rows=slice(None))


def label_of(variant: Variant, asked: str | int) -> int:
    """The label of a class: a text is its name, or its number where no class is called so.

    Where only capitals differ, and no second class is called so, that is its name, too. What is no
    text is its number, whatever classes are called.

    Raises:
        GanzooError: there is no such class, or the variant draws from all of them.
    """
    if not variant.conditional:
        own = [] if variant.Sampling is None else fields(variant.Sampling)
        flags = ", ".join(f"--{field.name.replace('_', '-')}" for field in own)
        raise GanzooError(
            "--label needs a conditional variant: this one draws from all classes "
            + (
                f"(it takes {flags})"
                if own
                else "(`ganzoo list` shows which are of labelled images)"
            )
        )
    names = variant.data.class_names
    if isinstance(asked, str):
        if asked in names:
            return names.index(asked)
        alike = [name for name in names if name.casefold() == asked.casefold()]
        if len(alike) == 1:
            return names.index(alike[0])
        if not re.fullmatch(r"-?[0-9]{1,9}", asked):
            raise unknown("class", asked, names)
    label = int(asked)
    if not 0 <= label < len(names):
        raise GanzooError(f"--label must be 0 to {len(names) - 1}, not {label}")
    return label


def _chunks(
    variant: Variant,
    numbers: Collection[int],
    drawing: Drawing,
    make_of: Callable[[Latents], Made],
) -> Iterator[tuple[dict[int, int], Made]]:
    """The row of each number that is in a whole chunk, and what is made of the chunk's latents.

    Whatever others draw while a chunk is used, the next is the same.
    """
    label = None if drawing.label is None else label_of(variant, drawing.label)
    rows: dict[int, dict[int, int]] = {}
    for number in numbers:
        rows.setdefault(number // CHUNK, {})[number] = number % CHUNK
    draws = SeededDraws(drawing.seed, variant.device)
    for chunk in range(max(rows) + 1):
        with draws.turn():
            with torch.no_grad(), told(variant, drawing):
                z = variant.sample_latent(CHUNK)
            if chunk not in rows:
                continue
            labels = None
            if variant.conditional:
                start = chunk * CHUNK
                labels = torch.arange(start, start + CHUNK, device=variant.device)
                labels %= variant.data.classes
                if label is not None:
                    labels.fill_(label)
            made = make_of(Latents(z, labels))
        yield rows[chunk], made


@torch.no_grad()
def _make(variant: Variant, latents: Latents, drawing: Drawing) -> Drawn:
    truncation = drawing.truncation
    if truncation == 1:
        with told(variant, drawing):
            samples = variant(*latents)
        advice = (
            "in evaluation it draws what is not finite, as of running means that are broken, which "
            "no loss shows: choose another --checkpoint, or train it with other settings"
        )
    else:
        with told(variant, drawing):
            samples = variant.truncated(latents.z, truncation, latents.labels)
        advice = f"with --truncation {truncation:g} it draws what is not finite: choose one near 1"
    if samples.is_floating_point() and not samples.isfinite().all():
        raise GanzooError(advice)
    return Drawn(samples, latents.labels)


def _rows(drawn: Drawn, rows: Sequence[int] | slice) -> Drawn:
    labels = None if drawn.labels is None else drawn.labels[rows].cpu()
    return Drawn(drawn.samples[rows].cpu(), labels)
