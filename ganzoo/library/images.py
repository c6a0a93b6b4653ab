"""Images that a user names, given to a run's variant, and what it makes of them written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import whole_folder
from ganzoo.artifacts.places import mark
from ganzoo.errors import GanzooError
from ganzoo.library.writing import alike, bare

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.data.files.wanted import Pixels
    from ganzoo.library.samples import Samples
    from ganzoo.runs.run import Run
    from ganzoo.spec import Field
    from ganzoo.variant import Variant

Report = Callable[[str], None]


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


def find_images(source: Path, report: Report, where: str = "--input") -> tuple[Path, list[str]]:
    """A folder, and the images below it, or the one that is meant, relative to it.

    Args:
        source: the folder, or an image.
        report: is told of what is left out.
        where: the user has named it.

    Raises:
        GanzooError: there is none.
    """
    if not source.exists():
        raise GanzooError(f"there is no '{source}': {where} must name an image or a folder of them")
    if not source.is_dir():
        return source.parent, [source.name]

    from ganzoo.data.files.found import list_images

    files = list_images(source, report)
    if not files:
        raise GanzooError(f"the folder '{source}' holds no images: choose another {where}")
    return source, files


def find_all(sources: Sequence[Path], report: Report, where: str) -> tuple[Path, list[str]]:
    """The images that several sources name, relative to a folder; see `find_images`."""
    if len(sources) == 1:
        return find_images(sources[0], report, where)
    found = [find_images(source, report, where) for source in sources]
    return Path(), [str(folder / name) for folder, names in found for name in names]


def as_samples(made: Iterator[tuple[str, Tensor]], field: Field) -> Samples:
    """What was made of images, by their names.

    Args:
        made: the images, stored, with the names of the files.
        field: what they are like, but for their size and bits.

    Raises:
        GanzooError: they are of several sizes, which no samples are.
    """
    import torch

    from ganzoo.artifacts.pixels import to_floats
    from ganzoo.data.kinds.image import image_field
    from ganzoo.library.samples import Samples

    found: list[tuple[str, Tensor]] = []
    for name, image in made:
        if found and (image.shape, image.dtype) != (found[0][1].shape, found[0][1].dtype):
            raise GanzooError(
                f"'{found[0][0]}' and '{name}' are of different sizes or bits: hand over images of "
                "one size at a time"
            )
        found.append((name, image))
    names = tuple(bare(name) for name, _ in found)
    if len({*map(alike, names)}) < len(found):  # x.jpg beside x.png
        names = tuple(f"{number:05d}" for number in range(len(found)))
    stored = torch.stack([image for _, image in found])
    return Samples(image_field(field.name, stored), to_floats(stored), names)


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
                png = _unused(name, taken)
                taken.add(alike(png))
                path = temporary / png
                path.parent.mkdir(parents=True, exist_ok=True)
                pictures.write_png(image, path)
            mark(temporary)
    except OSError as error:
        raise _unwritable(out, error) from error
    return len(taken)


def _unused(name: str, taken: set[str]) -> str:
    """The name of a PNG for an image of that name, which no disk takes for one of `taken`."""
    png = f"{bare(name)}.png"
    if alike(png) in taken:  # x.jpg beside x.png
        png = f"{bare(name)}{PurePosixPath(name).suffix}.png"
    number = 2
    while alike(png) in taken:
        png, number = f"{bare(name)}-{number}.png", number + 1
    return png


def write_arrays(arrays: dict[str, Any], out: Path) -> None:
    """Write an ``.npz``, whole or not at all.

    Raises:
        GanzooError: it cannot be written there.
    """
    import numpy as np

    from ganzoo.artifacts.files import creating

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with creating(out) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> GanzooError:
    return GanzooError(
        f"the results cannot be written to {out} ({error.strerror}): choose another --out"
    )
