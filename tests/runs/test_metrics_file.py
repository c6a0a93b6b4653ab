"""``metrics.jsonl``: all of it, or as much as one can see of it."""

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from ganzoo.errors import GanzooError
from ganzoo.runs.metrics_file import METRICS, read_metrics, read_some, rewind


def write(run: Path, *records: dict[str, float]) -> None:
    (run / METRICS).write_text("".join(json.dumps(record) + "\n" for record in records))


def test_few_records_are_read_all(tmp_path: Path) -> None:
    assert [*read_metrics(tmp_path)] == read_some(tmp_path) == []
    records = [{"step": step, "a_loss": step / 8} for step in range(10)]
    records[4:4] = [{"step": 3, "quality/kid": 0.5}]
    write(tmp_path, *records)
    assert [*read_metrics(tmp_path)] == read_some(tmp_path, 8) == records


def test_of_many_some_are_read_that_are_evenly_spaced(tmp_path: Path) -> None:
    """What was measured is rare among what was logged, and stays; so does the last."""
    losses = [{"step": step, "a_loss": 0.5} for step in range(1000)]
    measured = [{"step": step, "quality/kid": 0.5} for step in range(0, 1000, 100)]
    write(tmp_path, *sorted(losses + measured, key=lambda record: record["step"]))
    found = read_some(tmp_path, 20)
    assert [record for record in found if record in measured] == measured
    steps = [record["step"] for record in found if record in losses]
    assert 20 <= len(steps) <= 41
    assert (steps[0], steps[-1]) == (0, 999)
    assert {second - first for first, second in pairwise(steps[:-1])} == {32}


def test_what_a_crash_cut_short_is_no_record_and_what_a_stranger_wrote_is_damage(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"step": 1, "a_loss": 0.5}, {"step": 2, "a_loss": 0.5})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"step": 3, "a_')
    assert len([*read_metrics(tmp_path)]) == len(read_some(tmp_path)) == 2
    assert rewind(tmp_path, 1) == 0
    assert [*read_metrics(tmp_path)] == [{"step": 1, "a_loss": 0.5}]
    write(tmp_path, {"step": 1, "a_loss": 0.5}, {"step": 10**30})
    for read in (lambda run: [*read_metrics(run)], read_some):
        with pytest.raises(GanzooError, match="line 2 is no record of a step"):
            read(tmp_path)


def test_a_line_that_a_disk_has_damaged_is_left_out_and_no_other(tmp_path: Path) -> None:
    records = [{"step": step, "a_loss": 0.5} for step in range(1, 9)]
    write(tmp_path, *records)
    lines = (tmp_path / METRICS).read_bytes().splitlines(keepends=True)
    lines[2] = bytes(len(lines[2]) - 1) + b"\n"
    (tmp_path / METRICS).write_bytes(b"".join(lines) + b'{"step": 9')
    expected = records[:2] + records[3:]
    assert [*read_metrics(tmp_path)] == read_some(tmp_path) == expected
    assert rewind(tmp_path, 7) == 1
    assert [*read_metrics(tmp_path)] == expected[:-1]


def test_a_hole_that_a_disk_has_left_is_one_line(tmp_path: Path) -> None:
    """What followed it was gone when the run went on, and nothing said."""
    records = [{"step": step, "a_loss": 0.5} for step in range(1, 9)]
    write(tmp_path, *records)
    lines = (tmp_path / METRICS).read_bytes().splitlines(keepends=True)
    (tmp_path / METRICS).write_bytes(b"".join([*lines[:3], bytes(2**21), *lines[3:]]))
    expected = records[:3] + records[4:]
    assert [*read_metrics(tmp_path)] == read_some(tmp_path) == expected
    assert rewind(tmp_path, 7) == 1
    assert [*read_metrics(tmp_path)] == expected[:-1]


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, {"step": 1, "a_loss": 0.5})
    os.truncate(tmp_path / METRICS, 2**36)
    for read in (lambda run: [*read_metrics(run)], read_some, lambda run: rewind(run, 1)):
        with pytest.raises(GanzooError, match="line 2 has no end: delete the line"):
            read(tmp_path)
