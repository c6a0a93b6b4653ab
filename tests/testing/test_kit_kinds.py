"""The kit on games of every kind of data, on sets that are registered and on none."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from helpers.plugins.every_kind import INIT, VARIANT

from ganzoo.data.kinds import kind_of, kinds
from ganzoo.data.trying import TRIED
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.registry import registry
from ganzoo.spec import VariantSpec
from ganzoo.testing import Outcome, variant_verdicts
from ganzoo.testing.variants import declaration
from ganzoo.testing.variants.made import NEEDED, made, others
from ganzoo.testing.variants.subject import VariantSubject

KINDS = ["image", "deep", "point", "volume", "video", "tokens", "series", "table", "label"]
KINDS += ["attributes", "mask", "pair"]
CODECS = {"image": ("", "16 bits"), "series": ("", "bytes")}


@pytest.fixture(autouse=True)
def registers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaration, "check_registration", lambda plugin: None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_game_of_each_kind_of_data_conforms(install: Callable[..., None], kind: str) -> None:
    install("toy", INIT, VARIANT)
    verdicts = [*variant_verdicts(f"game-{kind}")]
    failed = {v.check: v.message for v in verdicts if v.outcome is Outcome.FAILED}
    assert failed == {}
    assert {v.check for v in verdicts if v.outcome is Outcome.SKIPPED} == {"second-order"}


def test_without_a_set_that_suits_it_is_played_on_what_it_needs(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(spec: VariantSpec) -> str:
        raise GanzooError("no data set that is made on the spot has such samples")

    install("toy", INIT, VARIANT)
    monkeypatch.setattr(catalog, "default_for", none)
    subject = VariantSubject(registry().variant("game-attributes"))
    assert subject.dataset.name == NEEDED
    assert [*subject.dataset.tensors] == ["image", "attributes"]
    assert not (subject.dataset.tensors["image"] == subject.test.tensors["image"]).all()
    failed = [v for v in variant_verdicts("game-attributes") if v.outcome is Outcome.FAILED]
    assert failed == []


@pytest.mark.parametrize("name", others())
def test_what_is_made_is_as_its_kinds_store_it(name: str) -> None:
    dataset = made(name, others()[name])
    for field_name, field in dataset.spec.fields.items():
        assert kind_of(field.kind).flaw(field, dataset.tensors[field_name]) == ""


@pytest.mark.parametrize("name", kinds())
def test_values_are_invented_as_their_kind_stores_them(name: str) -> None:
    kind, generator = kind_of(name), torch.Generator().manual_seed(0)
    assert kind.example.kind == name
    for codec in CODECS.get(name, ("",)):
        field = replace(kind.example, name="x", codec=codec or kind.example.codec)
        stored = kind.invented(field, 3, generator)
        assert kind.flaw(field, stored) == ""
        assert stored.shape == (3, *field.shape)


def test_there_are_data_of_each_kind() -> None:
    found = {field.kind for groups in others().values() for group in groups for field in group}
    assert found == {*kinds()}
    assert {"small texts", "small images with masks"} <= {*others()}


def test_a_check_of_a_variant_draws_no_more_data_than_it_plays_on() -> None:
    images = VariantSubject(registry().variant("dcgan"), "glyphs").dataset.tensors["image"]
    assert len(images) == 60_000
    assert len(images.flatten(1).unique(dim=0)) <= TRIED
