"""``claims.toml``: what is read, and the sentence for what is wrong with it."""

from pathlib import Path

import pytest
from helpers.toy_claims import arm, claim

from ganzoo.claims.claim import Claim, Evaluated, Logged, RankCorrelation
from ganzoo.claims.read import read_claims
from ganzoo.errors import GanzooError

SAMPLES = 'made_by = "theirs --seed {seed} --out {out}"\ndataset = "ring8"'


def read(folder: Path, *claims: str) -> tuple[Claim, ...]:
    path = folder / "claims.toml"
    path.write_text("\n".join(claims))
    return read_claims(path)


def test_a_claim_is_read_as_it_is_written(tmp_path: Path) -> None:
    more = {"percent": "true", "differences": '"all"', "minutes": "90", "long": "true"}
    (one,) = read(tmp_path, claim(**more, arms=arm(seed_setting='"latent_dim"', lr="2e-4")))
    assert (one.id, one.variant, one.number) == ("modes", "toy", "8")
    assert (one.minutes, one.long, one.seeds, one.percent) == (90, True, 1, True)
    assert one.measure == Evaluated("modes", 50)
    (ours,) = one.arms
    assert (ours.name, ours.variant, ours.seed_setting) == ("ours", "toy", "latent_dim")
    assert ours.settings["generator_widths"] == [8]
    assert ours.settings["lr"] == 2e-4


def test_what_is_left_out(tmp_path: Path) -> None:
    (one,) = read(tmp_path, claim(seeds=""))
    assert (one.seeds, one.long, one.percent, one.differences) == (3, False, False, "")


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ('{ evaluate = "kid" }', Evaluated("kid")),
        (
            '{ evaluate = "kid", n = 9, checkpoint = "best", features = "inception" }',
            Evaluated("kid", 9, "best", "inception"),
        ),
        ('{ metrics = "generator_loss" }', Logged("generator_loss", "last", 0)),
        ('{ metrics = "x", take = "mean", after = 30 }', Logged("x", "mean", 30)),
        ('{ rank_correlation = ["a", "b"] }', RankCorrelation("a", "b")),
    ],
)
def test_measures(text: str, measure: object, tmp_path: Path) -> None:
    assert read(tmp_path, claim(measure=text))[0].measure == measure


@pytest.mark.parametrize(
    ("holds", "words", "good", "bad"),
    [
        ("{ at_least = 8 }", "at least 8", (8, 9), (7.9,)),
        ("{ at_most = 0.5 }", "at most 0.5", (0.5, 0), (0.51,)),
        ("{ above = 225 }", "above 225", (225.1,), (225, 1)),
        ("{ below = 3 }", "below 3", (2.9,), (3,)),
        ("{ within = [1, 2] }", "within 1 to 2", (1, 1.5, 2), (0.9, 2.1)),
    ],
)
def test_relations(
    holds: str, words: str, good: tuple[float], bad: tuple[float], tmp_path: Path
) -> None:
    (one,) = read(tmp_path, claim(holds=holds))
    assert one.must == words
    assert all(one.holds.holds(value) for value in good)
    assert not any(one.holds.holds(value) for value in bad)


def test_a_relation_to_a_rival_is_a_factor(tmp_path: Path) -> None:
    arms = arm() + arm("other", lr="1e-3")
    (half,) = read(tmp_path, claim(holds='{ at_most = 0.5, of = "other" }', arms=arms))
    assert half.must == "at most 0.5 times other"
    assert half.holds.holds(4, 8)
    assert not half.holds.holds(4.1, 8)
    (less,) = read(tmp_path, claim(holds='{ below = 1, of = "other" }', arms=arms))
    assert less.must == "below other"


def test_shares_are_shown_in_per_cent(tmp_path: Path) -> None:
    (one,) = read(tmp_path, claim(holds="{ at_least = 0.97 }", percent="true"))
    assert one.must == "at least 97 %"


