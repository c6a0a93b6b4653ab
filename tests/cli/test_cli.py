"""The commands as a user sees them: real runs, real pipes, a real terminal."""

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import TINY, ganzoo, spawn, train_tiny
from PIL import Image

from ganzoo import option
from ganzoo.claims.shipped import summary
from ganzoo.cli import MODULES, find_command
from ganzoo.cli.commands.train import make_flag, merge
from ganzoo.cli.display import Smoothed
from ganzoo.config import options
from ganzoo.plugins.registry import registry
from ganzoo.training.settings import Training

FOREVER = ("--steps", 10**6, "--mode", "eager")  # which would be compiled first

TOY_INIT = """
from ganzoo import Need, VariantSpec, hookimpl

NEEDS = ((Need(("image", "point")), Need(("label",))),)

@hookimpl
def ganzoo_register_variants():
    return [VariantSpec("toy", "ganzoo_toy.variant:Toy", "Le Pâté 玩具", 2026, needs=NEEDS)]
"""

TOY_VARIANT = '''
from dataclasses import dataclass

import torch

from ganzoo import SGD, Phase, Player, Variant, option


@dataclass(frozen=True)
class Config:
    bright: bool = option(False, "draw all of it 100 lighter")
    lr: float = option(0.5, "learning rate", above=0)


class Toy(Variant):
    """Draws images whose every pixel is the label."""

    Config = Config

    @classmethod
    def recipe(cls, data):
        return {"steps": 2, "batch_size": 4}
    conditional = True

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = torch.nn.Linear(1, 1)

    def players(self):
        return {"painter": Player(("generator",), SGD(self.config.lr))}

    def phases(self):
        return [Phase("paint", "painter", lambda batch: self.generator.weight.square().sum())]

    def sample_latent(self, n):
        return torch.randn(n, 1, device=self.device)

    def forward(self, latent, label=None):
        value = label.float() + 100 * self.config.bright
        return (value / 127.5 - 1)[:, None, None, None].expand(-1, *self.data.shape)
'''


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; what is cached lies beside it."""
    for name in ("GANZOO_DATA", "GANZOO_DISABLE", "GANZOO_STRICT_PLUGINS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def settings(run: Path) -> dict[str, object]:
    content = json.loads((run / "run.json").read_text())
    return content["training"] | content["config"]


def write_images(folder: Path, classes: tuple[str, ...] = ("",)) -> tuple[object, ...]:
    """Twelve flat grey images of 28x28 a class; returns the flags to train on them."""
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(12):
            Image.new("L", (28, 28), 20 * i).save(folder / name / f"{i:02d}.png")
    return ("--dataset", "folder", "--data-root", folder, "--image-size", 28, "--batch-size", 4)


# --- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "--json"],
        ["datasets"],
        ["losses"],
        ["plugins"],
        ["train", "--help"],
        ["info", "--help"],
        ["sample", "--help"],
        ["runs", "--help"],
    ],
)
def test_looking_around_does_not_wait_for_torch(args: list[str]) -> None:
    ganzoo("plugins")  # once after each installation, the targets are looked at
    code = (
        "import sys; from ganzoo.cli import run; status = run(sys.argv[1:]);"
        "sys.exit('torch is imported' if 'torch' in sys.modules else status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) > 10


def test_listing_imports_nothing_that_only_help_or_training_needs() -> None:
    ganzoo("list")
    code = (
        "import sys; from ganzoo.cli import run; run(['list']); "
        "unused = {'torch', 'numpy', 'PIL', 'matplotlib', 'rich_click', 'ganzoo.config'};"
        "print(sorted(unused & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", MODULES)
def test_the_help_of_all_commands_looks_alike(command: str) -> None:
    shown = ganzoo(command, "--help").out
    assert re.match(rf"\s*Usage: ganzoo {command} \[OPTIONS\]", shown)
    assert re.search("╭─ Options ─+╮", shown) or command == "train"  # which has panels of its own
    assert re.search("│ +--help +", shown)
    assert (find_command(command).epilog or "") in " ".join(shown.split())


def test_the_help_names_the_commands_in_order() -> None:
    shown = ganzoo("--help").out
    places = [shown.index(f"│ {command} ") for command in MODULES]
    assert places == sorted(places)


def test_listing_takes_little_longer_than_to_import_its_libraries(tmp_path: Path) -> None:
    libraries = "import importlib.metadata, pluggy, rich.console, rich.table"
    compiled = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)}  # the code may be read-only

    def seconds(*args: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, *args], env=compiled, capture_output=True, check=True)
        after = os.times()
        user = after.children_user - before.children_user
        return user + after.children_system - before.children_system

    ganzoo("list")  # which looks at each plugin once
    spent = [(seconds("-m", "ganzoo", "list"), seconds("-c", libraries)) for _ in range(4)]
    listing, importing = map(min, zip(*spent, strict=True))
    assert listing < 2.5 * importing


def test_list_as_json_has_a_row_for_every_variant() -> None:
    rows = {row["name"]: row for row in json.loads(ganzoo("list", "--json").out)}
    assert rows["vanilla"] == {
        "name": "vanilla",
        "title": "Generative Adversarial Nets",
        "year": 2014,
        "needs": "images or points",
        "claims": summary(registry().variant("vanilla").spec),
        "plugin": "ganzoo-vanilla",
        "version": metadata.version("ganzoo-vanilla"),
        "status": "ok",
        "error": "",
    }
    assert rows["dcgan"]["year"] == 2016


def test_a_broken_plugin_is_a_row(install: Callable[..., None]) -> None:
    install("toy", "import nonsense_that_is_not_there")
    result = ganzoo("list", "--json")
    assert result.status == 0
    rows = {row["name"]: row for row in json.loads(result.out)}
    assert rows["vanilla"]["status"] == "ok"
    row = rows["toy"]
    assert (row["plugin"], row["version"], row["status"]) == ("ganzoo-toy", "3.2.1", "broken")
    assert "nonsense_that_is_not_there" in row["error"]
    assert "pip uninstall ganzoo-toy" in row["error"]
    assert set(row) == {
        *("name", "title", "year", "needs", "claims", "plugin", "version", "status", "error"),
    }
    shown = ganzoo("list")
    assert shown.status == 0
    assert re.search(r"toy .*ganzoo-toy 3\.2\.1 +broken", shown.out)
    assert "pip uninstall ganzoo-toy" in shown.out


def test_a_broken_plugin_asked_for_by_name(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("toy", "import nonsense_that_is_not_there")
    for args in (["train", "toy"], ["train", "toy", "--lr", 1], ["info", "toy"]):
        result = ganzoo(*args)
        assert result.status == 2
        assert result.err.count("\n") == 1
        assert "ganzoo-toy 3.2.1 is broken: ModuleNotFoundError: No module named" in result.err
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    registry.cache_clear()
    result = ganzoo("train", "toy")
    assert result.status == 2
    assert "Traceback" in result.err
    assert "nonsense_that_is_not_there" in result.err


def test_a_variant_whose_module_cannot_be_imported(install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, "import nonsense_that_is_not_there")
    for args in (["train", "toy"], ["info", "toy"]):
        result = ganzoo(*args)
        assert result.status == 2
        assert result.err.count("\n") == 1
        assert "ganzoo-toy 3.2.1 is broken: ganzoo_toy.variant:Toy cannot be" in result.err


def test_datasets_and_losses() -> None:
    rows = {row["name"]: row for row in json.loads(ganzoo("datasets", "--json").out)}
    assert (rows["glyphs"]["shape"], rows["glyphs"]["classes"]) == ("1x28x28", 10)
    assert rows["ring8"]["source"] == "made on the spot"
    assert rows["mnist"]["plugin"] == "ganzoo-core"
    losses = {row["name"]: row for row in json.loads(ganzoo("losses", "--json").out)}
    assert losses["hinge"]["paper"] == "https://arxiv.org/abs/1705.02894"
    for command, names in (("datasets", rows), ("losses", losses)):
        lines = ganzoo(command).out.splitlines()
        assert [line.split()[0] for line in lines[2:]] == sorted(names)


def test_version() -> None:
    assert ganzoo("--version").out == f"ganzoo {metadata.version('ganzoo-core')}\n"


def test_info_counts_what_the_paper_networks_hold() -> None:
    told = json.loads(ganzoo("info", "vanilla", "--json").out)
    widths = [100, 128, 256, 512, 1024]
    generator = sum(i * o + 3 * o for i, o in pairwise(widths))  # BatchNorm: 2
    assert told["parameters"] == {
        "generator": generator + 1024 * 784 + 784,
        "discriminator": 784 * 512 + 512 + 512 * 256 + 256 + 256 + 1,
    }
    assert [phase["name"] for phase in told["phases"]] == ["generator", "discriminator"]
    assert [player["nets"] for player in told["players"]] == [["generator"], ["discriminator"]]
    assert told["needs"] == "images or points"
    assert {claim["verdict"] for claim in told["claims"]} <= {"", "reproduced", "not reproduced"}
    assert all(claim["id"] and claim["says"] for claim in told["claims"])
    assert told["claims"]
    lr = next(setting for setting in told["settings"] if setting["flag"] == "--lr")
    assert lr == {
        "flag": "--lr",
        "default": 0.001,
        "range": "above 0",
        "doc": "learning rate of both Adams",
    }
    points = json.loads(ganzoo("info", "vanilla", "--dataset", "ring8", "--json").out)
    assert points["data"] == {"name": "ring8", "shape": [2], "classes": 8}
    shown = ganzoo("info", "vanilla").out
    assert f"{told['parameters']['generator']:,}" in shown
    assert "128,256,512,1024" in shown


# --- flags ---------------------------------------------------------------------------------------


def test_help_shows_every_setting_in_its_group() -> None:
    common = ganzoo("train", "--help").out
    assert "Training" in common
    assert "--latent-dim" not in common
    assert re.search("(?s)Variants: .*dcgan.*vanilla", common)
    full = ganzoo("train", "dcgan", "--help").out
    for flag in (o.flag for o in options(Training).values()):
        assert flag in common
        assert flag in full
    assert full.index(" Training ") < full.index("--batch-size") < full.index(" DCGAN ")
    assert full.index(" DCGAN ") < full.index("--width")
    assert "default: 0.0002" in re.sub(r"[│\s]+", " ", full)
    assert "above 0" in full
    assert "Example: ganzoo train dcgan --steps 1000" in full


@dataclass(frozen=True)
class Config:
    cond: bool = option(True, "condition")
    widths: tuple[int, ...] = option((3, 4), "widths", minimum=1)
    rate: float | None = option(None, "rate", above=0)
    kind: str = option("a", "kind", choices=("a", "b"))


def test_a_flag_says_what_its_setting_says() -> None:
    cond, widths, rate, kind = (make_flag(o, "Test") for o in options(Config).values())
    assert (cond.opts, cond.secondary_opts, cond.default) == (["--cond"], ["--no-cond"], True)
    assert (widths.metavar, widths.default) == ("INT,INT,...", "3,4")
    assert widths.help == "widths; at least 1"
    assert (rate.metavar, rate.default) == ("NUMBER", None)
    assert (kind.metavar, kind.help) == ("a|b", "kind")


def test_only_what_is_given_is_set() -> None:
    run = train_tiny(Path("run"), "--lr", 0.001)
    told = settings(run)
    assert (told["lr"], told["generator_widths"], told["steps"]) == (0.001, [8], 5)
    assert (told["latent_dim"], told["batch_size"]) == (16, 256)


def test_the_name_may_come_after_flags() -> None:
    result = ganzoo("train", *TINY, "--lr", 0.1, "--steps", 1, "vanilla", "--out", "run")
    assert result.status == 0, result.err
    assert settings(Path("run"))["lr"] == 0.1


def test_a_file_of_settings_yields_to_flags() -> None:
    Path("settings.toml").write_text(
        "variant = 'vanilla'\ndataset = 'ring8'\ngenerator-widths = [8]\n"
        "discriminator_widths = [8]\nlr = 0.1\nsteps = 1000\n"
    )
    result = ganzoo("train", "--config", "settings.toml", "--lr", 0.2, "--steps", 2, "--out", "run")
    assert result.status == 0, result.err
    told = settings(Path("run"))
    assert (told["generator_widths"], told["discriminator_widths"]) == ([8], [8])
    assert (told["dataset"], told["lr"], told["steps"]) == ("ring8", 0.2, 2)


def test_a_length_on_the_command_line_replaces_the_one_in_the_file() -> None:
    assert merge({"steps": 5, "lr": 1}, {"epochs": "2"}) == {"lr": 1, "epochs": "2"}
    assert merge({"epochs": 5}, {"steps": "2"}) == {"steps": "2"}
    assert merge({"epochs": 5, "steps": 1}, {"lr": "2"}) == {"epochs": 5, "steps": 1, "lr": "2"}


def test_a_switch_of_a_third_partys_variant(install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    data = write_images(Path("images"), ("a", "b"))
    for flags, wanted in (([], False), (["--bright"], True), (["--no-bright"], False)):
        out = Path(f"run{len(flags)}{wanted}")
        result = ganzoo("train", "toy", *data, *flags, "--out", out)
        assert result.status == 0, result.err
        assert settings(out)["bright"] is wanted


def test_a_conditional_variant_needs_labels(install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    result = ganzoo("train", "toy", *write_images(Path("images")), "--out", "run")
    assert (result.status, Path("run").exists()) == (2, False)
    assert "toy needs labelled data, and 'images' has no labels" in result.err


# --- sampling ------------------------------------------------------------------------------------


def test_samples_as_files_and_as_one_array_are_the_same() -> None:
    data = write_images(Path("images"))
    quick = ("--width", 1, "--lr", 0.05, "--steps", 5)
    result = ganzoo("train", "dcgan", *data, *quick, "--out", "run")
    assert result.status == 0, result.err
    assert ganzoo("sample", "run", "--n", 260, "--out", "many").status == 0
    assert ganzoo("sample", "run", "--n", 3, "--out", "few.npz").status == 0
    assert ganzoo("sample", "run", "--n", 3, "--out", "other.npz", "--seed", 1).status == 0
    files = sorted(path.name for path in Path("many").glob("[!.]*"))
    assert files == [*(f"{i:05d}.png" for i in range(260)), "samples.json"]
    few = np.load("few.npz")
    assert few.files == ["images"]
    assert (few["images"].shape, few["images"].dtype) == ((3, 28, 28, 1), np.uint8)
    for i, image in enumerate(few["images"]):
        assert np.array_equal(np.asarray(Image.open(f"many/{i:05d}.png")), image[:, :, 0])
    assert not np.array_equal(few["images"], np.load("other.npz")["images"])


def test_points_are_floats() -> None:
    train_tiny(Path("run"))
    assert (
        ganzoo("sample", "run", "--n", 7, "--out", "deep/er/points", "--format", "npz").status == 0
    )
    drawn = np.load("deep/er/points")
    assert (drawn["points"].shape, drawn["points"].dtype) == ((7, 2), np.float32)


def test_labels_come_with_the_samples_of_a_conditional_variant(
    install: Callable[..., None],
) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    data = write_images(Path("images"), ("a", "b", "c"))
    assert ganzoo("train", "toy", *data, "--out", "run").status == 0
    assert ganzoo("sample", "run", "--n", 600, "--out", "all.npz").status == 0
    drawn = np.load("all.npz")
    assert drawn["labels"].tolist() == [i % 3 for i in range(600)]
    assert np.array_equal(drawn["images"][:, 5, 7, 0], drawn["labels"])
    assert ganzoo("sample", "run", "--n", 4, "--out", "b.npz", "--label", 1).status == 0
    assert np.load("b.npz")["labels"].tolist() == [1, 1, 1, 1]
    assert (np.load("b.npz")["images"] == 1).all()
    refused = ganzoo("sample", "run", "--n", 4, "--out", "d.npz", "--label", 3)
    assert (refused.status, Path("d.npz").exists()) == (2, False)
    assert "--label must be 0 to 2, not 3" in refused.err


# --- runs ----------------------------------------------------------------------------------------


def test_runs_are_numbered_and_listed() -> None:
    assert "no runs in runs yet" in ganzoo("runs").out
    assert json.loads(ganzoo("runs", "--json").out) == []
    for steps in (1, 2):
        assert ganzoo("train", "vanilla", *TINY, "--steps", steps).status == 0
    first, second = json.loads(ganzoo("runs", "--json").out)
    created = first.pop("created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", created)
    assert first == {
        "path": "runs/00001-vanilla-ring8",
        "variant": "vanilla",
        "data": "ring8",
        "step": 1,
        "steps": 1,
        "state": "finished",
        "resume": None,
    }
    assert second["path"] == "runs/00002-vanilla-ring8"
    assert "runs/00002-vanilla-ring8" in ganzoo("runs", "runs").out


# --- pipes and terminals -------------------------------------------------------------------------


def test_a_slow_start_does_not_count_in_the_speed() -> None:
    """While the first iterations were compiled, days seemed to be left for many records."""
    speed = Smoothed()
    speed.add(1.0)
    assert speed.value == 1
    speed.add(10.0)
    assert speed.value == 10
    speed.add(20.0)
    assert speed.value == pytest.approx(0.7 * 10 + 0.3 * 20)


def test_a_training_on_a_pipe_is_plain_lines() -> None:
    result = ganzoo("train", "vanilla", *TINY, "--steps", 9, "--log-every", 2, "--out", "run")
    assert (result.status, result.err) == (0, "")
    assert "\x1b" not in result.out
    records = [line for line in result.out.splitlines() if line.startswith("step ")]
    assert [record.split()[1] for record in records] == ["2/9", "9/9"]
    assert all(
        re.search(r"generator_loss [\d.]+ .*real_score [\d.]+ .*images/s .*left$", record)
        for record in records
    )
    for path in ("samples/00000009.png", "samples.gif", "curves.png", "checkpoints/00000009"):
        assert f"run/{path}" in result.out
        assert Path("run", path).exists()
    command = shlex.split(re.search(r"draw more +ganzoo (.*)", result.out)[1])
    assert ganzoo(*command).status == 0
    assert Path(command[-1]).exists()


def test_ctrl_c_keeps_the_run_and_says_how_to_go_on() -> None:
    process = spawn("train", "vanilla", *TINY, *FOREVER, "--out", "my run")
    assert process.stdout is not None
    assert any(line.startswith("step 10/") for line in process.stdout)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    kept = Path(re.search(r"  checkpoint  +(.*)", out)[1])
    assert (kept / "state.safetensors").is_file()
    assert kept.parent == Path("my run/checkpoints")
    assert json.loads(ganzoo("runs", ".", "--json").out)[0]["state"] == "stopped"
    command = re.search(r"go on with +ganzoo (.*)", out)[1]
    assert command == "train --resume 'my run'"
    result = ganzoo(*shlex.split(command), "--steps", int(kept.name) + 3)
    assert result.status == 0, result.err
    assert f"going on from step {int(kept.name):,}" in result.out


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for args in (["list"], ["list", "--json"], ["train", "--help"]):
        code = "from ganzoo.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *args], stdout=writing, stderr=subprocess.PIPE, text=True
        )
        assert (done.returncode, done.stderr) == (1, "")
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
def test_output_that_nobody_can_take_is_a_sentence() -> None:
    code = [sys.executable, "-c", "from ganzoo.cli import main; main()", "losses"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(code, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("ganzoo: error: what this prints cannot be written there")
        assert done.stderr.count("\n") == 1
        assert subprocess.run([*code, "--nothing"], stderr=full).returncode == 2


def test_streams_that_are_closed_are_nobodys() -> None:
    """And no file that is opened later is taken for one of them."""
    opened = "import os; print(os.open(os.devnull, os.O_RDONLY) > 2, file=open('opened', 'w'))"
    code = f"from ganzoo.cli import run, _open_streams; _open_streams(); {opened}; run(['losses'])"
    closed = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(code)} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", closed]).returncode == 0
    assert Path("opened").read_text() == "True\n"


@pytest.mark.parametrize("args", [["list"], ["train", "--help"], ["info", "vanilla"]])
def test_a_terminal_without_unicode(args: list[str], install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    process = spawn(*args, PYTHONIOENCODING="ascii", LC_ALL="C")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.isascii()


class Terminal:
    """A program on a terminal of 80 columns."""

    def __init__(self, *args: object) -> None:
        self.screen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
            os.execv(sys.executable, [sys.executable, "-m", "ganzoo", *map(str, args)])

    def wait_for(self, text: str, seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            if not self._read():
                pytest.fail(f"no '{text}' in: {self.screen}")

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def status(self) -> int:
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        if not select.select([self.descriptor], [], [], 300)[0]:
            return False
        try:
            read = os.read(self.descriptor, 65536)
        except OSError:  # it has ended
            return False
        self.screen += read.decode()
        return bool(read)

    @property
    def lines(self) -> list[str]:
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.screen))


def test_a_training_on_a_terminal_is_a_live_display() -> None:
    terminal = Terminal("train", "vanilla", *TINY, *FOREVER, "--out", "run")
    terminal.wait_for("D's score")
    terminal.type("\x03")
    assert terminal.status() == 130
    assert "\x1b[" in terminal.screen
    text = "\n".join(terminal.lines)
    for words in ("ring8", "images/s", "left", "real 0.", "stopping: a checkpoint is saved first"):
        assert words in text
    assert "go on with    ganzoo train --resume run" in text
    assert max(map(len, terminal.lines)) <= 80
    assert terminal.screen.rindex("\x1b[?25h") > terminal.screen.rindex("\x1b[?25l")  # the cursor


def test_an_error_on_a_terminal_is_red() -> None:
    terminal = Terminal("lst")
    assert terminal.status() == 2
    assert terminal.screen.startswith("\x1b[31m\x1b[1mganzoo: error:\x1b[0m there is no command")


def test_the_list_fits_80_columns(install: Callable[..., None]) -> None:
    install("toy", "raise RuntimeError('it does not work ' * 10)")
    terminal = Terminal("list")
    assert terminal.status() == 0
    assert max(map(len, terminal.lines)) <= 80
    assert "\x1b[31mbroken" in terminal.screen
    assert any(re.match(r"vanilla +2014  Generative", line) for line in terminal.lines)


def test_a_small_data_set_gets_batches_that_it_can_fill() -> None:
    *data, _, _ = write_images(Path("images"))  # without its --batch-size
    result = ganzoo("train", "vanilla", *data, "--steps", 1, "--out", "run")
    assert result.status == 0, result.err
    assert settings(Path("run"))["batch_size"] == 11
