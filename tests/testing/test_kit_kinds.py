"""The kit on games of every kind of data, on sets that are registered and on none."""

from collections.abc import Callable

import pytest
from helpers.every_kind import INIT, VARIANT

from ganzoo.data.kinds import kind_of, kinds
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.registry import registry
from ganzoo.spec import VariantSpec
from ganzoo.testing import Outcome, variant_verdicts
from ganzoo.testing.variants import declaration
from ganzoo.testing.variants.made import EXAMPLES, NEEDED, OTHERS, made
from ganzoo.testing.variants.subject import VariantSubject

KINDS = ["image", "deep", "point", "volume", "video", "tokens", "series", "table", "label"]
KINDS += ["attributes", "mask", "pair"]


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


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_made_is_as_its_kinds_store_it(name: str) -> None:
    dataset = made(name, OTHERS[name])
    for field_name, field in dataset.spec.fields.items():
        assert kind_of(field.kind).flaw(field, dataset.tensors[field_name]) == ""


def test_there_is_an_example_of_each_kind() -> None:
    assert {*EXAMPLES} == {*kinds()}
