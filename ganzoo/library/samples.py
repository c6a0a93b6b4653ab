"""Samples in a program's hands: arrays, pictures, files."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganzoo.artifacts.files import creating
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.artifacts.signed import signed_png
from ganzoo.data.kinds import kind_of
from ganzoo.data.sample_files import write_folder, write_npz
from ganzoo.errors import GanzooError, counted
from ganzoo.library.asked import place, whole
from ganzoo.library.writing import MANIFEST, NPZ, PICTURE, check_out, check_room, held, rename
from ganzoo.spec import Field

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Samples(Sequence["Samples"]):
    """Some samples, each of which has a name; a part of them is such samples again."""

    field: Field
    """What they are like."""
    made: Tensor
    """As the networks made them, (n, ...) on the CPU: images are within [-1, 1]."""
    names: tuple[str, ...]
    """Of each, as files of them are called, without a suffix."""
    numbers: tuple[int, ...] = ()
    """Of each, where they were drawn from latents: with the seed it gives the same sample again."""
    labels: tuple[int, ...] = ()
    """Of each, where it was drawn for a class."""
    class_names: tuple[str, ...] = ()
    """By label."""
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """By which run, checkpoint and seed they were made, as JSON has it."""

    @property
    def kind(self) -> str:
        """Of the samples: ``"image"``, ``"point"``."""
        return self.field.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of the class of each, where it was drawn for one."""
        return tuple(self.class_names[label] for label in self.labels)

    @cached_property
    def stored(self) -> Tensor:
        """As files have them: images uint8 (n, channels, height, width)."""
        return kind_of(self.kind).restored(self.field, self.made)

    @cached_property
    def array(self) -> np.ndarray:
        """For programs without torch: images uint8 (n, height, width, channels)."""
        array: np.ndarray = kind_of(self.kind).to_array(self.field, self.stored)
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array if dtype is None else self.array.astype(dtype)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, at: int | slice) -> Samples:
        if not isinstance(at, slice):
            at = index(at)
            if not -len(self) <= at < len(self):
                raise IndexError(f"there are {len(self)} samples, and no number {at} among them")
            at = slice(at % len(self), at % len(self) + 1)
        backwards = at.step is not None and at.step < 0  # which torch does not slice
        return replace(
            self,
            made=self.made[[*range(len(self))[at]] if backwards else at],
            names=self.names[at],
            numbers=self.numbers[at],
            labels=self.labels[at],
        )

    def __iter__(self) -> Iterator[Samples]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} samples of shape {self.field}>"

    def picture(self, columns: int | None = None, scale: int = 1) -> Image:
        """All of them in one picture, images in a grid.

        Args:
            columns: samples a row, where they are images; None: as many as usual.
            scale: how many times as high and wide each image is.
        """
        from PIL import Image

        return Image.open(io.BytesIO(self.png(columns, scale)), formats=["PNG"])

    def png(self, columns: int | None = None, scale: int = 1) -> bytes:
        """The picture as a PNG, of one image the same as in a file of its own."""
        shown, kind = self.scaled(scale), kind_of(self.kind)
        if not self.names:
            raise GanzooError("there are no samples among these to draw or to write")
        columns = None if columns is None else whole("columns", columns, 1)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "00000.png"
            if len(self) == 1 and self.kind == "image":
                kind.write(shown.field, shown.stored, file.parent, 0)
            if not file.exists():  # there are several, or of so many channels that no PNG has them
                columns = min(columns or COLUMNS, len(self))
                kind.draw(shown.field, shown.made, file, None, columns)
            return file.read_bytes()

    @property
    def pictures(self) -> list[Image]:
        """A picture of each."""
        return [one.picture() for one in self]

    def scaled(self, scale: int) -> Samples:
        """The same, of images each pixel `scale` by `scale` times."""
        scale = whole("scale", scale, 1)
        if scale == 1 or self.kind != "image":
            return self
        what = f"{counted(len(self), 'image')}, {scale} times as high and wide,"
        check_room(what, held(self.field, len(self), scale), fewer="choose a smaller --scale")
        made = self.made.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
        channels, height, width = self.field.shape
        larger = replace(self.field, shape=(channels, scale * height, scale * width))
        return replace(self, made=made, field=larger)

    def save(self, out: Path | str, *, columns: int | None = None, scale: int = 1) -> None:
        """Write them as ``ganzoo sample`` does: a folder of files, an ``.npz``, or a ``.png``.

        Args:
            out: which it is, its suffix says; it must not exist.
            columns: of a ``.png``.
            scale: of images.

        Raises:
            GanzooError: it exists already, or cannot be written.
        """
        out = place(out)
        if not self.names:
            raise GanzooError(f"there are no samples among these to write to {out}")
        write_samples([self], out, check_out(out), columns=columns, scale=scale)

    @property
    def shown_scale(self) -> int:
        """How many times larger a notebook shows them, for images that would be stamps."""
        return max(1, 64 // max(self.field.shape[1:])) if self.kind == "image" else 1

    def _repr_png_(self) -> bytes:
        """For a notebook."""
        return self.png(scale=self.shown_scale)


_UNFIT = re.compile(r"[^\w+-]+")
"""What is better not in the name of a file."""


def joined(parts: Iterable[Samples]) -> Samples:
    """Parts of some samples as one."""
    first, *rest = parts
    if not rest:
        return first
    every = (first, *rest)
    return replace(
        first,
        made=torch.cat([part.made for part in every]),
        names=tuple(name for part in every for name in part.names),
        numbers=tuple(number for part in every for number in part.numbers),
        labels=tuple(label for part in every for label in part.labels),
    )


def name_of(number: int, class_name: str | None = None) -> str:
    """What the file of a sample is called, without its suffix: ``"00017-airplane"``."""
    if class_name is None:
        return f"{number:05d}"
    return f"{number:05d}-{_UNFIT.sub('_', class_name)[:60]}"


def manifest(samples: Samples) -> str:
    """What must be known to draw samples again, as JSON."""
    rows: list[dict[str, Any]] = [{"name": name} for name in samples.names]
    for row, number in zip(rows, samples.numbers, strict=False):
        row["number"] = number
    for row, label, name in zip(rows, samples.labels, samples.classes, strict=False):
        row |= {"label": label, "class": name}
    return json.dumps({**samples.origin, "samples": rows}, indent=2) + "\n"


def write_samples(
    parts: Iterable[Samples],
    out: Path,
    form: str,
    *,
    columns: int | None = None,
    scale: int = 1,
) -> None:
    """Write samples, all or nothing.

    Args:
        parts: of them.
        out: where; it is not there.
        form: one of `FORMS`.
        columns: of a picture.
        scale: of images, in files and pictures: how many times as high and wide they are.

    Raises:
        GanzooError: it cannot be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if form == PICTURE:
            every = joined(parts)
            picture = every.png(columns, scale)
            if every.origin or len(every) > 1:  # else it was made of one image, and may be data
                picture = signed_png(picture)
            with creating(out) as temporary:
                temporary.write_bytes(picture)
            return
        rest = iter(parts)
        first = next(rest)
        whole = chain([first], rest)
        if form == NPZ:
            write_npz((_drawn(part) for part in whole), first.field, out)
        else:
            _write_files(whole, first.field, out, scale)
    except OSError as error:
        raise GanzooError(
            f"the samples cannot be written to {out} ({error.strerror}): choose another --out"
        ) from error


def _drawn(samples: Samples) -> tuple[Tensor, Tensor | None]:
    """As `ganzoo.data.sample_files` takes them."""
    return samples.made, torch.tensor(samples.labels) if samples.labels else None


def _write_files(parts: Iterable[Samples], field: Field, out: Path, scale: int) -> None:
    """A folder of files, each with the name of its sample where a file is of one sample."""
    told: list[Samples] = []

    def drawn() -> Iterator[tuple[Tensor, None]]:
        for part in parts:
            told.append(replace(part, made=part.made[:0]))
            for some in [part] if scale == 1 else part:  # which may be large
                yield some.scaled(scale).made, None

    def finish(folder: Path) -> None:
        whole = joined(told)
        rename(folder, whole.names)
        (folder / MANIFEST).write_text(manifest(whole), encoding="utf-8")

    write_folder(drawn(), field, out, finish)
