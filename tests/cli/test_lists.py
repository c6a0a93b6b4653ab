"""What can be looked at: lists, help, versions, `ganzoo info`, and what that imports."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.cli import ganzoo
from helpers.plugins.toy import TOY_INIT

from ganzoo.claims.shipped import summary
from ganzoo.cli import MODULES, find_command
from ganzoo.plugins.registry import registry

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--help"],
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
    code = (
        "import sys; from ganzoo.cli import run; status = run(sys.argv[1:]);"
        "sys.exit('torch is imported' if 'torch' in sys.modules else status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) > 10


def test_listing_imports_nothing_that_only_help_or_training_needs() -> None:
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
    first, second = ganzoo("--version").out.splitlines()
    assert first == f"ganzoo {metadata.version('ganzoo-core')}"
    assert re.fullmatch(r"torch \S+, Python 3\.\S+; devices: ((cuda|mps), )*cpu", second)


@pytest.mark.parametrize(
    ("name", "said"), [("dcgan", "discriminator"), ("infogan", "trunk"), ("sngan", ""), ("cut", "")]
)
def test_info_says_where_penalties_on_slopes_meet_batch_norm(name: str, said: str) -> None:
    """It gave r1 as an example, and the training then warned of it."""
    words = f"With --regulariser: BatchNorm in the {said} has all"
    assert (words in ganzoo("info", name).out) is bool(said)
    note = json.loads(ganzoo("info", name, "--json").out)["of_slopes"]
    assert note.startswith(words.removeprefix("With --regulariser: ")) if said else not note


def test_info_shows_what_settings_are_with_each_preset() -> None:
    """They were empty in the table of the settings, and nowhere else."""
    shown = [line.split() for line in ganzoo("info", "r3gan").out.splitlines()]
    assert ["with", "--preset", "small", "cifar10", "ffhq-64", "ffhq-256"] in shown
    assert ["--gamma", "10", "0.05", "2", "150"] in shown
    assert ["--augment-p", "0.55", "0.3", "0.3"] in shown
    told = json.loads(ganzoo("info", "biggan", "--json").out)["presets"]["--preset"]
    assert [*told] == ["small", "cifar10"]
    assert told["small"]["--lr"] == 0.002
    for name in ("progan", "stylegan2", "sagan", "sngan"):
        assert json.loads(ganzoo("info", name, "--json").out)["presets"]["--preset"]["small"]
    assert json.loads(ganzoo("info", "dcgan", "--json").out)["presets"] == {}


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
