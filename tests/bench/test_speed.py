"""`ganzoo bench`: the loops to compare with play the engine's game, and what is measured is so."""

import copy
import io
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from helpers.zoo import NAMES, digits, smaller
from PIL import Image
from rich.console import Console
from torch import Tensor

from ganzoo.bench.speed import careful, process, report, typical
from ganzoo.bench.speed.compare import (
    _EMPTY,
    Entrant,
    Length,
    Row,
    Turn,
    compare,
    ratio,
    undisturbed,
)
from ganzoo.bench.speed.ours import count_flops, make_engine, time_phases
from ganzoo.bench.speed.quiet import Watch
from ganzoo.bench.speed.setting import ITERATIONS, START, Setting, due, set_up
from ganzoo.bench.speed.spec import BASELINES, ENGINE, Game, from_dict, to_dict
from ganzoo.bench.speed.trace import busy_seconds
from ganzoo.cli.commands.bench import _print, command
from ganzoo.config import build, own_settings
from ganzoo.engine.engine import Engine
from ganzoo.errors import GanzooError
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.variant import Phase

TYPICAL, CAREFUL = BASELINES["typical"], BASELINES["careful"]
OURS = Entrant()


def setting_of(name: str, batch_size: int = 4, **settings: Any) -> Setting:
    """A small variant on random digits."""
    registered = registry().variant(name)
    cls, dataset = registered.load(), digits(len(registered.spec.needs))
    chosen = own_settings(cls.Config, cls.recipe(dataset.spec) | smaller(cls) | settings)
    torch.manual_seed(0)
    variant = cls(equipped(build(cls.Config, chosen)), dataset.spec)
    return Setting(variant, dataset, dataset, batch_size)


