"""What scores mean together: rule by rule, against tables of scores that are made up."""

import pytest

from ganzoo.metrics.meaning import Found, in_words

REAL = {
    "precision": 0.784,
    "recall": 0.78,
    "density": 0.98,
    "coverage": 0.95,
    "classes": 10,
    "consistency": 0.9,
    "memorised": 0.0,
    "parzen": 200.0,
}
GOOD = {**REAL, "precision": 0.77, "recall": 0.75, "density": 0.95, "coverage": 0.93}


def words(chance: float | None = 0.1, **changed: float | None) -> list[str]:
    """Of good samples with some other scores; None leaves one out."""
    values = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    return in_words(Found(values, REAL, chance))


def test_of_good_samples_it_is_said_that_they_are() -> None:
    assert words() == ["close to real data in likeness and variety"]
    assert words(precision=0.80) == ["close to real data in likeness and variety"]


@pytest.mark.parametrize(
    ("precision", "recall", "expected"),
    [
        (0.79, 0.3, "near the data but alike: "),
        (0.3, 0.75, "many but rough: "),
        (0.5, 0.6, "on the way: samples look less like the data than"),
        (0.6, 0.5, "on the way: samples look more like the data than"),
    ],
)
def test_likeness_and_variety_are_told_together(
    precision: float, recall: float, expected: str
) -> None:
    found = words(precision=precision, recall=recall)
    assert found[0].startswith(expected)


def test_few_kinds_are_called_sharp_only_where_nothing_speaks_for_blur() -> None:
    """Blurred blobs were 'sharp but few', and 'blurred ones' two lines below."""
    few = {"precision": 0.79, "recall": 0.3}
    sharp = "sharp but few: samples lie among the data, and much of the data is never drawn"
    assert words(**few, coverage=0.4) == [sharp]
    for crowded in ({"precision": 0.95}, {"density": 1.6}):
        line, *why = words(**few | {"coverage": 0.4} | crowded)
        assert line.startswith("near the data but alike: samples vary less, as few kinds")
        assert line.endswith("or blurred ones, and much of the data is like none of them")
        assert "blurred ones" in why[0]
    blobs = {"precision": 0.959, "recall": 0.023, "density": 1.55, "coverage": 0.877}
    line, *others = words(**blobs)
    assert line.endswith("as few kinds of them do, or blurred ones")
    assert [one for one in [line, *others] if "sharp" in one or "never" in one] == []
    assert [one for one in others if "is like no image" in one] == []
    assert "sharp" not in words(**few, coverage=None)[0]


def test_of_what_is_missing_it_is_not_said_that_variety_is_there() -> None:
    assert words(coverage=0.5)[0] == (
        "close to real data in likeness; a part of the data is like no sample"
    )
    assert words(classes=7) == ["close to real data in likeness; 3 of 10 classes are missing"]
    assert words(precision=0.05, recall=0.05, coverage=0.6)[0].startswith("on the way: ")
    (why,) = words(density=2.7)[1:]
    assert why.endswith("what is rare in the data comes less often")


def test_precision_above_real_data_is_explained_where_variety_is_missing() -> None:
    line, why = words(precision=0.969, recall=0.2)
    assert line.startswith("near the data but alike: ")
    assert why.startswith("precision 96.9% (real data 78.4%) beats real data because")
    assert "few kinds of them, or blurred ones" in why
    assert len(words(precision=0.969, recall=0.78)) == 1
    assert len(words(precision=0.969, recall=0.78, coverage=0.5)) == 2
    assert len(words(precision=0.80, recall=0.2)) == 1  # by chance


def test_density_above_real_data_and_above_1_is_explained() -> None:
    (why,) = words(density=2.7)[1:]
    assert why.startswith("density 2.70 (real data 0.9800) beats real data because")
    assert words(density=1.1)[1:] == []
    dense = Found({"density": 1.3}, {"density": 1.25})
    assert in_words(dense) == []
    assert in_words(Found({"density": 1.1}, {"density": 0.5})) == []


