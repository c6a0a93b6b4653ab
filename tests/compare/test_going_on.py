"""Runs that were gone on with otherwise than they began, beside others."""

import json
from pathlib import Path

from ganzoo.compare.runs import compare

from .test_compare import evaluated, make_run


def test_a_run_that_had_another_rate_before_is_another_setting(tmp_path: Path) -> None:
    """It was taken for the same training of another seed."""
    runs = [make_run(tmp_path / str(seed), seed=seed) for seed in range(3)]
    content = json.loads((runs[2] / "run.json").read_text())
    content["before"] = [["lr", 1e-2, 90]]
    (runs[2] / "run.json").write_text(json.dumps(content))
    found = compare(runs)
    assert [len(group.members) for group in found.groups] == [2, 1]
    assert found.differences == {"--lr until step 90": [None, 1e-2], "--seed": [[0, 1], 2]}


def test_who_was_evaluated_earlier_than_others_of_the_row_is_said(tmp_path: Path) -> None:
    runs = [
        evaluated(make_run(tmp_path / str(seed), seed=seed), step=step, recall=0.5)
        for seed, step in ((0, 100), (1, 50))
    ]
    (remark,) = compare(runs).remarks
    assert remark.startswith(f"{runs[1]} evaluated at an earlier step than others of the same row")
    evaluated(runs[1], step=100, recall=0.5)
    assert compare(runs).remarks == []
