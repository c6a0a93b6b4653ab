"""Samples that are looked at one after the other."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ganzoo.errors import counted
from ganzoo.library.asked import place, whole
from ganzoo.library.samples import Samples
from ganzoo.library.writing import check_room, filmed, save_film


@dataclass(frozen=True, eq=False)
class Film:
    """A walk in latent space."""

    samples: Samples
    """A frame each, in order."""
    loop: bool
    """Whether the first frame follows on the last."""

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"<film of {len(self)} frames of shape {self.samples.field}>"

    def save(self, out: Path | str, *, scale: int = 1) -> None:
        """Write it as a ``.gif``, a ``.webp`` or an ``.mp4``.

        Args:
            out: the file; it must not exist.
            scale: how many times as high and wide each image is.

        Raises:
            GanzooError: it cannot be written there, or not as such a file.
        """
        scale = whole("scale", scale, 1)
        needed = filmed(self.samples.field, len(self), scale)
        what = f"{counted(len(self), 'frame')}, {scale} times as high and wide,"
        check_room(what, needed, fewer="choose a smaller --scale")
        pictures = [one.picture(1, scale) for one in self.samples]
        save_film(pictures, place(out), loop=self.loop)

    def _repr_html_(self) -> str:
        """For a notebook."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "film.gif"
            self.save(file, scale=self.samples.shown_scale)
            content = base64.b64encode(file.read_bytes()).decode()
        return f'<img alt="a walk in latent space" src="data:image/gif;base64,{content}">'
