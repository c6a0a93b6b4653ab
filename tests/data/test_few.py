"""A training of few samples, and what it is measured by."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.cli import TINY, ganzoo

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.metrics import splits
from ganzoo.training.assemble import load_dataset
from ganzoo.training.few import words_of_unseen
from ganzoo.training.observer import Observer
from ganzoo.training.settings import Training

LABEL = torch.arange(10).repeat_interleave(20)
DIGITS = Dataset.images(
    "digits",
    LABEL[:, None, None, None].expand(-1, 1, 4, 4).to(torch.uint8),
    LABEL,
    tuple("0123456789"),
)


def test_few_are_ever_the_same_rows_of_all_fields_and_of_all_classes() -> None:
    few = DIGITS.few(50)
    assert len(few) == 50
    assert torch.equal(few.fields["image"][:, 0, 0, 0].long(), few.fields["label"])
    assert len(few.fields["label"].unique()) == 10
    assert torch.equal(few.fields["label"], DIGITS.few(50).fields["label"])
    assert DIGITS.few(None) is DIGITS
    assert len(DIGITS.few(1000)) == len(DIGITS)


def test_of_two_domains_there_are_few_of_each() -> None:
    both = Dataset.unpaired("two", DIGITS, DIGITS.first(30))
    assert [len(tensor) for tensor in both.few(25).tensors.values()] == [25] * 4


def test_the_training_split_alone_is_few_and_a_judge_learns_from_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(name: str, request: DataRequest) -> Dataset:
        return DIGITS if request.split == "train" else replace(DIGITS.first(40))

    monkeypatch.setattr("ganzoo.plugins.catalog.load", load)
    training = Training(dataset="glyphs", few=7)
    assert len(load_dataset(training, Observer())) == 7
    assert len(load_dataset(training, Observer(), "test")) == 40
    found = splits.load_splits("glyphs", None, None, print, few=7)
    assert (len(found.train), len(found.test)) == (7, 40)
    assert [len(native) for native in found.native] == [200, 40]
    assert torch.equal(
        found.train.fields["label"], load_dataset(training, Observer()).fields["label"]
    )


@pytest.mark.parametrize("dry", [False, True])
def test_a_batch_that_is_most_of_the_set_is_said_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dry: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ("--dry-run",) if dry else ("--steps", 1)
    whole = ganzoo("train", "vanilla", *TINY, "--few", 100, "--batch-size", 60, *more)
    both = whole.out + whole.err
    assert both.count("a batch of 60 is most of the 100 samples there are") == 1
    half = ganzoo("train", "vanilla", *TINY, "--few", 100, "--batch-size", 50, *more)
    assert "a batch of" not in half.out + half.err


def test_classes_of_which_few_have_nothing_are_named() -> None:
    assert words_of_unseen(DIGITS.few(50)) == ""
    few = DIGITS.few(4)
    seen = {*few.fields["label"].tolist()}
    words = words_of_unseen(few)
    assert words.startswith(f"of {10 - len(seen)} classes nothing is among the 4 samples of --few")
    named = {int(name) for name in re.findall(r"'(\d)'", words)}
    assert len(named) == 5
    assert not named & seen
    assert f"and {5 - len(seen)} more" in words or len(seen) == 5
    told: list[str] = []

    class Told(Observer):
        def report(self, message: str) -> None:
            told.append(message)

    load_dataset(Training(dataset="glyphs", few=4), Told())
    assert len(told) == 1
    assert "samples of --few" in told[0]
