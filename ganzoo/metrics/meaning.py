"""What scores mean together, in plain words: why some beat real data, and what that hides.

Each rule compares the score of the samples with that of real data in their place. Its threshold is
a choice, made so that it is silent on good samples; what it says is a hint to look at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.metrics.score import shown

TYPICAL = {"precision": 0.75, "recall": 0.75, "density": 1.0, "coverage": 0.95}
"""What real data come to, where theirs were not measured, as in a training."""
SAME, LESS, HALF, HARDLY = 0.9, 0.8, 0.5, 0.1
"""Shares of what real data score: as good as they are; less; clearly less; next to nothing."""
BEATEN = 0.03
"""By which a share must be above that of real data to be more than chance."""
CROWDED = 1.2
"""Times as dense as real data, and as 1, are samples that keep to the middle of the data."""
UNFIT = 0.5
"""Share, below which what real data score says that they are too few, or seen too badly."""
COPIES = 0.05
"""Share of copies, above that of real data, of which one should know."""


@dataclass(frozen=True)
class Found:
    """Scores of one evaluation, by name."""

    values: Mapping[str, float]
    real: Mapping[str, float]
    """Of real data, where they were measured."""
    chance: float | None = None
    """The consistency of samples that know nothing of their labels."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Found:
        """From a record as `ganzoo.metrics.score.Report.to_dict` gives it."""
        values, real = (
            {row["name"]: float(row[key]) for row in record["scores"] if row.get(key) is not None}
            for key in ("value", "real")
        )
        shares = record.get("histogram") or {}
        # The labels that are asked for are as frequent as in the data.
        chance = sum(share * data for share, data in shares.values()) if shares else None
        return cls(values, real, chance)

    def relative(self, name: str) -> float | None:
        """A score over that of real data; None: it was not measured."""
        real = self.real.get(name, TYPICAL.get(name))
        return self.values[name] / real if name in self.values and real else None

    def beside(self, name: str, share: bool = False) -> str:
        """A score and that of real data, for people: ``"density 2.70 (real data 0.98)"``."""
        value = shown(self.values[name], share)
        real = f" (real data {shown(self.real[name], share)})" if name in self.real else ""
        return f"{name} {value}{real}"

    def excess(self, name: str) -> float:
        """By how much a score is above that of real data; 0 where one of them is not known."""
        if name not in self.values or name not in self.real:
            return 0.0
        return self.values[name] - self.real[name]


def in_words(found: Found) -> list[str]:
    """What the scores mean together, in a line, and then why some of them deceive.

    Returns:
        Sentences; none, where there is nothing of which this module knows anything.
    """
    line = "; ".join([*_together(found), *_of_classes(found)])
    return [*filter(None, [line]), *_unfit(found), *_deceiving(found)]


def _together(found: Found) -> Iterator[str]:
    """How like the data samples are, and how many of the data they are like."""
    like, diverse = found.relative("precision"), found.relative("recall")
    if like is None or diverse is None:
        return
    covered = found.relative("coverage")
    missed = covered is not None and covered < LESS
    if like < HARDLY and diverse < HARDLY and (covered is None or covered < HARDLY):
        yield "like nothing in the data yet"
    elif like >= SAME and diverse < HALF:
        yield _alike(missed, _crowded(found))
    elif like < HALF and diverse >= SAME:
        yield "many but rough: samples spread as far as the data, and few look like them"
    elif like >= SAME and diverse >= SAME:
        varied = not (missed or _missing_classes(found))
        yield "close to real data in likeness" + (" and variety" if varied else "")
        if missed:
            yield "a part of the data is like no sample"
    elif like < HALF and diverse < HALF and (covered is None or covered < HALF):
        yield "early: few samples are like the data, and few of the data are like a sample"
    elif like < diverse:
        yield "on the way: samples look less like the data than they are varied"
    else:
        yield "on the way: samples look more like the data than they are varied"


