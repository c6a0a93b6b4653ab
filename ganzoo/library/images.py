"""Images that a user names, given to a run's variant, and what it makes of them written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import whole_folder
from ganzoo.artifacts.places import mark
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ganzoo.data.files.wanted import Pixels
    from ganzoo.runs.run import Run
    from ganzoo.variant import Variant

Report = Callable[[str], None]

CHUNK = 16
"""Images that something is made of at once."""


def image_shape(variant: Variant, field: str) -> tuple[int, int, int]:
    """(channels, height, width) of a field of the data that a variant was trained on.

    Raises:
        GanzooError: it has no such field, or that holds no images.
    """
    known = variant.data.fields
    if field not in known or known[field].kind != "image":
        raise GanzooError(
            f"this run's '{field}' holds no images, and so it cannot be given image files"
        )
    channels, height, width = known[field].shape
    return channels, height, width


def reading(run: Run, words: str | None, channels: int) -> Pixels:
    """How files are read that a run is given: as those of its training, unless the user says more.

    Args:
        run: any.
        words: what ``--pixels`` says; None: nothing.
        channels: of the images that it takes.

    Raises:
        GanzooError: the words are none that there are, or want other channels.
    """
    from ganzoo.data.files.wanted import CHANNELS, parse_pixels
    from ganzoo.runs.record import pixels

    colour = parse_pixels(words).colour
    if colour and CHANNELS[colour] != channels:
        many = "1 channel" if channels == 1 else f"{channels} channels"
        raise GanzooError(
            f"{run.path} takes images of {many}, whatever --pixels says: leave '{colour}' out of it"
        )
    return parse_pixels(words, pixels(run.settings))


@dataclass(frozen=True)
class Maker:
    """What a run makes of images."""

    shape: tuple[int, int, int]
    """That it takes, (channels, height, width)."""
    function: Callable[[Tensor], Tensor]
    """Of uint8 images (n, channels, height, width), to as many rows on the CPU."""
    device: torch.device
    wanted: Pixels
    """How files are read."""
    seed: int | None = None
    """Of what it draws; None: nothing."""
    own_size: bool = False
    """Whether each image is left at its size, and given to the function alone."""

    def over(
        self,
        folder: Path,
        files: Sequence[str],
        report: Report,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[str, Tensor]]:
        """What is made of each file that can be read, by its name: see `make_of_images`."""
        made = make_of_images(folder, files, self, report, advance)
        if self.seed is None:
            yield from made
            return
        from ganzoo.engine.device import seeded

        with seeded(self.seed, self.device):
            yield from made


def find_images(source: Path, report: Report) -> tuple[Path, list[str]]:
    """A folder, and the images below it, or the one that is meant, relative to it.

    Args:
        source: the folder, or an image.
        report: is told of what is left out.

    Raises:
        GanzooError: there is none.
    """
    if not source.exists():
        raise GanzooError(f"there is no '{source}': --input must name an image or a folder of them")
    if not source.is_dir():
        return source.parent, [source.name]

    from ganzoo.data.files.found import list_images

    files = list_images(source, report)
    if not files:
        raise GanzooError(f"the folder '{source}' holds no images: choose another --input")
    return source, files


def make_of_images(
    folder: Path,
    files: Sequence[str],
    maker: Maker,
    report: Report,
    advance: Callable[[int], None],
) -> Iterator[tuple[str, Tensor]]:
    """What is made of each file in a folder that can be read, by its name.

    Args:
        folder: in which the files are.
        files: their names.
        maker: says to which shape each is brought: it is scaled to cover it, and cropped, which is
            said once.
        report: is told which cannot be read, and why, and what is found in the others.
        advance: is told of how many files are done.

    Raises:
        GanzooError: none can be read.
    """
    import numpy as np
    import torch

    from ganzoo.data.files.opened import limited, look
    from ganzoo.data.files.seen import nothing_seen, report_seen, see

    channels, height, width = maker.shape
    size, together = (None, 1) if maker.own_size else ((height, width), CHUNK)
    skipped, fitted, seen = 0, Fitted(height, width), nothing_seen()
    with limited(maker.wanted):
        for start in range(0, len(files), together):
            chunk = files[start : start + together]
            images = {
                file: look(folder / file, channels, size, wanted=maker.wanted) for file in chunk
            }
            read = {name: image for name, image in images.items() if not isinstance(image, str)}
            for name in images.keys() - read.keys():
                report(f"skipped '{folder / name}': {images[name]}")
            skipped += len(images) - len(read)
            for name in read:
                fitted.see(folder / name)
                see(seen, read[name])
            if read:
                stacked = torch.from_numpy(np.stack([image.pixels for image in read.values()]))
                yield from zip(read, maker.function(stacked), strict=True)
            advance(len(chunk))
    if skipped == len(files):
        raise GanzooError(f"none of the {skipped} files in '{folder}' can be read")
    report_seen(f"in '{folder}'", seen, maker.wanted, report)
    if fitted.sentence and not maker.own_size:
        report(fitted.sentence)


class Fitted:
    """How many images were scaled and cropped to a size."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.seen = self.scaled = self.cropped = 0

    def see(self, file: Path) -> None:
        """Look at the size of an image that can be read."""
        from ganzoo.data.files.opened import upright_size

        height, width = upright_size(file) or (self.height, self.width)
        self.seen += 1
        self.scaled += (height, width) != (self.height, self.width)
        self.cropped += height * self.width != width * self.height

    @property
    def sentence(self) -> str:
        """What the user should know; empty, where all were of the size."""
        if not self.scaled:
            return ""
        cropped = f", and {self.cropped:,} of these cropped to its shape" if self.cropped else ""
        return (
            f"{self.scaled:,} of {self.seen:,} images were scaled to the run's size of "
            f"{self.height}x{self.width}{cropped}"
        )


def write_pngs(images: Iterator[tuple[str, Tensor]], out: Path) -> int:
    """Write each image by its name, ending in ``.png``, into `out`, whole or not at all.

    Returns:
        How many there are.

    Raises:
        GanzooError: they cannot be written there.
    """
    from ganzoo.artifacts import pictures

    taken: set[str] = set()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(out) as temporary:
            for name, image in images:
                png = PurePosixPath(name).with_suffix(".png").as_posix()
                if png in taken:  # x.jpg beside x.png
                    png = f"{name}.png"
                taken.add(png)
                path = temporary / png
                path.parent.mkdir(parents=True, exist_ok=True)
                pictures.to_pil(image).save(path)
            mark(temporary)
    except OSError as error:
        raise _unwritable(out, error) from error
    return len(taken)


def write_arrays(arrays: dict[str, Any], out: Path) -> None:
    """Write an ``.npz``, whole or not at all.

    Raises:
        GanzooError: it cannot be written there.
    """
    import numpy as np

    from ganzoo.artifacts.files import replacing

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> GanzooError:
    return GanzooError(
        f"the results cannot be written to {out} ({error.strerror}): choose another --out"
    )