@pytest.fixture
def _in_double() -> Iterator[None]:
    """Rounding then decides nothing: not the first step of an Adam whose gradient is all noise."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Given:
    """A feed of batches that are given."""

    def __init__(self, batches: list[dict[str, Tensor]]) -> None:
        self.batch_size = len(next(iter(batches[0].values())))
        self.drawn = 0
        self._batches = iter(batches)

    def stage(self, n: int) -> None:
        self.drawn += n

    def draw(self) -> dict[str, Tensor]:
        return next(self._batches)


def double(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.double() if v.is_floating_point() else v for k, v in batch.items()}


@pytest.mark.usefixtures("_in_double")
@pytest.mark.parametrize("name", NAMES)
def test_all_three_loops_play_the_same_game(name: str) -> None:
    steps = 5  # sgan's baseline is due at every fourth
    setting = setting_of(name)
    draw = careful.resident_batches(setting)
    batches = [double(draw()) for _ in range(6 * steps)]
    engine_variant, careful_variant, typical_variant = (
        copy.deepcopy(setting.variant) for _ in range(3)
    )
    early = 10**18  # a training so long that no schedule moves yet, not even in the last bit
    engine = Engine(engine_variant, Given(batches), early)
    engine.iteration = START
    loops = {
        "engine": engine.step,
        "careful": careful.careful_loop(careful_variant, iter(batches).__next__),
        "typical": typical.typical_script(typical_variant, iter(batches).__next__),
    }
    for step in loops.values():
        torch.manual_seed(1)
        for _ in range(steps):
            step()
    moved = 0.0
    trained = engine_variant.state_dict()
    for key, before in setting.variant.state_dict().items():
        expected = trained[key]
        moved += float((expected - before).abs().sum())
        for variant in (careful_variant, typical_variant):
            torch.testing.assert_close(variant.state_dict()[key], expected, rtol=1e-5, atol=1e-7)
    assert moved > 0


@pytest.mark.usefixtures("_in_double")
def test_the_careful_loop_keeps_the_engines_moving_average(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = setting_of("dcgan")
    draw = careful.resident_batches(setting)
    batches = [double(draw()) for _ in range(3)]
    engine = Engine(copy.deepcopy(setting.variant), Given(batches), ITERATIONS)
    engine.iteration = START
    players: list[careful._Player] = []
    make = careful._Player.__init__
    monkeypatch.setattr(
        careful._Player,
        "__init__",
        lambda self, *args: (make(self, *args), players.append(self))[0],
    )
    step = careful.careful_loop(copy.deepcopy(setting.variant), iter(batches).__next__)
    for loop in (engine.step, step):
        torch.manual_seed(1)
        for _ in range(3):
            loop()
    learner = engine.learners["generator"]
    expected = [
        t for t in learner.averaged["generator"].state_dict().values() if t.is_floating_point()
    ]
    (kept,) = [player.average for player in players if player.average]
    assert len(kept) == len(expected) > 0
    for ours, theirs in zip(expected, kept, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-7)


def test_the_loops_to_compare_with_take_nothing_from_the_engine() -> None:
    for module in (typical, careful):
        assert module.__file__ is not None
        assert "ganzoo.engine" not in Path(module.__file__).read_text()


def test_due_phases() -> None:
    def loss(batch: object) -> Tensor:
        raise AssertionError

    a = Phase("a", "p", loss, repeat=lambda iteration: iteration + 1)
    b = Phase("b", "p", loss, every=4)
    assert due([a, b], 4) == [(a, 5), (b, 1)]
    assert due([a, b], 5) == [(a, 6)]


@pytest.mark.parametrize("make", [careful.resident_batches, typical.loaders])
def test_batches_are_the_data_with_their_labels(make: Any) -> None:
    setting = setting_of("cgan", batch_size=50)
    draw = make(setting)
    fields = setting.dataset.fields
    known = {
        tuple((image.float() / 127.5 - 1).flatten()[:20].tolist()): int(label)
        for image, label in zip(fields["image"], fields["label"], strict=True)
    }
    keys = torch.tensor([*known])
    seen = []
    for _ in range(4):  # one epoch
        batch = draw()
        assert batch["image"].shape == (50, 1, 28, 28)
        assert batch["image"].dtype == torch.float32
        distances = torch.cdist(batch["image"].flatten(1)[:, :20], keys)
        assert distances.min(1).values.max() < 1e-2
        nearest = distances.argmin(1)
        assert [[*known.values()][i] for i in nearest] == batch["label"].tolist()
        seen += nearest.tolist()
    assert sorted(seen) == [*range(200)]
    assert seen != [*range(200)]


@pytest.mark.parametrize("make", [careful.resident_batches, typical.loaders])
def test_streams_that_are_shorter_than_a_batch_fill_it(make: Any) -> None:
    setting = setting_of("sgan", batch_size=25, labels=10)
    sizes = {name: len(tensor) for name, tensor in make(setting)().items()}
    assert sizes == dict.fromkeys(("image", "label", "unlabelled", "unlabelled_for_generator"), 25)


def test_setting_of_another_size() -> None:
    setting = set_up(Game("dcgan", image_size="32", batch_size=8, settings={"width": "4"}))
    assert setting.source.spec.shape == (1, 28, 28)
    assert setting.dataset.spec.shape == setting.variant.data.shape == (1, 32, 32)
    assert setting.resized == (32, 32)
    assert setting.variant.config.width == 4
    small, large = (s.fields["image"][:100].float() for s in (setting.source, setting.dataset))
    assert large.mean() == pytest.approx(float(small.mean()), rel=0.02)
    assert typical.loaders(setting)()["image"].shape == (8, 1, 32, 32)


def test_setting_of_images_that_are_read_as_the_user_says(tmp_path: Path) -> None:
    for number in range(10):
        Image.new("RGB", (28, 28), (number, 0, 0)).save(tmp_path / f"{number}.png")
    for pixels, channels in ((None, 3), ("gray", 1)):
        game = Game("vanilla", "folder", str(tmp_path), "28", pixels, 8)
        assert set_up(game).dataset.spec.shape == (channels, 28, 28)


def test_setting_of_two_domains_in_its_own_size() -> None:
    setting = set_up(Game("cyclegan", settings={"width": "4", "blocks": "1"}))
    assert setting.resized is None
    batch = typical.loaders(setting)()
    assert batch["a"].shape == batch["b"].shape == (4, 3, 28, 28)


def test_flops_and_phases_of_a_known_network() -> None:
    toy = Setting(Toy(ToyConfig(), points().spec), points(), points(), batch_size=4)
    engine = make_engine(toy, OURS, print)
    assert engine.iteration == START
    # A multiply-add of each weight and sample is 2. G (3x8, 8x2) and D (2x8, 8x1), forward and,
    # in G's update, back through D to G's weights; in D's, on reals and fakes, to D's weights.
    g, d, n = 3 * 8 + 8 * 2, 2 * 8 + 8 * 1, 4
    update_g = (g + d) + d + (g + 8 * 2)
    update_d = 2 * (d + d + 8 * 1)
    assert count_flops(engine) == 2 * n * (update_g + update_d)
    assert time_phases(engine, 3).keys() == {"data", "g", "d"}
    assert engine.iteration == START + 4


def test_time_by_phase_is_where_it_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    class Slow(Toy):
        def d_loss(self, batch: Any) -> Tensor:
            nonlocal now
            now += 0.05
            return super().d_loss(batch)

    toy = Setting(Slow(ToyConfig(), points().spec), points(), points(), batch_size=4)
    found = time_phases(make_engine(toy, OURS, print), 3)
    assert found == {"data": 0, "g": 0, "d": pytest.approx(50)}


def write_proc(folder: Path, busy: int, processes: dict[int, tuple[int, int]]) -> None:
    """`busy` ticks of the machine; by process its session and its ticks."""
    folder.mkdir(exist_ok=True)
    (folder / "stat").write_text(f"cpu  {busy} 0 0 99999 50 0 0 0 0 0\ncpu0 1 1\n")
    for pid, (session, ticks) in processes.items():
        (folder / str(pid)).mkdir(exist_ok=True)
        half, quarter, eighth = ticks // 2, ticks // 4, ticks // 8  # user, system, children's
        rest = f"S 1 {pid} {session} 0 -1 0 0 0 0 0 {half} {quarter} {eighth} {eighth} 20 0 1"
        (folder / str(pid) / "stat").write_text(f"{pid} (a (strange) name) {rest}")


def test_others_are_those_who_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    proc, me = tmp_path / "proc", os.getpid()
    write_proc(proc, 5000, {me: (1, 8), 70: (70, 80), 71: (70, 160), 80: (80, 4000)})
    watch = Watch({70}, proc)
    now = 102.0
    write_proc(proc, 6000, {me: (1, 16), 70: (70, 400), 71: (70, 480), 80: (80, 4392)})
    ticks = os.sysconf("SC_CLK_TCK")
    assert watch.others() == pytest.approx((1000 - 8 - 640) / ticks / 2)


def test_others_are_unknown_where_the_system_does_not_tell(tmp_path: Path) -> None:
    assert Watch({70}, tmp_path / "no-proc").others() is None
    write_proc(tmp_path / "zeros", 0, {})
    assert Watch(set(), tmp_path / "zeros").others() is None


@pytest.mark.skipif(Watch(set()).others() is None, reason="no processor time is counted in /proc")
def test_what_a_session_uses_is_not_taken_for_others() -> None:
    spin = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass"

    with subprocess.Popen([sys.executable, "-c", spin], start_new_session=True) as child:
        knowing, blind, begin = Watch({child.pid}), Watch(set()), time.perf_counter()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with_it, without_it = blind.others(), knowing.others()
    assert with_it is not None
    assert without_it is not None
    assert (with_it - without_it) * (time.perf_counter() - begin) > 0.5


def turns(*steps: float, others: float = 0.0) -> dict[Entrant, Turn]:
    return {
        who: Turn(step, 1, 64, others)
        for who, step in zip((TYPICAL, CAREFUL, OURS), steps, strict=True)
    }


def test_ratios_are_of_single_rounds() -> None:
    rounds = [turns(6, 4, 2), turns(30, 15, 10), turns(4, 2, 2)]
    assert ratio(rounds, TYPICAL, OURS) == {"median": 3, "min": 2, "max": 3}
    assert ratio(rounds, CAREFUL, OURS) == {"median": 1.5, "min": 1, "max": 2}
    assert ratio([{OURS: Turn(1, 1, 1)}], TYPICAL, OURS) is None


def test_disturbed_rounds_are_left_out_where_enough_are_quiet() -> None:
    quiet, loud = turns(3, 2, 1), turns(3, 2, 1, others=0.5)
    assert undisturbed([quiet, loud, quiet, quiet, loud]) == ([quiet] * 3, 2)
    rounds = [quiet, loud, quiet, loud, loud]
    assert undisturbed(rounds) == (rounds, 3)
    unknown = {OURS: Turn(1, 1, 1, None)}
    assert undisturbed([unknown] * 5) == ([unknown] * 5, 0)


def test_length_of_a_turn() -> None:
    assert Length(seconds=5).turn(step=0.01) == 100
    assert Length(seconds=5).turn(step=60) == 1
    assert Length(seconds=5, steps=50).turn(step=60) == 10


def test_device_time_of_a_trace_is_the_union_of_its_kernels() -> None:
    def event(cat: str, ts: float, dur: float) -> dict[str, object]:
        return {"ph": "X", "cat": cat, "ts": ts, "dur": dur, "name": "x"}

    events = [
        event("kernel", 10.0, 5.0),
        event("gpu_memcpy", 12.0, 6.0),
        event("kernel", 13.0, 1.0),
        event("gpu_user_annotation", 0.0, 1000.0),
        event("cpu_op", 0.0, 1000.0),
        event("gpu_memset", 100.0, 2.0),
        {"ph": "M", "name": "process_name"},
    ]
    assert busy_seconds({"traceEvents": events}) == pytest.approx(10e-6)
    assert busy_seconds({"traceEvents": []}) == 0


def test_what_a_process_is_told() -> None:
    game = Game("dcgan", image_size="32", settings={"width": "4"})
    told = json.loads(json.dumps(to_dict(game, CAREFUL)))
    assert from_dict(told) == (game, CAREFUL)


MACHINE = {
    "device": "A (fast) GPU, 80 GB",
    "kind": "cuda",
    "cores": 8,
    "threads": 8,
    "torch": "2.11",
    "cuda": "13.0",
    "python": "3.12",
    "system": "Linux",
    "peak_flops": {"fp32": 5e13},
}


def row(**values: Any) -> Row:
    named = {"variant": "dcgan", "contestant": ENGINE, "mode": "graph", "precision": "bf16"}
    return _EMPTY | named | values


MEASURED = row(
    data="glyphs",
    shape="1x28x28",
    batch_size=64,
    images_per_second=123456.7,
    ms_per_step=0.5184,
    ms_by_phase={"data": 0.01, "generator": 1.234, "discriminator": 456.7},
    memory=3 * 2**20,
    threads=4,
    startup_seconds=4.56,
    compile_seconds=1.0,
    busy_share=0.955,
    flops_per_second=5e12,
    peak_share=0.1,
    times_typical={"median": 12.345, "min": 11.0, "max": 13.0},
    times_careful={"median": 2.0, "min": 1.5, "max": 2.5},
)


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
