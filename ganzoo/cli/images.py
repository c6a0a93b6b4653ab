"""Images that a user names, given to a run's variant, and what it makes of them written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from ganzoo.artifacts.files import whole_folder
from ganzoo.artifacts.places import mark
from ganzoo.cli import legible
from ganzoo.cli.output import counted
from ganzoo.cli.owners import with_owners
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ganzoo.data.files.wanted import Pixels
    from ganzoo.variant import Variant

CHUNK = 16
"""Images that something is made of at once."""


def load_able(run: Path, device: torch.device, ability: str, does: str) -> Variant:
    """The variant of a run, which has an ability.

    Args:
        run: its folder.
        device: where it is put.
        ability: as `ganzoo.abilities.ABILITIES` names it.
        does: what one without it does not, for the user: ``"translate"``.

    Raises:
        GanzooError: there is no such run, or its variant has another ability.
    """
    from ganzoo.abilities import can
    from ganzoo.runs.load import load_variant
    from ganzoo.runs.run import Run

    opened = Run.open(run)
    variant = load_variant(opened, device)
    if not can(variant, ability):
        name = opened.settings["variant"]["name"]
        raise GanzooError(
            f"{run} was trained by '{name}', which does not {does}: choose a run of a variant that "
            "does (see `ganzoo list`)"
        )
    return variant


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


def reading(run: Path, words: str | None, channels: int) -> Pixels:
    """How files are read that a run is given: as those of its training, unless the user says more.

    Args:
        run: its folder.
        words: what ``--pixels`` says; None: nothing.
        channels: of the images that it takes.

    Raises:
        GanzooError: the words are none that there are, or want other channels.
    """
    from ganzoo.data.files.wanted import CHANNELS, parse_pixels
    from ganzoo.runs.record import pixels
    from ganzoo.runs.run import Run

    colour = parse_pixels(words).colour
    if colour and CHANNELS[colour] != channels:
        raise GanzooError(
            f"{run} takes images of {counted(channels, 'channel')}, whatever --pixels says: leave "
            f"'{colour}' out of it"
        )
    return parse_pixels(words, pixels(Run.open(run).settings))


def find_images(source: Path) -> tuple[Path, list[str]]:
    """A folder, and the images below it, or the one that is meant, relative to it.

    Raises:
        GanzooError: there is none.
    """
    if not source.exists():
        raise GanzooError(f"there is no '{source}': --input must name an image or a folder of them")
    if not source.is_dir():
        return source.parent, [source.name]

    from ganzoo.data.files.found import list_images

    files = list_images(source, warn)
    if not files:
        raise GanzooError(f"the folder '{source}' holds no images: choose another --input")
    return source, files


def make_of_images(
    folder: Path,
    files: Sequence[str],
    shape: tuple[int, int, int],
    function: Callable[[Tensor], Tensor],
    doing: str,
    wanted: Pixels,
    own_size: bool = False,
) -> Iterator[tuple[str, Tensor]]:
    """What is made of each file in a folder that can be read, by its name.

    Args:
        folder: in which the files are.
        files: their names.
        shape: to which each is brought, (channels, height, width): it is scaled to cover it, and
            cropped, which is said once.
        function: of uint8 images (n, channels, height, width), to as many rows.
        doing: what is done, for the bar that shows how far it is.
        wanted: how the files are read.
        own_size: each is left at its size, and given to the function alone.

    Raises:
        GanzooError: none can be read.
    """
    import numpy as np
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from ganzoo.data.files.opened import limited, look
    from ganzoo.data.files.seen import nothing_seen, report_seen, see

    channels, height, width = shape
    size, together = (None, 1) if own_size else ((height, width), CHUNK)
    skipped, fitted, seen = 0, Fitted(height, width), nothing_seen()
    hidden = not sys.stderr.isatty()
    with (
        limited(wanted),
        Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress,
    ):
        task = progress.add_task(doing, total=len(files))
        for start in range(0, len(files), together):
            chunk = files[start : start + together]
            images = {file: look(folder / file, channels, size, wanted=wanted) for file in chunk}
            read = {name: image for name, image in images.items() if not isinstance(image, str)}
            for name in images.keys() - read.keys():
                warn(f"skipped '{folder / name}': {images[name]}")
            skipped += len(images) - len(read)
            for name in read:
                fitted.see(folder / name)
                see(seen, read[name])
            if read:
                stacked = torch.from_numpy(np.stack([image.pixels for image in read.values()]))
                yield from zip(read, function(stacked), strict=True)
            progress.advance(task, len(chunk))
    if skipped == len(files):
        raise GanzooError(f"none of the {skipped} files in '{folder}' can be read")
    report_seen(f"in '{folder}'", seen, wanted, warn)
    if fitted.sentence and not own_size:
        warn(fitted.sentence)


def status_of(done: int, asked: int) -> int:
    """The exit status of a command that has done some of what was asked: 1, where not all.

    That is said last, where it is seen below the names of those that were skipped.
    """
    if done == asked:
        return 0
    warn(f"{asked - done:,} of {counted(asked, 'file')} could not be read")
    return 1


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


def warn(message: str) -> None:
    """Say something on stderr, in the words of the command that is called."""
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name is not None and "--" in message:
        message = with_owners(message, context.info_name.removeprefix("ganzoo "))
    click.echo(legible(message), err=True)


def _unwritable(out: Path, error: OSError) -> GanzooError:
    return GanzooError(
        f"the results cannot be written to {out} ({error.strerror}): choose another --out"
    )
