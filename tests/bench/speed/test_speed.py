"""`ganzoo bench`: its processes, its rows and files, and what it refuses."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.bench.speeds import CAREFUL, MACHINE, OURS

from ganzoo.bench.speed import process
from ganzoo.bench.speed.compare import Entrant, Length, Row, compare
from ganzoo.bench.speed.spec import BASELINES, Game, from_dict, to_dict
from ganzoo.cli.commands.bench import command
from ganzoo.errors import GanzooError


def test_what_a_process_is_told() -> None:
    game = Game("dcgan", image_size="32", settings={"width": "4"})
    told = json.loads(json.dumps(to_dict(game, CAREFUL)))
    assert from_dict(told) == (game, CAREFUL)


def bench(*args: object) -> None:
    command.main([str(arg) for arg in args], standalone_mode=False)


TINY = ("--dataset", "ring8", "--set", "generator-widths=8", "--set", "discriminator_widths=8")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], Path]:
    """What `ganzoo bench` prints as JSON about the smallest GAN, and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("bench")
    call = "from ganzoo.cli.commands.bench import command; command()"
    modes = (
        "--modes",
        "eager,graph",
        "--steps",
        "20",
        "--seconds",
        "0.2",
        "--device",
        "cpu",
        "--json",
    )
    files = ("--report", folder / "results", "--profile", folder / "trace.json")
    done = subprocess.run(
        [sys.executable, "-c", call, "vanilla", *TINY, *modes, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert f"{folder / 'trace.json'}: a trace" in done.stderr
    return json.loads(done.stdout), folder


def test_rows_of_all_contestants(measured: tuple[list[Row], Path]) -> None:
    rows, _ = measured
    by = [(one["contestant"], one["mode"]) for one in rows]
    assert by == [
        ("typical script", "eager"),
        ("careful loop", "eager"),
        ("engine", "eager"),
        ("engine", "graph"),
    ]
    assert all(one.keys() == rows[0].keys() for one in rows)
    for one in rows[:3]:
        assert one["error"] is None
        assert (one["variant"], one["data"], one["shape"]) == ("vanilla", "ring8", "2")
        a_step = 1000 * one["batch_size"] / one["ms_per_step"]
        # Both are medians, of an even number of rounds perhaps, and some took long.
        assert 0.99 * a_step < one["images_per_second"] < 10 * a_step
        assert one["memory"] > 2**20
        assert one["threads"] == 1
        assert one["startup_seconds"] > 0.1
        assert one["busy_share"] is None
        assert 3 <= one["rounds"] <= 5


def test_rows_of_the_engine(measured: tuple[list[Row], Path]) -> None:
    typical_row, _, ours, graph = measured[0]
    assert typical_row["times_typical"] is None
    for name in BASELINES:
        times = ours[f"times_{name}"]
        assert 0 < times["min"] <= times["median"] <= times["max"]
    assert ours["ms_by_phase"].keys() == {"data", "generator", "discriminator"}
    speed = ours["flops_per_step"] / ours["ms_per_step"] * 1000
    assert ours["flops_per_second"] == pytest.approx(speed)
    assert 0 < ours["peak_share"] < 1
    assert ours["compile_seconds"] is None
    assert graph["error"] == "needs CUDA"
    assert graph["ms_per_step"] is None


def test_files_of_a_measurement(measured: tuple[list[Row], Path]) -> None:
    _, folder = measured
    trace = json.loads((folder / "trace.json").read_text())
    names = [event.get("name", "") for event in trace["traceEvents"]]
    assert any("addmm" in name or "linear" in name for name in names)
    page, picture = sorted((folder / "results").iterdir())
    assert page.stem == picture.stem
    assert "needs CUDA" in page.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_game_that_cannot_be_is_said_once_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    start = process.Process.__init__
    monkeypatch.setattr(
        process.Process, "__init__", lambda self, *args: (made.append(args), start(self, *args))[1]
    )
    game = Game("cgan", "ring8", settings={"widht": "4"}, device="cpu")
    rows = compare(game, [OURS], MACHINE | {"kind": "cpu"}, Length(), lambda message: None)
    assert len(made) == 1
    assert {one["error"] for one in rows} == {"there is no setting 'widht': did you mean 'width'?"}


def test_a_process_that_dies_leaves_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "to_dict", lambda game, entrant: {"game": {"nonsense": 1}})
    with pytest.raises(GanzooError, match="TypeError"):
        process.Process(Game("vanilla"), OURS)


def test_an_interrupted_process_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: process.Process) -> None:
        made.append(self)
        raise KeyboardInterrupt

    made: list[process.Process] = []
    monkeypatch.setattr(process.Process, "_answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.Process(Game("vanilla"), OURS)
    with pytest.raises(ProcessLookupError):
        os.kill(made[0].session, 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("vanila",), "did you mean 'vanilla'"),
        (("vanilla", "--modes", "eager,grph"), "there is no mode 'grph': did you mean 'graph'"),
        (("vanilla", "--modes", ","), "no mode is named"),
        (("vanilla", "--precision", "fp64"), "there is no precision 'fp64'"),
        (("vanilla", "--set", "width"), "NAME=VALUE"),
        (("vanilla", "--image-size", "big"), "--image-size must be"),
        (("vanilla", "--report", __file__), "is a file"),
        (("vanilla", "--profile", "/no/such/folder/t.json"), "existing folder"),
        (("vanilla", "--profile", __file__), "exists, and is no trace: name another file"),
        (("vanilla", "--report", f"{__file__}/pages"), r"test_speed\.py/pages cannot be written"),
    ],
)
def test_bad_input_is_refused_before_anything_is_measured(
    args: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process was started, which imports torch")

    monkeypatch.setattr(subprocess, "Popen", started)
    with pytest.raises(GanzooError, match=message):
        bench(*args)


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (("--modes", "graph,graph+compile"), r"graph fp32 and graph\+compile fp32"),
        (("--modes", "eager", "--precision", "tf32"), "eager tf32"),
    ],
)
def test_what_needs_cuda_is_not_measured_without(flags: tuple[str, ...], what: str) -> None:
    with pytest.raises(GanzooError, match=f"^{what} cannot be measured without CUDA"):
        bench("vanilla", *TINY, *flags, "--device", "cpu")


def test_looking_at_the_command_does_not_import_torch() -> None:
    code = (
        "import sys; import ganzoo.cli.commands.bench; "
        "import ganzoo.bench.speed.compare, ganzoo.bench.speed.report; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.gpu
def test_modes_on_a_gpu() -> None:
    from ganzoo.bench.speed.compare import describe_machine

    machine = describe_machine("cuda")
    entrants = [Entrant(mode=mode) for mode in ("eager", "compile", "graph")]
    game = Game("vanilla", settings={"generator_widths": "64"}, device="cuda")
    rows = compare(game, entrants, machine, Length(steps=50), lambda message: None)
    assert [one["error"] for one in rows] == [None] * 5
    assert [one["notes"] for one in rows] == [[]] * 5
    for one in rows:
        assert 0 < one["busy_share"] <= 1.1
        assert math.isfinite(one["ms_per_step"])
