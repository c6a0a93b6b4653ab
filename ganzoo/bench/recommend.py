"""Which variant suits a folder of images here: by what variants declare, and timed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ganzoo.bench.speed.process import Process, Unplayable
from ganzoo.bench.speed.spec import Entrant, Game
from ganzoo.config import build, own_settings
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.found import existing, list_images
from ganzoo.data.files.opened import Look, limited, look, upright_size
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.data.needs import suits
from ganzoo.errors import GanzooError, counted, lasting
from ganzoo.plugins import catalog
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec, VariantSpec

if TYPE_CHECKING:
    from ganzoo.variant import Variant

SIDES = (32, 64, 128, 256)
"""Pixels a side that are tried, the smallest first."""
LOOKED_AT = 100
"""Images whose size is looked at."""
TUNED, TIMED = 2.0, 4
"""Seconds in which the number of threads is chosen, and steps that are timed then."""
SOON = 0.25
"""Hours, in which one sees first results."""
SHARE = 0.1
"""Of a training, that is to be over by then, where a smaller size makes that possible."""
LEAST = 50
"""Steps, before which there is nothing to be seen."""
MOSTLY = 0.5
"""The share of images with transparent pixels, from which on these are kept."""
FOLDER = "folder"
"""The data set that reads them."""


@dataclass(frozen=True)
class Photos:
    """A folder of images."""

    folder: Path
    count: int
    """Of those that would be trained on."""
    side: int
    """Pixels of the shorter side, of the middle one of all."""
    data: DataSpec
    """As a variant is told of them, in the smallest size."""
    typed: str | None = None
    """How their files are to be read, in the words of ``--pixels``."""
    keeping: str = ""
    """The same words, and one with which what is transparent is kept; empty: nothing is, or it was
    typed what comes of it."""
    keeps: bool = False
    """Whether that is so, and what is transparent is not laid on white."""

    @property
    def pixels(self) -> str | None:
        """How their files are read, in the words of ``--pixels``."""
        return self.keeping if self.keeps else self.typed

    def at(self, side: int) -> DataSpec:
        """As a variant is told of them in another size."""
        sample, *rest = self.data.groups[0]
        shape = (sample.shape[0], side, side)
        return replace(self.data, groups=((replace(sample, shape=shape), *rest),))

    @property
    def sides(self) -> tuple[int, ...]:
        """Those of `SIDES` to which none is enlarged; at least the smallest."""
        return tuple(side for side in SIDES if side <= max(self.side, SIDES[0]))


@dataclass(frozen=True)
class Trial:
    """A variant on these images, for a few steps."""

    variant: str
    side: int
    batch_size: int
    steps: int
    """That it wants to be trained for."""
    seconds: float
    """A step."""
    memory: int
    """Bytes used at most, in these steps."""

    @property
    def hours(self) -> float:
        """That such a training takes here."""
        return self.steps * self.seconds / 3600


def look_at(folder: Path, report: Callable[[str], None], pixels: str | None = None) -> Photos:
    """How many images there are, and how large.

    Args:
        folder: in which they are.
        report: is told of what is left out.
        pixels: how their files are read, as it was typed.

    Raises:
        GanzooError: there is no such folder, or no image in it that can be read.
    """
    wanted = parse_pixels(pixels)
    root = existing(folder, FOLDER, "a folder of images")
    files = list_images(root, lambda message: None)  # it is said below
    some = files[:: max(1, len(files) // LOOKED_AT)]
    with limited(wanted):
        side = _middle_side([root / file for file in some])
        opened = (look(root / file, 3, None, wanted=wanted) for file in some)
        whitened = sum(isinstance(found, Look) and found.whitened for found in opened)
    keeping = "" if wanted.colour or not whitened else ",".join(filter(None, (pixels, "rgba")))
    keeps = bool(keeping) and whitened >= MOSTLY * len(some)
    wanted = parse_pixels(keeping if keeps else pixels)
    request = DataRequest(folder, "train", (SIDES[0], SIDES[0]), report=report, pixels=wanted)
    dataset = catalog.load(FOLDER, request)
    return Photos(folder, len(dataset), side, dataset.spec, pixels, keeping, keeps)


def candidates(photos: Photos) -> list[Registered[VariantSpec]]:
    """The variants that declare to be for so many such images, and need no labels.

    First those that are for no more than a certain number, then the newest.

    Raises:
        GanzooError: there is none.
    """
    found = _advised(photos, by_class=False)
    if not found:
        raise GanzooError(
            f"no variant is for {counted(photos.count, 'image')} such as those in "
            f"'{photos.folder}': `ganzoo list` shows all, and more images would help most"
        )
    return found


def by_class(photos: Photos, side: int) -> Trial | None:
    """The first variant that draws samples of a class, where images have labels; it is not tried.

    None: they have none, or no such variant is for so many images.
    """
    found = _advised(photos, by_class=True)
    if not found:
        return None
    cls: type[Variant] = found[0].load()
    recipe = cls.recipe(photos.at(side))
    return Trial(found[0].spec.name, side, recipe["batch_size"], recipe["steps"], 0.0, 0)


def least_by_class(photos: Photos) -> tuple[str, int] | None:
    """The variant that draws samples of a class from the fewest images, and from how many.

    None: no such variant is recommended at all, or the images have no labels.
    """
    known = _advised(replace(photos, count=sys.maxsize), by_class=True)
    found = [(row.spec.advice.least, row.spec.name) for row in known if row.spec.advice]
    return min(found)[::-1] if found else None


def _advised(photos: Photos, *, by_class: bool) -> list[Registered[VariantSpec]]:
    """The variants of either kind that declare to be for so many such images, as they are tried."""
    found = []
    for row in registry().variants():
        advice = row.spec.advice
        if not row.usable or advice is None or not suits(row.spec, photos.data):
            continue
        told = any(need.kinds == ("label",) for group in row.spec.needs for need in group)
        if told is by_class and advice.least <= photos.count <= (advice.most or photos.count):
            found.append((advice.most is None, -row.spec.year, row.spec.name, row))
    return [row for *_, row in sorted(found, key=lambda one: one[:3])]


def trials(
    photos: Photos,
    rows: Sequence[Registered[VariantSpec]],
    hours: float,
    device: str,
    report: Callable[[str], None] = lambda message: None,
) -> Iterator[Trial]:
    """Try variants in ever larger sizes, until one takes longer than so many hours.

    The next variant is tried only where that is so in the smallest size already.

    Args:
        photos: what they are tried on.
        rows: the variants, the best first.
        hours: that a training may take.
        device: where.
        report: is told what is tried.
    """
    for row in rows:
        affordable = False
        for side in photos.sides:
            report(f"making some steps of {row.spec.name} with {side} pixels a side")
            found = _try(row, photos, side, device)
            if found is None:
                continue
            yield found
            if found.hours > hours:
                break
            affordable = True
        if affordable:
            return


def best(tried: Sequence[Trial], hours: float) -> Trial:
    """The last one that does not take longer; else the shortest.

    Raises:
        GanzooError: none could be tried.
    """
    if not tried:
        raise GanzooError("no variant takes images of any of these sizes: see `ganzoo list`")
    affordable = [one for one in tried if one.hours <= hours]
    return affordable[-1] if affordable else min(tried, key=lambda one: one.hours)


def soon(tried: Sequence[Trial], chosen: Trial) -> Trial | None:
    """A training that ends in a quarter of an hour, in the largest size in which it gets anywhere.

    None: the one that was chosen takes hardly longer, or nothing can be seen so soon.
    """
    own = [one for one in tried if one.variant == chosen.variant and one.hours * SHARE <= SOON]
    found = own[-1] if own else min(tried, key=lambda one: one.hours)
    steps = int(SOON * 3600 / found.seconds)
    if chosen.hours < 2 * SOON or steps < LEAST:
        return None
    return replace(found, steps=steps)


def why_side(photos: Photos, tried: Sequence[Trial], chosen: Trial, hours: float) -> str:
    """Why images are to have this size, and no larger one."""
    size = f"{chosen.side} pixels a side"
    if chosen.hours > hours:
        return f"{size}, as larger ones take longer still"
    larger = [one for one in tried if one.variant == chosen.variant and one.side > chosen.side]
    if larger:
        one = larger[0]
        takes = f"{one.side} would take {lasting(3600 * one.hours)}, and --hours are {hours:g}"
        return f"{size}, as {takes}"
    if chosen.side < photos.sides[-1]:
        return f"{size}, as {chosen.variant} takes no larger ones"
    if chosen.side == SIDES[-1]:
        return f"{size}, the most that is tried here"
    return (
        f"{size}, as the next size, {SIDES[SIDES.index(chosen.side) + 1]}, is more than the "
        f"{photos.side:,} that the shorter side of the middle image has"
    )


def _try(row: Registered[VariantSpec], photos: Photos, side: int, device: str) -> Trial | None:
    """Some steps in a process of their own; None: the variant refuses such images."""
    where = FOLDER, str(photos.folder), str(side), photos.pixels
    cls: type[Variant] = row.load()
    game = Game(row.qualified, *where, device=device, settings=_for_few(cls, photos, side))
    try:
        process = Process(game, Entrant())
    except Unplayable:
        return None
    with process:
        pace = process.ask("pace", tuned=TUNED, timed=TIMED)
        batch = process.about["batch_size"]
    steps = cls.recipe(photos.at(side))["steps"]
    return Trial(row.spec.name, side, batch, steps, pace["seconds"], pace["memory"])


def _for_few(cls: type[Variant], photos: Photos, side: int) -> dict[str, str]:
    """The settings that a training of few images has besides, as they are typed."""
    from ganzoo.training.few import FEW, augmentation_setting, augmented  # import torch

    data = photos.at(side)
    name = augmentation_setting(cls.Config)
    if photos.count >= FEW or not name:
        return {}
    chosen = getattr(
        augmented(build(cls.Config, own_settings(cls.Config, cls.recipe(data))), data), name
    )
    return {} if chosen is None else {name: chosen}


def _middle_side(files: Sequence[Path]) -> int:
    sizes = [size for file in files if (size := upright_size(file))]
    return int(median(min(size) for size in sizes)) if sizes else SIDES[0]
