"""What a run draws from noise: samples, variations, walks, and the latents of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganzoo.config import build, unknown_setting
from ganzoo.draws import drawing_apart
from ganzoo.errors import GanzooError, counted
from ganzoo.library import FRAMES, SPREAD, STEPS
from ganzoo.library.asked import SEEDS, sample_number, share, whole
from ganzoo.library.asked import numbers as numbers_in
from ganzoo.library.film import Film
from ganzoo.library.given import Given
from ganzoo.library.images import reading
from ganzoo.library.opened import OpenedRun
from ganzoo.library.samples import Samples, joined, name_of
from ganzoo.library.writing import check_room, filmed, held
from ganzoo.runs.generate import (
    LAST,
    Drawing,
    Drawn,
    Latents,
    draw_latents,
    generate,
    label_of,
    make,
    told,
    vary,
    walk,
)

if TYPE_CHECKING:
    from ganzoo.library.projection import Projection


class DrawingRun(OpenedRun):
    """A run that draws, if its variant does."""

    def sample(
        self,
        n: int = 100,
        *,
        only: Sequence[int] | None = None,
        around: int | None = None,
        spread: float = SPREAD,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        **settings: object,
    ) -> Samples:
        """Samples from noise.

        Args:
            n: how many; number k of a seed is the same, however many are drawn.
            only: numbers of those to draw, instead of `n`, in this order.
            around: the number of a sample of which these are variations.
            spread: how far variations are from it, from 0, itself, to 1, which are new samples.
            label: the name or number of the class of all, where the variant draws classes.
            seed: of the latents.
            truncation: ψ; below 1, samples are better and less diverse.
            settings: of the variant's own sampling, as flags of ``ganzoo sample`` are called.

        Raises:
            GanzooError: the variant draws nothing, or what is asked for it has not.
        """
        drawing = self.drawing(label, seed, truncation, settings)
        if only is None:
            n = whole("n", n, 1)
            needed = held(self.data.sample, n)
            check_room(counted(n, "sample"), needed, fewer="ask for fewer at once")
        else:
            only = numbers_in("only", only, LAST)
        found = joined(self.drawn(n, drawing, only=only, around=around, spread=spread))
        if only is None:
            return found
        places = {number: place for place, number in enumerate(found.numbers)}
        return joined(found[places[number]] for number in only)

    def walk(
        self,
        between: Sequence[int | Path | str],
        frames: int = FRAMES,
        *,
        loop: bool = False,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        **settings: object,
    ) -> Film:
        """A film that leads from sample to sample.

        Args:
            between: at least two numbers of samples, or latents that `project` wrote.
            frames: how many pictures it has.
            loop: whether it leads back to the first sample.
            label: the class of all frames, where the variant draws classes; None: of the first.
            seed: of the samples.
            truncation: as in `sample`.
            settings: likewise.

        Raises:
            GanzooError: the variant draws nothing, or what is asked for it has not.
        """
        stops_named = _stops_in(between)
        frames = whole("frames", frames, 2)
        needed = filmed(self.data.sample, frames)
        check_room(counted(frames, "frame"), needed, fewer="ask for fewer --frames")
        drawing = self.drawing(label, seed, truncation, settings)
        stops = self._stops(stops_named, drawing)
        way = walk(self.variant, stops, frames, loop=loop)
        made = make(self.variant, way, drawing)
        leading = {"between": [str(stop) for stop in stops_named], "loop": loop}
        parts = self._parts(made, iter(range(frames)), drawing, leading)
        return Film(joined(parts), loop)

    def project(
        self,
        image: Given,
        *,
        label: str | int | None = None,
        seed: int = 0,
        steps: int = STEPS,
        pixels: str | None = None,
        **settings: object,
    ) -> Projection:
        """The latent of an image: the one of which the generator makes what is most like it.

        Args:
            image: one; or, of data that are no images, what ``ganzoo sample`` wrote of one sample.
            label: the class to look in, where the variant draws classes; None: in all.
            seed: of the latents at which it is begun.
            steps: of the optimisation.
            pixels: how an image file is read, as ``--pixels`` says it; None: as in the training.
            settings: of the variant's own sampling.

        Raises:
            GanzooError: it cannot be read, or the variant has no latents that lead to it.
        """
        from ganzoo.library.projection import project, read_target

        drawing = self.drawing(label, seed, 1.0, settings)
        steps = whole("steps", steps)
        wanted = reading(self.run, pixels, self.data.shape[0])
        target, name = read_target(self.data.sample, image, wanted)
        origin = self._origin(drawing) | {"of": name}
        with told(self.variant, drawing):
            return project(self.variant, target, drawing, steps, name, origin)

    def drawing(
        self,
        label: str | int | None,
        seed: int,
        truncation: float,
        settings: dict[str, object],
    ) -> Drawing:
        """How samples are drawn, which the variant is told; see `sample`.

        Raises:
            GanzooError: the variant draws none, or what is asked for it has not.
        """
        seed, truncation = whole("seed", seed, most=SEEDS), share("truncation", truncation)
        variant = self.variant
        sampling: Any = None
        if variant.Sampling is not None:
            sampling = build(variant.Sampling, settings)
        elif settings:
            raise unknown_setting(next(iter(settings)), [])
        asked = None if label is None else label_of(variant, label)
        drawing = Drawing(seed, asked, truncation, sampling)
        with drawing_apart(self.device), told(variant, drawing):
            variant.sample_latent(1)  # which raises where it has no latents
        return drawing

    def drawn(
        self,
        n: int,
        drawing: Drawing,
        *,
        only: Sequence[int] | None = None,
        around: int | None = None,
        spread: float = SPREAD,
    ) -> Iterator[Samples]:
        """Samples in parts; see `sample`."""
        n = whole("n", n, 1)
        only = None if only is None else numbers_in("only", only, LAST)
        if around is not None:
            around, spread = sample_number("around", around, LAST), share("spread", spread, 1)
            if only is not None:
                raise GanzooError("--only draws samples again and --around others: give one")
            near = vary(self.variant, around, n, spread, drawing)
            made = make(self.variant, near, drawing)
            near_to = {"around": around, "spread": spread}
            return self._parts(made, iter(range(n)), drawing, near_to)
        numbers = range(n) if only is None else sorted(set(only))
        wanted = n if only is None else numbers
        return self._parts(generate(self.variant, wanted, drawing), iter(numbers), drawing, {})

    def _parts(
        self,
        made: Iterator[Drawn],
        numbers: Iterator[int],
        drawing: Drawing,
        more: Mapping[str, object],
    ) -> Iterator[Samples]:
        data, origin = self.data, {**self._origin(drawing), **more}
        for samples, labels in made:
            own = [number for _, number in zip(samples, numbers, strict=False)]
            known = () if labels is None else tuple(labels.tolist())
            classes = [data.class_names[label] for label in known] or [None] * len(own)
            names = tuple(map(name_of, own, classes))
            if "around" in more:  # that nobody takes them for samples of these numbers
                names = tuple(f"{more['around']:05d}-near-{name}" for name in names)
            parts = samples, names, tuple(own), known, data.class_names, origin
            yield Samples(data.sample, *parts)

    def _origin(self, drawing: Drawing) -> dict[str, Any]:
        """What must be known to draw samples again."""
        found = {
            "run": str(self.path),
            "variant": self.run.variant,
            "step": self.loaded.step,
            "weights": self.loaded.digest,
            "seed": drawing.seed,
            "truncation": drawing.truncation,
        }
        if drawing.sampling is not None:
            found["settings"] = dataclasses.asdict(drawing.sampling)
        return found

    def _stops(self, between: Sequence[int | Path | str], drawing: Drawing) -> Latents:
        """The latents that a walk leads through."""
        from ganzoo.library.projection import read_latent

        weights = self._origin(drawing)["weights"]
        found = [
            draw_latents(self.variant, [stop], drawing)
            if isinstance(stop, int)
            else read_latent(self.variant, Path(stop), drawing, weights)
            for stop in between
        ]
        labels = [one.labels for one in found if one.labels is not None]
        return Latents(torch.cat([one.z for one in found]), torch.cat(labels) if labels else None)


def _stops_in(between: Any) -> list[int | Path | str]:
    """The numbers of samples, and the places of latents, that a walk leads through.

    Raises:
        GanzooError: there are fewer than two, or something is neither.
    """
    given = [] if isinstance(between, str) or not hasattr(between, "__iter__") else [*between]
    if len(given) < 2:
        raise GanzooError("a walk needs two samples at least: --between 17,42")
    return [
        stop if isinstance(stop, str | Path) else sample_number("between", stop, LAST)
        for stop in given
    ]
