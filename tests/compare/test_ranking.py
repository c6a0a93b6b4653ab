"""Which is best, and whether chance alone may have decided it."""

import random
from pathlib import Path

import pytest
from helpers.cli import ganzoo
from scipy.stats import ttest_ind

from ganzoo.compare.ranking import difference_half_interval, rank
from ganzoo.compare.runs import Comparison, compare
from ganzoo.compare.spread import Spread
from ganzoo.errors import GanzooError

from .test_compare import MNIST, evaluated, make_run


def runs(folder: Path, **found: tuple[float, ...]) -> list[Path]:
    """Runs with learning rates that are called so, and Fréchet distances by seed."""
    return [
        evaluated(make_run(folder / f"{name}-{seed}", seed=seed, lr=float(number)), frechet=value)
        for number, (name, values) in enumerate(found.items(), 1)
        for seed, value in enumerate(values)
    ]


def test_the_interval_of_a_difference_is_welchs() -> None:
    """Zero is at its end just where the test of SciPy has the p-value 1 - confidence."""
    chance = random.Random(0)
    for n, m in ((2, 2), (3, 5), (10, 4)):
        one = Spread(tuple(chance.gauss(0, 1) for _ in range(n)))
        other = Spread(tuple(chance.gauss(1, 3) for _ in range(m)))
        test = ttest_ind(one.values, other.values, equal_var=False)
        whole = int(test.df)
        half = difference_half_interval(one, other, 0.9)
        assert half is not None
        wide = test.confidence_interval(0.9)
        expected = (wide.high - wide.low) / 2
        assert half >= expected - 1e-9  # degrees of freedom are rounded down
        if whole == test.df:
            assert half == pytest.approx(expected)
    assert difference_half_interval(Spread((1.0,)), one, 0.9) is None
    assert difference_half_interval(Spread((1.0, 1.0)), Spread((2.0, 2.0)), 0.9) == 0


def test_beyond_noise_and_within(tmp_path: Path) -> None:
    found = rank(
        compare(runs(tmp_path, a=(10.0, 10.2, 10.1), b=(10.1, 10.4, 9.9), c=(30.0, 30.5, 29.0)))
    )
    assert found is not None
    assert [(row.setting, row.verdict) for row in found.rows] == [
        ("--lr 1", "best"),
        ("--lr 2", "within noise"),
        ("--lr 3", "worse"),
    ]
    assert found.words == (
        "best by frechet: --lr 1, 10.10 ± 0.25; worse beyond noise: --lr 3 (29.8 ± 1.9); within "
        "noise of it: --lr 2 (10.13 ± 0.63)"
    )


def test_one_run_each_tells_nothing_of_the_seed(tmp_path: Path) -> None:
    found = rank(compare(runs(tmp_path, a=(12.0,), b=(10.0,))))
    assert found is not None
    assert [row.verdict for row in found.rows] == [
        "first, perhaps by chance",
        "too few runs to tell",
    ]
    assert found.words == (
        "first by frechet, perhaps by chance: --lr 2, 10; behind, of too few runs to "
        "tell it from noise (sweep with --seeds 3): --lr 1 (12)"
    )


def test_what_a_plus_minus_means_is_said_only_where_there_is_one(tmp_path: Path) -> None:
    runs(tmp_path, a=(12.0,), b=(10.0,))
    assert "±" not in ganzoo("compare", tmp_path).out
    assert "Welch" not in ganzoo("compare", tmp_path).out


def pair(folder: Path, steps: int = 100, **scores: tuple[float, float]) -> Comparison:
    """Two runs, the first the better by the Fréchet distance, with further scores."""
    found = []
    for number, lr in enumerate((1.0, 2.0)):
        run = make_run(folder / str(number), lr=lr)
        own = {name: pair[number] for name, pair in scores.items()}
        step = steps if number else 100
        found.append(evaluated(run, step=step, frechet=10.0 + number, **own))
    return compare(found)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({}, []),
        ({"a": (2, 1)}, ["the other score agrees that it is the first"]),
        ({"a": (2, 1), "b": (3, 1)}, ["all 2 other scores agree that it is the first"]),
        ({"a": (0, 0)}, ["no other score tells them apart (a)"]),
        (
            {"a": (2, 1), "b": (1, 3), "c": (0, 0)},
            [
                "by 1 of 3 other scores it is the first, too; by b another is; by c none is",
            ],
        ),
    ],
)
def test_which_other_scores_agree_is_said(
    tmp_path: Path, scores: dict[str, tuple[float, float]], expected: list[str]
) -> None:
    found = rank(pair(tmp_path, **scores))
    assert found is not None
    assert [*found.reasons] == expected
    lines = ganzoo("compare", tmp_path).out.splitlines()
    assert lines[len(lines) - len(expected) :] == expected


def test_another_length_is_said_to_be_perhaps_the_cause(tmp_path: Path) -> None:
    found = rank(pair(tmp_path, steps=50))
    assert found is not None
    assert found.reasons[-1].startswith(
        "they were measured after different numbers of steps, which"
    )


