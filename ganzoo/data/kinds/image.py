"""Images of any number of channels, of 8 or 16 bits.

Stored as uint8 (n, channels, height, width), or as int16 where `Field.codec` is ``16 bits``: the
value less 32768. Made: float32 in [-1, 1].
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.data.kinds.kind import Kind, described, numbered, whole_numbers
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

WORDS = "16 bits"
"""The codec of images of 16 bits."""


def image_field(name: str, stored: Tensor) -> Field:
    """The field of images that are stored so, of 8 or 16 bits."""
    import torch

    codec = WORDS if stored.dtype is torch.int16 else ""
    return Field(name, "image", tuple(stored.shape[1:]), (), codec)


class Images(Kind):
    """Pixels."""

    words = "images"
    array = "images"
    example = Field("image", "image", (3, 32, 32))
    moves = True
    bounded = True
    distinct = True

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        wanted = torch.int16 if field.codec == WORDS else torch.uint8
        if stored.dtype is not wanted or stored.dim() != 4:
            return (
                f"is {described(stored)}: images are uint8 (n, channels, height, width) with "
                "values from 0 to 255, or int16 with the codec '16 bits'"
            )
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        import torch

        if field.codec == WORDS:
            return (whole_numbers(field, n, generator, 2**16) - 2**15).to(torch.int16)
        return whole_numbers(field, n, generator, 256).byte()

    def prepared(self, stored: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_floats

        return to_floats(stored)

    def restored(self, field: Field, made: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_bytes, to_words

        return to_words(made) if field.codec == WORDS else to_bytes(made)

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A grid, opacity on white; of 2 channels or many, all beside each other in gray."""
        from ganzoo.artifacts.gallery import COLUMNS
        from ganzoo.artifacts.pictures import grid, to_pil, visible
        from ganzoo.artifacts.pixels import to_bytes

        columns, channels = columns or COLUMNS, made.shape[1]
        if channels not in (1, 3, 4):
            columns = max(1, columns // channels)
        to_pil(grid(to_bytes(visible(made)), columns)).save(path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """A PNG each, a fourth channel as opacity; where none can hold it, an ``.npy``.

        That is (height, width, channels).
        """
        import numpy as np
        from PIL import Image

        for number, image in enumerate(self.to_array(field, stored), first):
            name = folder / f"{number:05d}"
            gray = image[:, :, 0] if image.shape[2] == 1 else image
            if gray.ndim == 2 or (image.shape[2] in (3, 4) and image.dtype == np.uint8):
                Image.fromarray(gray).save(name.with_suffix(".png"))
            else:
                np.save(name.with_suffix(".npy"), image)

    def read(self, field: Field, folder: Path) -> Tensor:
        import numpy as np

        pictured = field.shape[0] == 1 or (field.shape[0] in (3, 4) and not field.codec)
        images = []
        for file in numbered(folder, ".png" if pictured else ".npy"):
            try:
                image = _pixels(file) if pictured else np.load(file)
            except Exception as error:  # whatever a decoder makes of a damaged file
                raise GanzooError(f"'{file}' cannot be read as an image: {error}") from error
            images.append(image[:, :, None] if image.ndim == 2 else image)
            if images[-1].shape != images[0].shape:
                raise GanzooError(f"'{file}' is of another size than those before it")
        return self.checked(field, self.from_array(field, np.stack(images)), folder)

    def to_array(self, field: Field, stored: Tensor) -> Any:
        """(n, height, width, channels), of uint8 or uint16."""
        import numpy as np

        from ganzoo.artifacts.pixels import OFFSET

        array = stored.permute(0, 2, 3, 1).contiguous().numpy()
        return (array.astype(np.int32) + OFFSET).astype(np.uint16) if field.codec else array

    def from_array(self, field: Field, array: Any) -> Tensor:
        import numpy as np
        import torch

        from ganzoo.artifacts.pixels import OFFSET

        if field.codec:
            array = (array.astype(np.int32) - OFFSET).astype(np.int16)
        if array.ndim == 3:
            array = array[..., None]
        return torch.from_numpy(array).permute(0, 3, 1, 2)


def _pixels(file: Path) -> Any:
    """The array of a picture."""
    import numpy as np

    from ganzoo.data.files.formats import open_image

    with open_image(file) as opened:
        return np.asarray(opened)


KIND = Images()
