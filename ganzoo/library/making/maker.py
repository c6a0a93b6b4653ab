"""Images that a user names, given to a run's variant one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes, to_floats, to_words
from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import Look, limited, look, upright_size
from ganzoo.data.files.seen import nothing_seen, report_seen, see
from ganzoo.data.files.wanted import Pixels
from ganzoo.draws import seeded
from ganzoo.errors import GanzooError, counted
from ganzoo.library.asked import SEEDS, whole
from ganzoo.library.making.masks import Masks
from ganzoo.library.making.tiles import Tiling, in_tiles

CHUNK = 16
"""Images that something is made of at once."""


@dataclass(frozen=True)
class Maker:
    """What a run makes of images."""

    shape: tuple[int, int, int]
    """That it takes, (channels, height, width)."""
    function: Callable[[Tensor], Tensor]
    """Of images (n, channels, height, width) in [-1, 1], on the device, to as many rows."""
    device: torch.device
    wanted: Pixels
    """How files are read."""
    seed: int | None = None
    """Of what it draws, each time anew, so that few images or many have the same; None: nothing."""
    tiling: Tiling | None = None
    """How each image is given to it that is left at its size; None: all are brought to its own."""
    latents: bool = False
    """Whether what it makes is no images."""
    masks: Masks | None = None
    """What is missing from images, and is made, while all else stays as it is. The function is
    given as one more channel 1 where a pixel is missing, else -1."""

    def __post_init__(self) -> None:
        whole("seed", self.seed or 0, most=SEEDS)

    def over(
        self,
        folder: Path,
        files: Sequence[str],
        report: Callable[[str], None],
        advance: Callable[[float], None] = lambda count: None,
    ) -> Iterator[tuple[str, Tensor]]:
        """What is made of each file that can be read, by its name: see `make_of_images`."""
        return make_of_images(folder, files, self, report, advance)

    def look(self, folder: Path, name: str) -> Look | str:
        """An image as it is given to it, or why it cannot be read."""
        channels, height, width = self.shape
        if self.tiling is not None:
            found = look_exactly(folder / name, channels, self.wanted)
        else:
            found = look(folder / name, channels, (height, width), wanted=self.wanted)
        if self.masks is None or isinstance(found, str):
            return found
        return self.masks.beside(found, folder, name, None if self.tiling else (height, width))

    def make(self, given: Tensor, advance: Callable[[float], None]) -> Tensor:
        """What it makes of stored images, stored likewise; or latents.

        Args:
            given: uint8, or int16, (n, channels, height, width).
            advance: is told of how many are done, and of parts of one.
        """

        @torch.no_grad()
        def network(images: Tensor) -> Tensor:
            draws = nullcontext() if self.seed is None else seeded(self.seed, self.device)
            with draws:
                return self.function(to_floats(images.to(self.device))).float().cpu()

        stored = to_words if given.dtype == torch.int16 else to_bytes
        if self.tiling is not None:
            made = in_tiles(network, given, self.tiling, stored, advance)
        else:
            made = network(given)
            made = made if self.latents else stored(made)
            advance(len(given))
        if self.masks is None:
            return made
        return torch.where(self.masks.missing(given), made, given[:, :-1])


def make_of_images(
    folder: Path,
    files: Sequence[str],
    maker: Maker,
    report: Callable[[str], None],
    advance: Callable[[float], None],
) -> Iterator[tuple[str, Tensor]]:
    """What is made of each file in a folder that can be read, by its name.

    Args:
        folder: in which the files are.
        files: their names.
        maker: says to which shape each is brought: it is scaled to cover it, and cropped, which is
            said once; or how each is given to it that is left at its size.
        report: is told which cannot be read, and why, and what is found in the others.
        advance: is told of how many files are done.

    Raises:
        GanzooError: none can be read.
    """
    _, height, width = maker.shape
    together = CHUNK if maker.tiling is None else 1
    skipped, fitted, seen, blended = 0, Fitted(height, width), nothing_seen(), 0
    with limited(maker.wanted):
        for start in range(0, len(files), together):
            chunk = files[start : start + together]
            names, pixels = [], []
            for name in chunk:  # which may be there twice
                found = maker.look(folder, name)
                if isinstance(found, str):
                    report(f"skipped '{folder / name}': {found}")
                    skipped += 1
                    advance(1)
                    continue
                fitted.see(folder / name)
                see(seen, found)
                names.append(name)
                pixels.append(found.pixels)
            if names:
                stacked = torch.from_numpy(np.stack(pixels))
                blended += maker.tiling is not None and maker.tiling.blends(*stacked.shape[2:])
                yield from zip(names, maker.make(stacked, advance), strict=True)
    if skipped == len(files):
        raise GanzooError(f"of {counted(skipped, 'file')} in '{folder}' none can be read")
    report_seen(f"in '{folder}'", seen, maker.wanted, report)
    if fitted.sentence and maker.tiling is None:
        report(fitted.sentence)
    if blended:
        report(
            f"{blended:,} of {len(files):,} images were made of tiles and blended, as a tile holds "
            "less than this run's networks look at: --tile 0 takes images whole, where memory "
            "allows it"
        )


class Fitted:
    """How many images were scaled and cropped to a size."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.seen = self.scaled = self.cropped = 0

    def see(self, file: Path) -> None:
        """Look at the size of an image that can be read."""
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
