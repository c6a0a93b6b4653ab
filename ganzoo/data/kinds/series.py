"""Series of moments: a few curves, or a piano roll. (n, moments, channels).

Stored as float32 within [-1, 1], where `Field.codec` may say of which values that is a part: the
least and the greatest of each channel, as JSON. Or stored as uint8 from 0, off, to 255. Made:
float32 within [-1, 1].
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, numbered, whole_numbers
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

ROLL = "bytes"
"""The codec of series that are stored as uint8."""
ROUNDING = 2**-21
"""Of the largest number, by which values that were written and read may lie beyond the range."""
CURVES = 8
"""Channels that are drawn as curves; more are a roll, moments from left to right."""


class Series(Kind):
    """Values of channels over time."""

    words = "series"
    array = "series"
    example = Field("series", "series", (16, 2), ("left", "right"))
    bounded = True
    shown = 16

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        wanted = torch.uint8 if field.codec == ROLL else torch.float32
        if stored.dtype is not wanted or stored.dim() != 3:
            return (
                f"is {described(stored)}: series are float32 (n, moments, channels), or uint8 with "
                "the codec 'bytes'"
            )
        if stored.dtype is torch.float32 and not stored.abs().max() <= 1:
            return "has values beyond [-1, 1]: divide them, and note the range in Field.codec"
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        if field.codec == ROLL:
            return whole_numbers(field, n, generator, 256).byte()
        return super().invented(field, n, generator)

    def prepared(self, stored: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_floats

        return stored if stored.is_floating_point() else to_floats(stored)

    def restored(self, field: Field, made: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_bytes

        return to_bytes(made) if field.codec == ROLL else made

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """Curves in a panel each; of many channels a roll each, the first channel at the bottom."""
        from ganzoo.artifacts.pictures import grid, to_pil
        from ganzoo.artifacts.pixels import to_bytes
        from ganzoo.artifacts.sheets import draw_curves

        if made.shape[2] <= CURVES:
            draw_curves(made, path)
        else:
            to_pil(grid(to_bytes(made.transpose(1, 2).flip(1).unsqueeze(1)), 4)).save(path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """A CSV each, the channels' names above, a line a moment."""
        import torch

        values = stored if field.codec == ROLL else unscaled(field, stored)
        values = values if field.codec == ROLL else values.to(torch.float64)
        names = field.names or tuple(map(str, range(stored.shape[2])))
        for number, one in enumerate(values.tolist(), first):
            with (folder / f"{number:05d}.csv").open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(names)
                rows.writerows([f"{value:.9g}" for value in moment] for moment in one)

    def read(self, field: Field, folder: Path) -> Tensor:
        import torch

        series = []
        for path in numbered(folder, ".csv"):
            try:
                with path.open(encoding="utf-8", newline="") as file:
                    names, *rows = csv.reader(file)
                series.append([[float(word) for word in row] for row in rows])
            except (OSError, ValueError) as error:
                raise GanzooError(f"'{path}' has lines that are no numbers") from error
            if field.names and tuple(names) != field.names:
                raise GanzooError(
                    f"the columns of '{path}' are {', '.join(names)}, and must be "
                    f"{', '.join(field.names)}"
                )
        try:
            values = torch.tensor(series)
        except ValueError as error:
            raise GanzooError(f"the series in '{folder}' are not of one length") from error
        if field.codec == ROLL:
            if bool((values != values.byte()).any()):
                raise GanzooError(f"the series in '{folder}' must be whole numbers from 0 to 255")
            return self.checked(field, values.byte(), folder)
        stored = scaled(field, values)
        low, high = unscaled(field, torch.tensor([[-1.0], [1.0]]).expand(2, values.shape[2]))
        slack = 1 + ROUNDING * torch.maximum(low.abs(), high.abs()) / (high - low)
        beyond = ~(stored.abs() <= slack).all(1).all(0)
        if beyond.any():
            worst = int(beyond.nonzero()[0])
            name = field.names[worst] if field.names else str(worst)
            raise GanzooError(
                f"the series in '{folder}' have values of '{name}' that are not within those of "
                f"the data, from {low[worst]:g} to {high[worst]:g}, where no generator makes any: "
                "cut them to that, if they are to be judged so"
            )
        return self.checked(field, stored.clamp(-1, 1), folder)


def scale(low: Tensor, high: Tensor) -> str:
    """The codec of series whose channels go from `low` to `high`, each (channels,)."""
    return json.dumps([low.tolist(), high.tolist()])


def scaled(field: Field, values: Tensor) -> Tensor:
    """What the user has, float (n, moments, channels), as it is stored."""
    if not field.codec:
        return values
    low, high = _range(field)
    return 2 * (values - low) / (high - low) - 1


def unscaled(field: Field, stored: Tensor) -> Tensor:
    """The reverse of `scaled`."""
    if not field.codec:
        return stored
    low, high = _range(field)
    return low + (stored + 1) * (high - low) / 2


def _range(field: Field) -> tuple[Tensor, Tensor]:
    import torch

    low, high = (torch.tensor(values) for values in json.loads(field.codec))
    return low, torch.where(high > low, high, low + 1)


KIND = Series()
