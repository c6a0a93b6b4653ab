"""Texts, and whatever else is a row of symbols: int64 (n, length), stored as they are made.

Token k stands for ``Field.names[k]``, the vocabulary; where that is empty it ends a text that is
shorter than the longest, and nothing after it counts. `Field.codec` is what stands between two
tokens: nothing between letters, a space between words.

Whoever makes texts may also make a weight for each symbol, (n, length, vocabulary): the greatest is
the one that is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, lines_in, whole_numbers
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

FILE = "samples.txt"


class Tokens(Kind):
    """Symbols of a vocabulary."""

    words = "texts"
    array = "tokens"
    example = Field("tokens", "tokens", (6,), ("", *"abcd"))
    whole = True
    shown = 40

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is not torch.int64 or stored.dim() != 2:
            return f"is {described(stored)}: texts are int64 (n, length)"
        if not field.names:
            return "has no vocabulary: give the symbols in Field.names"
        if stored.min() < 0 or stored.max() >= len(field.names):
            return (
                f"goes from {stored.min()} to {stored.max()}, and there are {len(field.names)} "
                "symbols, from 0 on"
            )
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        return whole_numbers(field, n, generator, len(field.names))

    def prepared(self, stored: Tensor) -> Tensor:
        return stored

    def restored(self, field: Field, made: Tensor) -> Tensor:
        tokens = made.argmax(2) if made.dim() == 3 else made.long()
        if "" not in field.names:
            return tokens
        end = field.names.index("")
        return tokens.masked_fill((tokens == end).cumsum(1) > 0, end)

    def compared(self, field: Field, made: Tensor) -> Tensor:
        """One for the symbol that is meant."""
        from torch.nn.functional import one_hot

        return one_hot(self.restored(field, made), len(field.names)).float()

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A sheet with a text in each line."""
        from ganzoo.artifacts.sheets import draw_text

        draw_text(decode(field, self.restored(field, made)), path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """One file of text, a line each."""
        with (folder / FILE).open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{text}\n" for text in decode(field, stored))

    def read(self, field: Field, folder: Path) -> Tensor:
        try:
            lines = lines_in(folder / FILE)
        except (OSError, ValueError) as error:
            raise GanzooError(f"the folder '{folder}' has no {FILE} with a text a line") from error
        return self.checked(field, encode(field, lines), folder)


def decode(field: Field, tokens: Tensor) -> list[str]:
    """The text of each row of int64 (n, length), in one line."""
    rows = [[field.names[token] for token in row] for row in tokens.tolist()]
    texts = [field.codec.join(symbol for symbol in row if symbol) for row in rows]
    return [text.replace("\n", " ") for text in texts]  # all else is no end of a line: `lines_in`


def encode(field: Field, texts: Sequence[str]) -> Tensor:
    """The tokens of each text, int64 (n, length), with the empty symbol after its end.

    Raises:
        GanzooError: one is too long, or holds a symbol that is none of the vocabulary.
    """
    import torch

    (length,) = field.shape
    numbers = {symbol: number for number, symbol in enumerate(field.names)}
    tokens = torch.full((len(texts), length), numbers.get("", 0))
    for row, text in enumerate(texts):
        symbols = text.split(field.codec) if field.codec and text else [*text]
        unknown = [symbol for symbol in symbols if symbol not in numbers]
        if unknown or len(symbols) > length or ("" not in numbers and len(symbols) < length):
            why = f"the symbol '{unknown[0]}'" if unknown else f"{len(symbols)} symbols"
            raise GanzooError(f"the text '{text}' has {why}, unlike those of '{field.name}'")
        tokens[row, : len(symbols)] = torch.tensor([numbers[symbol] for symbol in symbols])
    return tokens


KIND = Tokens()