def test_a_rival_may_be_another_programs(tmp_path: Path) -> None:
    arms = arm() + "[claim.arms.theirs]\n" + SAMPLES
    (one,) = read(tmp_path, claim(holds='{ below = 1, of = "theirs" }', arms=arms))
    assert one.arms[1].made_by.format(seed=3, out="x.npz") == "theirs --seed 3 --out x.npz"
    assert one.arms[1].settings == {"dataset": "ring8"}


def test_the_digest_follows_what_is_trained_measured_and_demanded(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        return read(tmp_path, text)[0].digest

    same = digest(claim())
    assert digest(claim(says='"Toys are dull."', minutes="3")) == same
    others = {
        digest(claim(arms=arm(steps="6"))),
        digest(claim(measure='{ evaluate = "modes", n = 60 }')),
        digest(claim(holds="{ at_least = 1 }")),
    }
    assert len(others - {same}) == 3


THEIRS = arm() + "[claim.arms.theirs]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[claim]", "is not TOML"),
        ("", "claim is missing: write [[claim]] above each claim"),
        ("claim = 3", "claim is 3: write [[claim]]"),
        ("claim = [3]", "claim must be tables"),
        (claim() + claim(), "claim 2: id 'modes' is taken: write another"),
        (claim("Ring 8"), "claim 1: id is 'Ring 8': use lower-case letters"),
        (claim(says=""), "claim modes: says is missing: write the sentence that is claimed"),
        (claim(says='" "'), "claim modes: says is ' ': write the sentence"),
        (claim(number="8"), 'number is 8: write what stands there, or "none", in quotes'),
        (claim(minutes='"4"'), "minutes is '4': write how many"),
        (claim(minutes="30"), "long must be true: a claim is long above 10 minutes"),
        (claim(long="true"), "long must be false"),
        (claim(seeds="0"), "seeds is 0: write a number of trainings, at least 1"),
        (claim(seed="3"), "there is no key 'seed': did you mean 'seeds'?"),
        (claim(measure=""), "measure is missing: write { evaluate"),
        (claim(measure='{ evaluat = "modes" }'), "measure is {'evaluat': 'modes'}: write"),
        (claim(measure='{ evaluate = "modes", m = 3 }'), "measure: there is no key 'm'"),
        (claim(measure='{ evaluate = "modes", n = 1 }'), "n is 1: write a number of samples"),
        (claim(measure='{ metrics = "x", take = "best" }'), "take is 'best': write one of last"),
        (claim(measure='{ rank_correlation = ["x"] }'), "rank_correlation is ['x']: write two"),
        (claim(holds="{ atleast = 8 }"), "holds is {'atleast': 8}: write { at_least = 8 }"),
        (claim(holds="{ at_least = true }"), "at_least is True: write"),
        (claim(holds="{ within = [2, 1] }"), "within is [2, 1]: write the least and the greatest"),
        (claim(holds='{ below = 1, of = "x" }'), "of is 'x': it must be one of the rivals"),
        (claim(arms=arm() + arm("b")), "of is not b: write that, or leave the arm b out"),
        (claim(arms="[claim.arms]"), "arms is empty: write [claim.arms.ours]"),
        (claim(arms=arm(seed="3")), "arm ours: seed is decided by whoever reproduces"),
        (claim(arms=arm(steps="2026-01-01")), "arm ours: steps is datetime.date"),
        (claim(arms="[claim.arms.theirs]\n" + SAMPLES), "begins with theirs, which ganzoo does"),
        (claim(arms=THEIRS + 'made_by = "x"'), "made_by stands beside dataset"),
        (
            claim(arms=THEIRS + 'made_by = "{x}"\ndataset = "ring8"'),
            "made_by has other braces: write {seed} and {out} where they go",
        ),
        (
            claim(
                measure='{ metrics = "x" }',
                holds='{ below = 1, of = "theirs" }',
                arms=THEIRS + SAMPLES,
            ),
            "measure must be evaluate, as theirs has samples and no metrics.jsonl",
        ),
    ],
)
def test_a_bad_file_gets_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(GanzooError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert sentence in message
    assert message.startswith(str(tmp_path / "claims.toml"))
    assert "\n" not in message
