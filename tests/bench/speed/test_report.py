"""What is shown of a measurement: cells, tables, remarks, pages."""

import io
from pathlib import Path

import pytest
from helpers.bench.speeds import MACHINE, MEASURED, TYPICAL, row
from rich.console import Console

from ganzoo.bench.speed import report
from ganzoo.cli.commands.bench import _print


def test_cells() -> None:
    assert report.cells(MEASURED) == [
        "dcgan glyphs 1x28x28, batch 64",
        "graph bf16",
        "123,457",
        "0.518",
        "data 0.01, generator 1.23, discriminator 457",
        "3 MiB",
        "4",
        "4.6 s",
        "1.0 s",
        "96%",
        "5,000 (10%)",
        "12.35 [11.00-13.00]",
        "2.00 [1.50-2.50]",
    ]
    assert report.cells(MEASURED | {"busy_share": None})[9] == "not measured"
    assert report.cells(row(error="needs CUDA"))[:3] == ["dcgan", "graph bf16", "needs CUDA"]
    assert report.remarks([row(error="needs CUDA")]) == []
    long = "the discriminator has left the building"
    assert report.cells(row(error=long))[2] == "failed"
    both = [row(error=long), row(error=long, precision="fp32")]
    assert report.remarks(both) == [f"dcgan, graph bf16; dcgan, graph fp32: {long}"]


def test_the_tables_fit_into_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were one table that was folded letter by letter."""
    console = Console(width=80, file=io.StringIO(), color_system=None)
    monkeypatch.setattr("ganzoo.cli.commands.bench.make_console", lambda: console)
    typical = row(contestant=str(TYPICAL)) | {
        name: MEASURED[name] for name in ("memory", "threads", "startup_seconds", "ms_per_step")
    }
    typical |= {"images_per_second": 1.0}
    slow = {"mode": "graph+compile", "startup_seconds": 1234.5, "memory": 64 * 2**30}
    _print([typical, MEASURED, MEASURED | slow, row(error="needs CUDA")], MACHINE, as_json=False)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    text = "\n".join(lines)
    assert max(map(len, lines[:-3])) <= 80
    words = {
        word for one in (MEASURED, MEASURED | slow) for word in " ".join(report.cells(one)).split()
    }
    assert words <= {*text.split()}
    (failed,) = [line for line in lines if "needs CUDA" in line]
    assert failed.split() == ["graph", "bf16", "needs", "CUDA"]
    on_a_cpu = [typical, MEASURED | {"busy_share": None, "compile_seconds": None}]
    _print(on_a_cpu, MACHINE | {"kind": "cpu"}, as_json=False)
    rest = console.file.getvalue()[len(text) :]
    assert "ms/step" in rest
    assert "GPU" not in rest.replace(MACHINE["device"], "")
    assert "compile" not in rest


def test_a_busy_machine_is_remarked() -> None:
    assert report.remarks([MEASURED]) == []
    (left_out,) = report.remarks([MEASURED | {"disturbed_rounds": 2, "others": 0.05}])
    assert "busy" in left_out
    assert "left out" in left_out
    (counted,) = report.remarks([MEASURED | {"disturbed_rounds": 4, "others": 0.9}])
    assert "all are counted" in counted


def test_a_report_never_replaces_another(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "results"
    first = report.write_report(folder, [MEASURED], MACHINE, "ganzoo bench dcgan")
    kept = first[0].read_bytes()
    second = report.write_report(folder, [row(error="needs CUDA")], MACHINE, "ganzoo bench")
    assert [path.suffix for path in first] == [".md", ".png"]
    assert [path.suffix for path in second] == [".md"]
    assert first[0].name.endswith("-a-fast-gpu-80-gb.md")
    assert first[0].read_bytes() == kept
    text = first[0].read_text()
    assert "`ganzoo bench dcgan`" in text
    assert "torch 2.11, CUDA 13.0, Python 3.12" in text
    assert f"({first[1].name})" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count(" | ") for line in table}) == 1
    assert "12.35 [11.00-13.00]" in table[2]