def test_parzen_above_real_data_is_explained() -> None:
    (why,) = words(parzen=260.0)[1:]
    assert why.startswith("parzen 260 (real data 200) beats real data because a Parzen window")
    assert words(parzen=199.0)[1:] == []


def test_of_a_hundredth_that_is_like_the_data_none_says_that_it_is_half_a_success() -> None:
    """As of precision 2 % and recall 0, where a newcomer read that samples look like the data."""
    (line, *_) = words(precision=0.02, recall=0.0, coverage=0.11)
    assert line == "early: few samples are like the data, and few of the data are like a sample"


def test_no_copies_are_no_merit_of_what_is_like_nothing() -> None:
    line, why = words(precision=0.0, recall=0.0, coverage=0.0, density=0.0)
    assert line == "like nothing in the data yet"
    assert why.startswith("memorised 0.0% (real data 0.0%) is no merit")
    (why,) = in_words(Found({"precision": 1.0, "recall": 0.0, "memorised": 0.0}, {}))[1:]
    assert why.startswith("memorised 0.0% is no merit")  # grey tiles, all of them one tile
    assert words(memorised=0.0)[1:] == []


def test_copies_are_said_to_flatter_the_other_scores() -> None:
    (why,) = words(memorised=0.4)[1:]
    assert why.startswith("memorised 40.0% (real data 0.0%): samples are copies")
    assert words(memorised=0.04)[1:] == []
    (why,) = words(memorised=0.1, copied=0.4)[1:]
    assert why.startswith("copied 40.0%: samples are copies")


def test_labels_that_are_ignored_are_told_by_chance() -> None:
    expected = "labels are ignored: consistency 11.6% is chance (10.0%)"
    assert words(consistency=0.116)[0].endswith(f"; {expected}")
    assert words(consistency=0.116, chance=None)[0].endswith(f"; {expected}")
    assert "ignored" not in words(consistency=0.3)[0]
    only = Found({"consistency": 0.5}, {"consistency": 0.95}, chance=0.5)
    assert in_words(only) == ["labels are ignored: consistency 50.0% is chance (50.0%)"]


def test_real_data_that_fare_badly_are_said_to_be_no_measure() -> None:
    """As 35 images do, seen by a classifier that is right on 43 % of them."""
    values = {"frechet": 41.5, "precision": 0.889, "recall": 0.029, "coverage": 0.943}
    real = {"frechet": 44.7, "precision": 0.654, "recall": 0.0, "coverage": 0.743}
    (found,) = in_words(Found({**values, "consistency": 0.174}, {**real, "consistency": 0.429}))
    assert found.startswith("these scores tell little, also where they beat real data, which")
    assert "come to recall 0.0% and consistency 42.9%: they are too few, or" in found
    assert words()[1:] == []
    assert in_words(Found(values, {})) != []
    assert not any("tell little" in one for one in in_words(Found(values, {})))


def test_missing_classes_are_counted() -> None:
    assert words(classes=7)[0].endswith("; 3 of 10 classes are missing")


def test_what_was_not_measured_is_not_spoken_of() -> None:
    assert in_words(Found({"frechet": 3.0}, {"frechet": 0.1})) == []
    assert in_words(Found({}, {})) == []


def test_a_record_is_read_as_it_is_kept() -> None:
    record = {
        "scores": [
            {"name": "consistency", "value": 0.5, "real": 0.9, "better": "higher"},
            {"name": "class_kl", "value": None, "real": 0.0, "better": "lower"},
        ],
        "histogram": {"cat": [0.9, 0.5], "dog": [0.1, 0.5]},
    }
    found = Found.of(record)
    assert found.chance == pytest.approx(0.5)
    assert found.values == {"consistency": 0.5}
    assert in_words(found) == ["labels are ignored: consistency 50.0% is chance (50.0%)"]
