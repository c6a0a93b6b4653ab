"""The watchdog: silent on what is healthy, and what it says of what is not."""

import math
import random
from collections.abc import Callable

import pytest
import torch
from helpers.watching import Record, said

from ganzoo.losses import Scores
from ganzoo.runs.logged import CLASS_DIVERSITY, DIVERSITY
from ganzoo.training import watchdog
from ganzoo.training.watchdog import Watchdog, label_entropy

STEPS = 4000


def records(values: Callable[[int], Record], first: int = 10, last: int = STEPS) -> list[Record]:
    return [{"step": step, **values(step)} for step in range(first, last + 1, 10)]


def healthy(step: int) -> Record:
    """A DCGAN: D wins at first, and is far ahead of G for long."""
    noise = random.Random(step).uniform(0.8, 1.25)
    if step < 200:
        return {
            "generator_loss": 7 * noise,
            "discriminator_loss": 0.02 * noise,
            "real_score": 0.991,
            "fake_score": 0.009,
        }
    return {
        "generator_loss": 3 * noise,
        "discriminator_loss": 0.11 * noise,
        "real_score": 0.95 * min(noise, 1),
        "fake_score": 0.05 * noise,
    }


def test_nothing_is_said_of_a_healthy_training() -> None:
    assert said(Watchdog(STEPS), records(healthy)) == []


def test_supervision_that_is_learned_by_heart_is_no_collapse() -> None:
    """A loss near 0 beside one that is large: a semi-supervised classifier's."""
    series = records(
        lambda s: {"supervised_loss": 1 / s**2, "reconstruction_loss": 500 + s % 7, "extra": 1.0}
    )
    assert said(Watchdog(STEPS), series) == []


def test_relativistic_verdicts_may_be_extreme() -> None:
    """Only their difference means something: grid25 is learned well with all of them near 0."""
    series = records(
        lambda s: healthy(s) | {"generator_loss": 6.0, "real_score": 1e-5, "fake_score": 1e-6}, 200
    )
    assert said(Watchdog(STEPS), series) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            lambda s: {
                "generator_loss": 9 + s / 100,
                "discriminator_loss": 1e-4,
                "real_score": 0.9999,
                "fake_score": 1e-4,
            },
            ("discriminator has won", "real_score 1", "fake_score 0.0001"),
        ),
        (
            lambda s: {  # of two, by the logits of a hinge loss
                "generator_loss": 30 + s % 3,
                "critic_b_loss": 0.0,
                "real_a_score": 0.3,
                "fake_a_score": 0.2,
                "real_b_score": 5.0,
                "fake_b_score": -5.0,
            },
            ("discriminator has won", "real_b_score 5", "fake_b_score -5"),
        ),
        (
            lambda s: {
                "generator_loss": 0.001 * (s % 7),
                "discriminator_loss": 9.5 + s % 3,
                "real_score": 0.9999,
                "fake_score": 0.9999,
            },
            ("says the same of all samples", "real_score 1"),
        ),
        (
            lambda s: {"generator_loss": s / 50, "critic_loss": 1e-3 * (s % 3)},
            ("critic_loss is almost 0 while generator_loss keeps growing",),
        ),
        (
            lambda s: {"generator_loss": 2.0, "discriminator_loss": 1.386},
            ("nothing is learned any more", "generator_loss 2, discriminator_loss 1.386"),
        ),
        (
            lambda s: {"generator_loss": -0.5 - s**2, "critic_loss": 1.0 + s % 3},
            ("generator_loss runs away",),
        ),
        (
            lambda s: {"critic_loss": s % 3 + 1, "gradient_penalty": 9.0},
            ("off by 3 (gradient_penalty 9)", "--penalty"),
        ),
    ],
    ids=["won", "won-hinge", "blind", "starved", "frozen", "runaway", "penalty"],
)
def test_what_is_said_of_losses(values: Callable[[int], Record], words: tuple[str, ...]) -> None:
    lines = said(Watchdog(STEPS), records(values))
    assert len(lines) == 1, lines
    step, line = lines[0]
    assert all(word in line for word in words), line
    assert "may help" in line
    assert step >= watchdog.LASTING_STEPS


WON_BY_ENERGY = {"real_score": 0.0, "fake_score": 9.0, "d_loss": 0.001, "g_loss": 9.0}
DISBELIEVES = {"real_score": -6.0, "fake_score": -6.1, "d_loss": 7.0, "g_loss": 6.0}


@pytest.mark.parametrize(
    ("scores", "record", "words"),
    [
        (Scores(None, probability=False, sign=-1), WON_BY_ENERGY, "the discriminator has won"),
        (Scores(None, probability=False), WON_BY_ENERGY, ""),
        (Scores(0.0, probability=False), DISBELIEVES, "says the same of all samples"),
        (Scores(None, probability=False), DISBELIEVES, ""),
        (Scores(-6.0, probability=False), DISBELIEVES, ""),
    ],
)
def test_verdicts_mean_what_the_loss_says(scores: Scores, record: Record, words: str) -> None:
    def values(step: int) -> Record:
        return {name: value * (1 + 1e-3 * (step % 7)) for name, value in record.items()}

    lines = [line for _, line in said(Watchdog(STEPS, scores=scores), records(values))]
    assert len(lines) == bool(words)
    assert all(words in line for line in lines)