def test_of_different_data_it_is_not_said_that_they_can_be_made_comparable(tmp_path: Path) -> None:
    evaluated(make_run(tmp_path / "a"))
    make_run(tmp_path / "b", data={**MNIST, "name": "other"})
    (first, second) = compare([tmp_path / "a", tmp_path / "b"]).remarks
    assert first.endswith("`ganzoo evaluate RUN` says how good each is beside its own data")
    assert second.startswith("the runs are on different data")


def test_what_differs_by_chance_alone_is_not_called_best(tmp_path: Path) -> None:
    runs(tmp_path / "s", a=(10.0, 10.2, 10.1), b=(10.1, 10.4, 9.9), c=(11.0,))
    out = ganzoo("compare", tmp_path / "s").out
    assert "best by frechet" not in out
    assert out.splitlines()[-1] == (
        "frechet cannot tell apart --lr 1 (10.10 ± 0.25) and --lr 2 (10.13 ± 0.63): other seeds "
        "alone make such differences, and more of them would tell (sweep with --seeds 6); behind, "
        "of too few runs to tell it from noise (sweep with --seeds 3): --lr 3 (11)"
    )
    assert "first, perhaps by chance" in out


def test_each_kind_of_error_is_called_what_it_is(tmp_path: Path) -> None:
    runs(tmp_path, a=(10.0, 10.2), b=(20.0, 20.2))
    lines = ganzoo("compare", tmp_path).out.splitlines()
    told = [line for line in lines if line.startswith("± here is")]
    assert ["standard deviation over seeds" in line for line in told] == [True, False]
    assert "± here is the 95 % interval of a mean over seeds" in told[1]
    single = ganzoo("compare", tmp_path / "a-0", tmp_path / "b-0").out
    assert "standard deviation" not in single


def test_many_comparisons_need_larger_differences(tmp_path: Path) -> None:
    """A difference that is beyond noise of two is within it among many: Bonferroni."""
    close = {"a": (1.0, 1.1, 1.2), "b": (1.3, 1.4, 1.5)}
    two = rank(compare(runs(tmp_path / "two", **close)))
    more = {f"x{number}": (9.0, 9.1, 9.2 + number) for number in range(5)}
    many = rank(compare(runs(tmp_path / "many", **close, **more)))
    assert two is not None
    assert many is not None
    assert (two.rows[1].verdict, many.rows[1].verdict) == ("worse", "within noise")


def test_higher_is_better_where_it_is(tmp_path: Path) -> None:
    for name, value in (("a", 0.1), ("b", 0.7)):
        evaluated(make_run(tmp_path / name, lr=value), recall=value, frechet=value)
    found = rank(compare([tmp_path / "a", tmp_path / "b"]), "recall")
    assert found is not None
    assert [row.setting for row in found.rows] == ["--lr 0.7", "--lr 0.1"]
    with pytest.raises(GanzooError, match="there is no score 'recal': did you mean 'recall'"):
        rank(compare([tmp_path / "a", tmp_path / "b"]), "recal")


def test_a_run_without_a_score_is_said(tmp_path: Path) -> None:
    some = runs(tmp_path, a=(1.0, 1.1))
    without = make_run(tmp_path / "z", lr=9.0)
    half = make_run(tmp_path / "a-9", seed=9, lr=1.0)
    found = rank(compare([*some, without, half]))
    assert found is not None
    assert found.without == ["--lr 9"]
    assert found.rows[0].value.endswith("of 2 of 3 runs")
    assert found.words.endswith("without this score by this protocol: --lr 9")


def test_nothing_to_rank_by(tmp_path: Path) -> None:
    assert rank(compare([make_run(tmp_path / "a"), make_run(tmp_path / "b", lr=1.0)])) is None


def test_the_command_ends_with_the_result_and_takes_a_folder(tmp_path: Path) -> None:
    runs(tmp_path / "sweep", a=(10.0, 10.1), b=(20.0, 20.1))
    result = ganzoo("compare", tmp_path / "sweep")
    assert result.status == 0, result.err
    last = result.out.splitlines()[-1]
    assert last.startswith("best by frechet: --lr 1, 10.05 ± 0.64; worse beyond noise: --lr 2")
    assert "no score 'x'" in ganzoo("compare", tmp_path / "sweep", "--by", "x").err
    by = ganzoo("compare", tmp_path / "sweep", "--by", "frechet", "--json").out
    assert '"verdict": "worse"' in by


def test_runs_that_differ_in_threads_alone_are_one_row(tmp_path: Path) -> None:
    made = [make_run(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    text = (made[1] / "run.json").read_text()
    (made[1] / "run.json").write_text(text.replace('"threads": null', '"threads": 2'))
    assert len(compare(made).groups) == 1


def test_of_equals_none_is_called_best_where_another_score_tells(tmp_path: Path) -> None:
    folders = [
        evaluated(make_run(tmp_path / str(n), lr=0.1 * n), modes=8.0, quality=quality)
        for n, quality in ((1, 0.01), (2, 0.3), (3, 0.2))
    ]
    found = rank(compare(folders))
    assert found is not None
    assert [row.name for row in found.rows] == ["--lr 0.2", "--lr 0.3", "--lr 0.1"]
    by_modes = rank(compare(folders), "modes")
    assert by_modes is not None
    assert {row.verdict for row in by_modes.rows[1:]} == {"equal"}
    assert "; just as good: " in by_modes.words
