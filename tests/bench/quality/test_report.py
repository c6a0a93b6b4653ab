"""What is made of the answers: pages, tables, intervals."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.bench.stand_in import MACHINE, request, silent

from ganzoo.bench.quality.measure import Result, measure
from ganzoo.bench.quality.report import describe, make_tables, write_quality_report


def page_of(results: list[Result], unsuitable: dict[str, str], folder: Path) -> tuple[str, Any]:
    """The page and the JSON that are written."""
    facts = describe(results, MACHINE, "ganzoo bench --quality good")
    page, data = write_quality_report(folder, results, unsuitable, facts)
    assert data.stem == page.stem
    return page.read_text(), json.loads(data.read_text())


def test_what_is_written(tmp_path: Path, calls: Path) -> None:
    results, unsuitable = measure(["good", "unsuited"], 2, request(tmp_path), silent)
    for one in results:
        one["seconds"] = 3.0  # it took none, and from one second of the clock to the next one
    day = datetime.now()
    page, data = page_of(results, unsuitable, tmp_path / "out")
    if datetime.now().date() != day.date():  # midnight has come
        page = page.replace(f"{datetime.now():%Y-%m-%d}", f"{day:%Y-%m-%d}")
    for line in (
        "- device: A Processor",
        "- threads: 2",
        "- versions: torch 2.0, ganzoo-stub 1.0",
        f"- date: {day:%Y-%m-%d}",
        "- command: `ganzoo bench --quality good`",
        "- ±: half the 95% confidence interval of the mean over seeds (Student's t)",
        "- unsuited is not trained: unsuited needs labelled data",
        "Protocol: P",
        "| run | runs | step | frechet ↓ |",
        "| good | 2 | 7 | 10.5 ± 6.4 |",  # 12.706 * 0.7071 / sqrt(2)
        "| good | glyphs | 0, 1 | 7 | 2,240 | 3 |",
        f"ganzoo train good --steps 7 --seed 1 --out {tmp_path}/runs/good-1",
        f"ganzoo evaluate {tmp_path}/runs/good-1 --json",
    ):
        assert line in page.splitlines()
    assert data["tables"][0]["rows"][0]["scores"]["frechet"]["half_interval"] == pytest.approx(
        6.353, abs=1e-3
    )
    assert data["unsuitable"] == {"unsuited": "unsuited needs labelled data"}
    assert [one["seed"] for one in data["trials"]] == [0, 1]
    page_of(results, unsuitable, tmp_path / "out")
    assert len([*(tmp_path / "out").iterdir()]) == 4  # nothing was overwritten


def test_one_seed_has_no_interval(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 1, request(tmp_path), silent)
    page, _ = page_of(results, {}, tmp_path / "out")
    assert "| good | 1 | 7 | 10 |" in page
    assert "±" not in page


def test_the_best_variant_is_bold(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 2, request(tmp_path), silent)
    worse = [one | {"variant": "worse"} for one in results[1:]]
    page, _ = page_of([*results, *worse], {}, tmp_path / "out")
    assert "| **10.5 ± 6.4** |" in page
    assert "| worse | 1 | 7 | 11 |" in page


def test_protocols_are_tables_of_their_own(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 2, request(tmp_path), silent)
    results[1]["evaluation"]["protocol"] = "Q"
    assert [(table.protocol, len(table.rows[0].found)) for table in make_tables(results)] == [
        ("P", 1),
        ("Q", 1),
    ]