def test_only_what_lasts_is_said_and_said_again_after_it_was_well() -> None:
    def losing(step: int) -> Record:
        return healthy(step) | {"discriminator_loss": 0.01, "real_score": 1.0, "fake_score": 0.0}

    short = records(healthy, 10, 990) + records(losing, 1000, 1290) + records(healthy, 1300)
    assert said(Watchdog(STEPS), short) == []
    blip = (
        records(losing, 10, 600)
        + records(healthy, 610, 800)
        + records(losing, 810, 1600)
        + records(healthy, 1610, 2000)
        + records(losing, 2010, 3000)
    )
    assert [step for step, _ in said(Watchdog(STEPS), blip)] == [310, 2310]


def test_rare_records_must_be_as_many() -> None:
    series = [{"step": 1000 * k, "a_loss": 1.0, "b_loss": 2.0} for k in range(1, 30)]
    ((step, _),) = said(Watchdog(30_000), series)
    assert step == 11_000  # the first has none before it that it could equal


def of_samples(name: str, values: list[float], every: int = 200) -> list[Record]:
    return [{"step": every * (k + 1), name: value} for k, value in enumerate(values)]


TEN = math.log(10)


@pytest.mark.parametrize(
    ("name", "well", "bad", "words"),
    [
        ("quality/class_entropy", TEN - 0.1, math.log(4.9), "about 4.9 of the 10.0 classes"),
        ("quality/recall", 0.5, 0.04, "the samples vary much less than the data (recall 0.04)"),
        (DIVERSITY, 0.6, 0.2, "almost the same, 0.2 times"),
        (CLASS_DIVERSITY, 0.6, 0.2, "of a class are almost the same, whatever z is, 0.2 times"),
    ],
)
def test_what_is_said_of_samples(name: str, well: float, bad: float, words: str) -> None:
    def heard(values: list[float], steps: int = 20_000) -> list[tuple[int, str]]:
        return said(Watchdog(steps, class_entropy=TEN), of_samples(name, values))

    assert heard([bad] * 20) == []  # still young
    assert [step for step, _ in heard([bad] * 40)] == [5400]
    assert [step for step, _ in heard([bad] * 40, steps=1000)] == [1400]
    assert heard([bad, well, bad, bad, well, bad, bad, well]) == []
    ((step, line),) = heard([well, bad, bad, bad, bad])
    assert step == 800
    assert words in line
    assert "mode collapse" in line


def test_labels_without_an_entropy_to_compare_with_say_nothing() -> None:
    series = of_samples("quality/class_entropy", [0.0] * 40)
    assert said(Watchdog(STEPS), series) == []


@pytest.mark.parametrize(
    ("better", "values", "when"),
    [
        ("lower", [300, 10, 21, 21, 21, 21], [1000]),
        ("lower", [300, 10, 19, 19, 19, 19], []),
        ("lower", [300, 10, 21, 21, 12, 21, 21], []),
        ("lower", [9, 0.001, 0.004, 0.004, 0.004, 0.004], []),
        ("lower", [math.nan, 10, math.nan, math.nan, math.nan], []),
        ("higher", [2, 8, 3, 3, 3, 3], [1000]),
        ("higher", [2, 8, 5, 5, 5, 5], []),
    ],
)
def test_quality_that_is_lost(better: str, values: list[float], when: list[int]) -> None:
    dog = Watchdog(STEPS, criterion="measure", better=better)
    lines = said(dog, of_samples("quality/measure", values))
    assert [step for step, _ in lines] == when
    for _, line in lines:
        assert f"measure {values[-1]} is less than half as good as the {values[1]} of step 400" in (
            line
        )


def test_the_entropy_of_labels() -> None:
    assert label_entropy(torch.arange(1000) % 10) == pytest.approx(math.log(10))
    assert label_entropy(torch.tensor([3, 3, 3])) == 0
    assert label_entropy(torch.tensor([0, 5, 5, 5])) == pytest.approx(
        -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    )


def test_a_sign_is_ongoing_until_it_has_long_been_well() -> None:
    dog = Watchdog(STEPS)
    frozen = {"generator_loss": 1.0}
    assert said(dog, records(lambda step: frozen, 10, 400))
    (sentence,) = dog.ongoing
    assert "nothing is learned" in sentence
    assert said(dog, records(healthy, 410, 600)) == []
    assert dog.ongoing == [sentence]
    assert said(dog, records(healthy, 610, 800)) == []
    assert dog.ongoing == []


def test_copies_of_training_images_are_told_as_soon_as_they_last() -> None:
    shares = [0.0, 0.02, 0.2, 0.05, 0.2, 0.3, 0.4, 0.5]
    ((step, line),) = said(Watchdog(2000), of_samples("quality/memorised", shares))
    assert step == 1400
    assert line.startswith("the samples begin to be copies: 40% are a training image")
    assert said(Watchdog(2000), of_samples("quality/memorised", [0.05] * 20)) == []


@pytest.mark.parametrize("name", ["quality/copied", "sample_copies"])
def test_copies_with_changes_are_told_too_and_once(name: str) -> None:
    (_, line), *more = said(Watchdog(2000), of_samples(name, [0.0, *[0.3] * 9]))
    assert f"30% are a training image, or nearly so ({name.removeprefix('quality/')})" in line
    assert not more
    both = [record | {"quality/memorised": 0.0} for record in of_samples(name, [0.3] * 9)]
    assert len(said(Watchdog(2000), both)) == 1
