"""Which labels SGAN uses: the draw of a balanced subset, and the streams made of it."""

from collections.abc import Callable

import pytest
import torch
from ganzoo_sgan import variant
from ganzoo_sgan.labels import balanced_subset
from ganzoo_sgan.variant import FEATURE_MATCHING, ODENA, SGAN, SGANConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganzoo import Dataset, DataSpec, GanzooError
from ganzoo.engine.engine import Engine


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data(), st.integers(0, 2**31))
def test_classes_take_turns(labels: list[int], data: st.DataObject, draw: int) -> None:
    label = torch.tensor(labels)
    count = data.draw(st.integers(1, len(labels)))
    chosen = balanced_subset(label, count, draw)
    assert len(chosen.unique()) == len(chosen) == count
    there, taken = label.bincount(minlength=5), label[chosen].bincount(minlength=5)
    most = int(taken.max())
    for have, got in zip(there.tolist(), taken.tolist(), strict=True):
        assert got <= have
        assert got >= min(most - 1, have)


def test_25_labels_of_10_classes_are_2_or_3_each() -> None:
    label = torch.arange(10).repeat(100)
    assert set(label[balanced_subset(label, 25, 0)].bincount().tolist()) == {2, 3}
    assert label[balanced_subset(label, 100, 0)].bincount().tolist() == [10] * 10


def test_a_draw_is_random_fixed_and_nested() -> None:
    """Neither the first rows nor another choice at the next start."""
    label = torch.arange(10).repeat(100)
    torch.manual_seed(0)
    chosen = balanced_subset(label, 100, 0)
    torch.manual_seed(1)
    assert chosen.tolist() == balanced_subset(label, 100, 0).tolist()
    assert set(balanced_subset(label, 25, 0).tolist()) < set(chosen.tolist())
    assert len(set(chosen.tolist()) & set(balanced_subset(label, 100, 1).tolist())) < 40
    assert chosen.max() > 800
    assert len(set(chosen.tolist()) & set(range(100))) < 40


def test_streams_hold_the_chosen_labels_and_all_images(
    blobs: Callable[..., Dataset], make: Callable[..., SGAN]
) -> None:
    dataset = blobs()
    labelled, unlabelled, for_generator = make().streams(dataset)
    assert len(labelled["label"]) == 12
    assert labelled["label"].bincount().tolist() == [4, 4, 4]
    for image, label in zip(labelled["image"], labelled["label"], strict=True):
        (row,) = [i for i, other in enumerate(dataset.fields["image"]) if torch.equal(image, other)]
        assert dataset.fields["label"][row] == label
    assert list(unlabelled) == ["unlabelled"]
    assert list(for_generator) == ["unlabelled_for_generator"]
    assert unlabelled["unlabelled"] is dataset.fields["image"]
    assert for_generator["unlabelled_for_generator"] is dataset.fields["image"]


@pytest.mark.parametrize("objective", [FEATURE_MATCHING, ODENA])
def test_labels_of_the_other_images_are_not_used(
    blobs: Callable[..., Dataset],
    make: Callable[..., SGAN],
    make_engine: Callable[..., Engine],
    weights: Callable[..., dict[str, Tensor]],
    assert_same: Callable[..., None],
    objective: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = blobs()
    chosen = balanced_subset(dataset.fields["label"], 12, 0)
    monkeypatch.setattr(variant, "balanced_subset", lambda label, count, draw: chosen)
    wrong = (dataset.fields["label"] + 1) % 3
    wrong[chosen] = dataset.fields["label"][chosen]
    assert (wrong != dataset.fields["label"]).sum() == 108
    results = []
    for label in (dataset.fields["label"], wrong):
        sgan = make(objective)
        engine = make_engine(sgan, dataset.with_tensors({"label": label}))
        torch.manual_seed(1)
        for _ in range(6):
            engine.step()
        results.append(weights(sgan, "generator", "classifier", "baseline"))
    assert_same(*results)


def test_more_labels_than_images_are_refused(blobs: Callable[..., Dataset]) -> None:
    sgan = SGAN(SGANConfig(labels=121), DataSpec.images((1, 28, 28), classes=3, name="blobs"))
    with pytest.raises(GanzooError, match="121 is more than the 120 images of 'blobs': choose at"):
        sgan.streams(blobs())


def test_many_classes_get_a_label_each() -> None:
    assert SGAN.recipe(DataSpec.images((1, 28, 28), 10))["labels"] == 100
    assert SGAN.recipe(DataSpec.images((3, 28, 28), 1000))["labels"] == 1000
