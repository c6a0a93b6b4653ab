"""Videos: uint8 (n, channels, frames, height, width), made as float32 in [-1, 1]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, numbered, whole_numbers
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

FRAME_MS = 100


class Videos(Kind):
    """Frames of one size, gray or in colour."""

    words = "videos"
    array = "videos"
    example = Field("video", "video", (3, 4, 16, 16))
    moves = True
    bounded = True
    distinct = True
    shown = 10

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is torch.uint8 and stored.dim() == 5 and stored.shape[1] in (1, 3):
            return ""
        return (
            f"is {described(stored)}: videos are uint8 (n, channels, frames, height, width) with "
            "values from 0 to 255, and with 1 channel or 3"
        )

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        return whole_numbers(field, n, generator, 256).byte()

    def prepared(self, stored: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_floats

        return to_floats(stored)

    def restored(self, field: Field, made: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_bytes

        return to_bytes(made)

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A row each, its frames from left to right."""
        from ganzoo.artifacts.pictures import grid, to_pil
        from ganzoo.artifacts.pixels import to_bytes

        frames = to_bytes(made).transpose(1, 2)
        to_pil(grid(frames.flatten(0, 1), frames.shape[1])).save(path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """A folder of PNG frames each, and beside it a GIF to look at."""
        from ganzoo.artifacts.pictures import to_pil

        for number, video in enumerate(stored, first):
            place = folder / f"{number:05d}"
            place.mkdir()
            frames = [to_pil(frame) for frame in video.unbind(1)]
            for moment, frame in enumerate(frames):
                frame.save(place / f"{moment:04d}.png")
            frames[0].save(
                place.with_suffix(".gif"),
                save_all=True,
                append_images=frames[1:],
                duration=FRAME_MS,
                loop=0,
            )

    def read(self, field: Field, folder: Path) -> Tensor:
        import torch

        from ganzoo.data.kinds.image import KIND as IMAGES
        from ganzoo.spec import Field

        channels, _, height, width = field.shape
        frame = Field(field.name, "image", (channels, height, width))
        videos = [IMAGES.read(frame, place) for place in numbered(folder, "") if place.is_dir()]
        return self.checked(field, torch.stack(videos).transpose(1, 2), folder)


KIND = Videos()
