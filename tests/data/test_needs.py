"""What follows from what a variant needs: words, refusals, and a data set for who names none."""

from dataclasses import replace

import pytest

from ganzoo import Field, Need, VariantSpec
from ganzoo.data.needs import check_suits, first_suitable, in_words, suits
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec

IMAGE, LABEL = Need(("image",)), Need(("label",))
SIZED = Need(("image", "point"), of="28 to 128 pixels")
PHOTOS = DataSpec.images((3, 8, 8), name="photos")
DIGITS = DataSpec.images((1, 8, 8), 10, "digits")
RING = DataSpec.points(2, 8, "ring")
PAIRS = DataSpec(((Field("source", "image", (1, 8, 8)), Field("target", "image", (3, 8, 8))),), "p")
TEXTS = DataSpec(((Field("tokens", "tokens", (4,), tuple("ab")),),), "texts")
BOTH = DataSpec.unpaired(PHOTOS, DIGITS, "photos+digits")


def spec(*groups: tuple[Need, ...]) -> VariantSpec:
    return VariantSpec("toy", "toys:Toy", "Toy", 2026, needs=groups)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (((IMAGE,),), "images"),
        (((Need(("image", "point")),),), "images or points"),
        (((Need(("image",), of="28 pixels"),),), "images of 28 pixels"),
        (((SIZED,),), "images of 28 to 128 pixels, or points"),
        (((IMAGE, LABEL),), "labelled images"),
        (((Need(("image",), "a"),), (Need(("image",), "b"),)), "two unpaired sets of images"),
        (((Need(("image",), "a"),), (Need(("tokens",), "b"),)), "unpaired sets: images and texts"),
        (((Need(("image",), "source"), Need(("image",), "target")),), "pairs of images"),
        (((IMAGE, Need(("tokens",))),), "images with texts"),
        (((IMAGE, Need(("attributes",))),), "images with attributes"),
        (((IMAGE, LABEL, Need(("mask",))),), "labelled images with masks"),
        (((Need(("table",)),),), "tables"),
    ],
)
def test_needs_are_said_in_words(groups: tuple[tuple[Need, ...], ...], words: str) -> None:
    assert in_words(groups) == words


def test_what_has_the_fields_suits_whatever_else_it_has() -> None:
    assert suits(spec((IMAGE,)), PHOTOS)
    assert suits(spec((IMAGE,)), DIGITS)
    assert suits(spec((IMAGE, LABEL)), DIGITS)
    assert suits(spec((Need(("image", "point")), LABEL)), RING)
    assert suits(spec((Need(("image",), "target"),)), PAIRS)
    assert suits(spec((Need(("image",), "a"),), (Need(("image",), "b"),)), BOTH)


@pytest.mark.parametrize(
    ("groups", "data", "sentence"),
    [
        (((IMAGE,),), RING, "toy needs images, and 'ring' has points: name another --dataset"),
        (((IMAGE, LABEL),), PHOTOS, "toy needs labelled data, and 'photos' has no labels"),
        (((IMAGE, LABEL),), TEXTS, "toy needs labelled images, and 'texts' has texts"),
        (((IMAGE,),), PAIRS, "has no field 'image' but 'source' and 'target': name a data set"),
        (((IMAGE, Need(("mask",))),), PHOTOS, "toy needs images with masks, and 'photos' has imag"),
        (((IMAGE,),), BOTH, "toy is played on one set of samples, and 'photos+digits' is two"),
        (
            ((IMAGE,), (IMAGE,)),
            DIGITS,
            "put a plus between the names of two, as in --dataset glyphs+ink",
        ),
        (((IMAGE,), (IMAGE,)), TEXTS, "'texts' is one, of texts: use images"),
    ],
)
def test_what_lacks_them_is_refused_in_a_sentence(
    groups: tuple[tuple[Need, ...], ...], data: DataSpec, sentence: str
) -> None:
    with pytest.raises(GanzooError) as caught:
        check_suits(spec(*groups), data)
    assert sentence in str(caught.value)


def test_the_default_is_the_first_that_suits_or_the_first_two() -> None:
    known = [RING, TEXTS, PHOTOS, DIGITS, PAIRS]
    for groups, name in (
        (((IMAGE,),), "photos"),
        (((IMAGE, LABEL),), "digits"),
        (((Need(("tokens",)),),), "texts"),
        (((Need(("image",), "a"),), (Need(("image",), "b"),)), "photos+digits"),
        (((Need(("video",)),),), ""),
    ):
        assert first_suitable(spec(*groups), known) == name


def test_a_user_who_names_no_data_gets_those_made_on_the_spot() -> None:
    variants = {row.spec.name: catalog.default_for(row.spec) for row in registry().variants()}
    assert variants["cyclegan"] == "glyphs+ink"
    assert {variants[name] for name in ("vanilla", "dcgan", "wgan", "cgan", "sgan")} == {"glyphs"}
    named = replace(registry().variant("vanilla").spec, dataset="ring8")
    assert catalog.default_for(named) == "ring8"
    none = spec((Need(("image",), "front"), Need(("image",), "back"), Need(("table",))))
    with pytest.raises(GanzooError, match="no data set that is made on the spot has such samples"):
        catalog.default_for(none)