def _alike(missed: bool, crowded: bool) -> str:
    """Of samples near the data that vary less: what tells sharp ones of few kinds from blur."""
    if missed and not crowded:
        return "sharp but few: samples lie among the data, and much of the data is never drawn"
    blurred = "near the data but alike: samples vary less, as few kinds of them do, or blurred ones"
    return blurred + (", and much of the data is like none of them" if missed else "")


def _crowded(found: Found) -> bool:
    """Whether samples keep to the middle of the data, as blurred ones do."""
    above = found.values["precision"] - found.real.get("precision", TYPICAL["precision"])
    return above > BEATEN or _dense(found)


def _dense(found: Found) -> bool:
    """Whether samples are closer to the data than these are to each other."""
    dense = found.relative("density")
    return dense is not None and min(dense, found.values["density"]) > CROWDED


def _missing_classes(found: Found) -> float:
    """How many classes of the data no sample shows, as far as they were counted."""
    there, wanted = found.values.get("classes"), found.real.get("classes")
    return 0 if there is None or wanted is None else max(0, wanted - there)


def _of_classes(found: Found) -> Iterator[str]:
    """Whether classes are there, and are those that were asked for."""
    wanted = found.real.get("classes")
    if missing := _missing_classes(found):
        yield f"{missing:.0f} of {wanted:.0f} classes are missing"
    value, real = found.values.get("consistency"), found.real.get("consistency")
    if value is None or real is None:
        return
    chance = found.chance or (1 / wanted if wanted else None)
    if chance is not None and value - chance < HARDLY * (real - chance):
        yield (
            f"labels are ignored: consistency {shown(value, True)} is chance "
            f"({shown(chance, True)})"
        )


def _unfit(found: Found) -> Iterator[str]:
    """Whether real data fare so badly that samples cannot be judged beside them."""
    badly = [
        f"{name} {shown(found.real[name], True)}"
        for name in ("precision", "recall", "coverage", "consistency")
        if name in found.values and found.real.get(name, 1.0) < UNFIT
    ]
    if badly:
        yield (
            "these scores tell little, also where they beat real data, which themselves come to "
            f"{' and '.join(badly)}: they are too few, or what looks at them has learned too little"
        )


def _deceiving(found: Found) -> Iterator[str]:
    """Of each score that looks better than it is, why."""
    values = found.values
    if _few(found) and found.excess("precision") > BEATEN:
        yield (
            f"{found.beside('precision', True)} beats real data because samples keep to the middle "
            "of the data: few kinds of them, or blurred ones"
        )
    if _dense(found):
        why = (
            "few kinds of them, or blurred ones"
            if _few(found)
            else "what is rare in the data comes less often"
        )
        yield (
            f"{found.beside('density')} beats real data because samples crowd where the data are "
            f"dense: {why}"
        )
    if found.excess("parzen") > 0:
        yield (
            f"{found.beside('parzen')} beats real data because a Parzen window likes averages of "
            "images, which are blurred: it says little of how good samples look"
        )
    copying = [name for name in ("copied", "memorised") if name in values]
    many = [n for n in copying if values[n] - found.real.get(n, 0.0) > COPIES]
    if many:
        worst = max(many, key=lambda name: values[name])
        yield (
            f"{found.beside(worst, True)}: samples are copies of training images, which "
            "makes every other score too good"
        )
    if many or "memorised" not in values:
        return
    like, diverse = found.relative("precision"), found.relative("recall")
    if like is not None and like < HARDLY:
        why = "what is like no image of the data copies none"
    elif diverse is not None and diverse < HARDLY:
        why = "what is much alike, or blurred, could copy only a few images"
    else:
        return
    yield f"{found.beside('memorised', True)} is no merit: {why}"


def _few(found: Found) -> bool:
    """Whether samples vary less than the data, or a part of the data is like no sample."""
    known = [found.relative(name) for name in ("recall", "coverage")]
    return any(one is not None and one < LESS for one in known)
