"""Texts a line: tokens, vocabulary, splits, what is left out and what is refused."""

from pathlib import Path

import pytest
import torch

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.kinds.tokens import decode
from ganzoo.data.sources.text import load, load_words
from ganzoo.errors import GanzooError


def loaded(root: Path, split: str = "train", words: bool = False) -> tuple[Dataset, list[str]]:
    said: list[str] = []
    request = DataRequest(root=root, split=split, report=said.append)
    return (load_words if words else load)(request), said


def texts(dataset: Dataset) -> list[str]:
    return decode(dataset.spec.sample, dataset.tensors["tokens"])


def problem(root: Path | None, split: str = "train", words: bool = False) -> str:
    with pytest.raises(GanzooError) as error:
        (load_words if words else load)(DataRequest(root=root, split=split))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_characters_are_tokens_and_the_end_is_0(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("ab\n\n  cäb \nb\r\n", encoding="utf-8")
    train, said = loaded(file)
    (field,) = train.spec.groups[0]
    assert (train.name, field.name, field.kind, field.shape) == ("names", "tokens", "tokens", (3,))
    assert field.names == ("", "a", "b", "c", "ä")
    assert train.tensors["tokens"].dtype == torch.int64
    assert train.tensors["tokens"].tolist() == [[1, 2, 0], [3, 4, 2], [2, 0, 0]]
    assert said == ["texts of 'names' have up to 3 characters, of 4 different ones"]


def test_texts_of_one_length_need_no_end(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("ba\nab\n")
    train, _ = loaded(tmp_path)
    assert train.spec.sample.names == ("a", "b")
    assert train.tensors["tokens"].tolist() == [[1, 0], [0, 1]]


def test_words_stand_between_spaces(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("12 7\n7  12\t12\n")
    train, said = loaded(tmp_path, words=True)
    assert train.spec.sample.names == ("", "12", "7")
    assert train.tensors["tokens"].tolist() == [[1, 2, 0], [2, 1, 1]]
    assert texts(train) == ["12 7", "7 12 12"]
    assert said == ["texts of 'x' have up to 3 words, of 2 different ones"]


def test_every_tenth_line_is_held_out(tmp_path: Path) -> None:
    lines = [chr(97 + k) for k in range(20)]
    (tmp_path / "x.txt").write_text("\n".join(lines))
    train, said = loaded(tmp_path)
    test, _ = loaded(tmp_path, "test")
    assert texts(test) == ["j", "t"]
    assert texts(train) == [line for line in lines if line not in "jt"]
    assert train.spec == test.spec
    file = tmp_path / "x.txt"
    assert said[0] == f"every tenth line of '{file}' is the test split: 18 to train on, 2 to test"


def test_two_files_are_the_splits_and_share_a_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("ab\n" * 11)
    (tmp_path / "test.txt").write_text("abc\n")
    train, _ = loaded(tmp_path)
    test, _ = loaded(tmp_path, "test")
    assert train.name == tmp_path.name
    assert train.spec == test.spec
    assert texts(test) == ["abc"]
    assert len(train) == 11


def test_a_line_that_is_too_long_is_left_out_and_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("a" * 256 + "\n" + "b" * 300 + "\n")
    train, said = loaded(file)
    assert texts(train) == ["a" * 256]
    assert said[0] == (f"left out: 1 of 2 lines of '{file}' with more than 256 tokens, up to 300")


def test_what_is_refused(tmp_path: Path) -> None:
    needed = "a .txt file with a text a line"
    assert problem(None) == f"--dataset text needs --data-root, {needed}"
    assert problem(None, words=True) == f"--dataset words needs --data-root, {needed}"
    missing = tmp_path / "no"
    assert problem(missing) == f"there is no '{missing}': name {needed}"
    assert problem(tmp_path) == f"the folder '{tmp_path}' holds no .txt file: it must hold {needed}"
    file = tmp_path / "a.txt"
    file.write_text("\n \n")
    assert problem(tmp_path) == f"'{file}' holds no text: it must hold one in each line"
    file.write_text("x\n")
    assert problem(tmp_path, "test") == (
        f"'{file}' has no text for the test split: give it ten lines, of which one is held out, or "
        "give two files, train.txt and test.txt"
    )
    file.write_text("x" * 257)
    assert problem(file) == (
        f"each line of '{file}' has more than 256 tokens, up to 257: break them into shorter ones"
    )
    file.write_text(" ".join(map(str, range(20_001))).replace(" ", "\n"))
    assert problem(file, words=True) == (
        f"'{file}' has 20001 different words, and 20000 are the most: replace the rare ones by one "
        "word, or use --dataset text, whose tokens are characters"
    )
    file.write_bytes(b"ab\xff\n")
    assert problem(file) == f"'{file}' is no text in UTF-8 (byte 2 is not): save it in UTF-8"
    with pytest.raises(GanzooError, match="'text' holds texts: leave out --image-size"):
        load(DataRequest(root=file, image_size=(8, 8)))


def test_several_files_are_refused_by_name(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", "e.md", ".f.txt"):
        (tmp_path / name).write_text("x\n")
    assert problem(tmp_path) == (
        f"the folder '{tmp_path}' holds a.txt, b.txt, c.txt, ...: name one of them with "
        "--data-root, or call two of them train.txt and test.txt"
    )
