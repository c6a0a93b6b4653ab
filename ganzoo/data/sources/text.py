"""Texts, one a line: ``--dataset text --data-root FILE``, and ``--dataset words`` by words.

FILE is a file of text in UTF-8, or a folder with one, or with ``train.txt`` and ``test.txt``. A
token of ``text`` is a character; one of ``words`` is what stands between spaces, such as the
numbers of a sequence. Blanks around a line do not count, and an empty line is none. Texts that are
shorter than the longest end with the empty token, which is 0.

Splits: as the files say; of one file every tenth line is held out. The vocabulary is that of both.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.one_file import read_text, shown_name, split_files
from ganzoo.data.files.splits import held_out
from ganzoo.data.made.drawing import refuse_size
from ganzoo.errors import GanzooError, counted
from ganzoo.spec import DataSpec, Field

LONGEST = 256
"""Tokens of the longest text that is taken: every text takes as much memory as the longest."""
MOST_SYMBOLS = 20_000
"""Of a vocabulary: a network has weights for each."""


def load(request: DataRequest) -> Dataset:
    """Lines of characters, as the module's documentation describes.

    Raises:
        GanzooError: there is no such file, or no text in it.
    """
    return _load("text", "", request)


def load_words(request: DataRequest) -> Dataset:
    """Lines of words between spaces, as the module's documentation describes.

    Raises:
        GanzooError: there is no such file, no text in it, or too many different words.
    """
    return _load("words", " ", request)


def _load(dataset: str, between: str, request: DataRequest) -> Dataset:
    train, test = split_files(request.root, dataset, (".txt",), "a .txt file with a text a line")
    refuse_size(request, dataset, "texts")
    if test is None:
        kept, held = held_out(train, _texts(train, between, request.report), request.report, "line")
        splits = {"train": kept, "test": held}
    else:
        splits = {
            split: _texts(path, between, request.report)
            for split, path in (("train", train), ("test", test))
        }
    if not splits[request.split]:
        raise GanzooError(
            f"'{train}' has no text for the {request.split} split: give it ten lines, of which one "
            "is held out, or give two files, train.txt and test.txt"
        )
    field = _field(splits.values(), between, train)
    name = shown_name(train, test)
    spec = DataSpec(((field,),), name)
    request.report(
        f"texts of '{name}' have up to {field.shape[0]} {'words' if between else 'characters'}, of "
        f"{len([symbol for symbol in field.names if symbol])} different ones"
    )
    return Dataset(spec, {"tokens": _encoded(splits[request.split], field)})


def _texts(path: Path, between: str, report: Callable[[str], None]) -> list[list[str]]:
    """The tokens of each line that is taken."""
    lines = [line.strip() for line in read_text(path).split("\n")]
    texts = [line.split() if between else [*line] for line in lines if line]
    if not texts:
        raise GanzooError(f"'{path}' holds no text: it must hold one in each line")
    taken = [text for text in texts if len(text) <= LONGEST]
    longest = max(map(len, texts))
    if not taken:
        raise GanzooError(
            f"each line of '{path}' has more than {LONGEST} tokens, up to {longest}: break them "
            "into shorter ones"
        )
    if len(taken) < len(texts):
        report(
            f"left out: {len(texts) - len(taken):,} of {counted(len(texts), 'line')} of '{path}' "
            f"with more than {LONGEST} tokens, up to {longest}"
        )
    return taken


def _field(splits: Iterable[list[list[str]]], between: str, path: Path) -> Field:
    texts = [text for split in splits for text in split]
    lengths = {len(text) for text in texts}
    symbols = sorted({symbol for text in texts for symbol in text})
    if len(symbols) > MOST_SYMBOLS:
        raise GanzooError(
            f"'{path}' has {len(symbols)} different words, and {MOST_SYMBOLS} are the most: "
            "replace the rare ones by one word, or use --dataset text, whose tokens are characters"
        )
    names = ([""] if len(lengths) > 1 else []) + symbols
    return Field("tokens", "tokens", (max(lengths),), tuple(names), between)


def _encoded(texts: Sequence[list[str]], field: Field) -> Tensor:
    numbers = {symbol: number for number, symbol in enumerate(field.names)}
    tokens = torch.zeros(len(texts), *field.shape, dtype=torch.int64)
    for row, text in zip(tokens, texts, strict=True):
        row[: len(text)] = torch.tensor([numbers[symbol] for symbol in text])
    return tokens
