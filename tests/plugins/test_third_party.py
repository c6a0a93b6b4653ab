"""Plugins by strangers, built as wheels and installed: one works, the others must do no harm."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers.plugins.strangers import LOOSE, NONSENSE, SIX, TINY, init
from helpers.plugins.wheels import Environment, build_wheels, layered_environment, write_plugin

pytest.importorskip("pip", reason="wheels are built and installed by pip")
pytest.importorskip("hatchling", reason="wheels are built by hatchling")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel of each stranger's plugin, by distribution."""
    folder = tmp_path_factory.mktemp("projects")
    projects = [
        write_plugin(
            folder, "ganzoo-tiny", init("ganzoo-tiny", "tiny", "Tiny GANs"), TINY, version="2.5"
        ),
        write_plugin(folder, "ganzoo-torn", "import a_module_that_nobody_has", version="0.3"),
        write_plugin(
            folder, "ganzoo-rival", init("ganzoo-rival", "vanilla", "Vanilla again"), TINY
        ),
        write_plugin(
            folder, "ganzoo-future", init("ganzoo-future", "future", "GANs to come", ", api=99")
        ),
        write_plugin(
            folder,
            "ganzoo-heavy",
            "import torch\n" + init("ganzoo-heavy", "heavy", "Heavy GANs"),
            TINY,
        ),
        write_plugin(folder, "ganzoo-nonsense", NONSENSE),
        write_plugin(folder, "ganzoo-loose", init("ganzoo-loose", "loose", "Loose GANs"), LOOSE),
    ]
    built = build_wheels(projects, folder / "wheels")
    return {project.name: wheel for project, wheel in zip(projects, built, strict=True)}


@pytest.fixture(scope="session")
def env(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment where all of them are installed."""
    env = layered_environment(tmp_path_factory.mktemp("layered") / "env")
    env.install(*wheels.values())
    return env


def ganzoo(
    env: Environment, cwd: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line, by default without the plugin for which every command waits."""
    chosen = {"GANZOO_DISABLE": "heavy", "GANZOO_CACHE": str(env.root / "cache")} | variables
    return env.run("-m", "ganzoo", *arguments, cwd=cwd, **chosen)


def listed(env: Environment, cwd: Path, **variables: str) -> list[dict[str, Any]]:
    """The rows of ``ganzoo list --json``."""
    done = ganzoo(env, cwd, "list", "--json", **variables)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def row_of(rows: list[dict[str, Any]], plugin: str) -> dict[str, Any]:
    """The only row of a distribution."""
    (row,) = [row for row in rows if row["plugin"] == plugin]
    return row


def registered(env: Environment, cwd: Path) -> dict[str, list[str]]:
    """Entry point, version, status and error of each plugin, as the registry has them."""
    code = (
        "import json; from ganzoo.plugins.registry import registry; "
        "print(json.dumps({p.dist: [p.name, p.version, p.status, p.error] "
        "for p in registry().plugins}))"
    )
    done = env.run("-c", code, cwd=cwd, GANZOO_DISABLE="heavy")
    assert done.returncode == 0, done.stderr
    plugins: dict[str, list[str]] = json.loads(done.stdout)
    return plugins


def test_the_registry_of_the_environment_has_them_all(env: Environment, tmp_path: Path) -> None:
    plugins = registered(env, tmp_path)
    missing = "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"
    torn = f"{missing} (ganzoo_torn/__init__.py:1)"
    assert plugins["ganzoo-tiny"] == ["tiny", "2.5", "ok", ""]
    assert plugins["ganzoo-torn"] == ["torn", "0.3", "broken", torn]
    assert plugins["ganzoo-rival"] == ["rival", "1.0", "ok", ""]
    assert plugins["ganzoo-future"] == [
        "future",
        "1.0",
        "incompatible",
        "built for API 99, this is 2",
    ]
    assert plugins["ganzoo-core"][2] == plugins["ganzoo-vanilla"][2] == "ok"


def test_each_is_a_row_of_the_list(env: Environment, tmp_path: Path) -> None:
    rows = listed(env, tmp_path)
    assert row_of(rows, "ganzoo-tiny") == {
        "name": "tiny",
        "title": "Tiny GANs",
        "year": 2026,
        "needs": "images or points",
        "claims": None,
        "plugin": "ganzoo-tiny",
        "version": "2.5",
        "status": "ok",
        "error": "",
    }
    torn = row_of(rows, "ganzoo-torn")
    assert (torn["name"], torn["version"], torn["status"]) == ("torn", "0.3", "broken")
    assert "a_module_that_nobody_has" in torn["error"]
    future = row_of(rows, "ganzoo-future")
    assert (future["name"], future["status"]) == ("future", "incompatible")
    assert "built for API 99, this is 2" in future["error"]
    for plugin in ("ganzoo-rival", "ganzoo-vanilla"):
        assert row_of(rows, plugin)["name"] == "vanilla"
        assert row_of(rows, plugin)["status"] == "duplicate"


def test_each_is_a_row_of_the_table(env: Environment, tmp_path: Path) -> None:
    done = ganzoo(env, tmp_path, "list")
    assert done.returncode == 0, done.stderr
    for words in (
        ("tiny", "ganzoo-tiny", "2.5"),
        ("torn", "ganzoo-torn", "0.3", "broken"),
        ("vanilla", "ganzoo-rival", "duplicate"),
        ("vanilla", "ganzoo-vanilla", "duplicate"),
        ("future", "ganzoo-future", "incompatible"),
    ):
        lines = done.stdout.splitlines()
        assert any(all(word in line for word in words) for line in lines), (words, done.stdout)


def test_a_strangers_variant_and_ours_train_beside_the_broken_ones(
    env: Environment, tmp_path: Path
) -> None:
    code = (
        "from ganzoo.cli import run; "
        "print([run(['train', name, '--dataset', 'ring8', '--steps', '5', '--out', name]) "
        "for name in ('tiny', 'wgan')])"
    )
    done = env.run("-c", code, cwd=tmp_path)
    assert done.stdout.splitlines()[-1:] == ["[0, 0]"], done.stderr
    for name, dist in (("tiny", "ganzoo-tiny"), ("wgan", "ganzoo-wgan")):
        settings = json.loads((tmp_path / name / "run.json").read_text())
        assert (settings["variant"]["name"], settings["variant"]["plugin"]) == (name, dist)
        assert settings["plugins"].keys() == {dist, "ganzoo-core"}
        assert settings["plugins"][dist] == settings["variant"]["version"]
        assert settings["training"]["steps"] == 5
        assert list((tmp_path / name / "checkpoints").iterdir())


def test_the_list_shows_what_is_wrong_with_each_of_six(env: Environment, tmp_path: Path) -> None:
    rows = listed(env, tmp_path, GANZOO_DISABLE="")
    assert {row_of(rows, f"ganzoo-{name}")["status"] for name in SIX} == {*SIX.values()}
    for name, status in SIX.items():
        assert row_of(rows, f"ganzoo-{name}")["status"] == status, name
    sentences = {name: row_of(rows, f"ganzoo-{name}")["error"] for name in SIX}
    assert sentences["heavy"] == (
        "it imports torch, for which every command now waits; its author should import torch "
        "only in the module that the target names"
    )
    assert sentences["loose"] == (
        'Tiny.Config.lr is not made by ganzoo.option(): write option(DEFAULT, "what it is"), from '
        "which its flag is made; try `pip install --upgrade ganzoo-loose`, or remove it by "
        "`pip uninstall ganzoo-loose`"
    )
    assert sentences["nonsense"] == (
        "ganzoo_register_variants returned 'nonsense', not a list of VariantSpec; "
        "`pip uninstall ganzoo-nonsense` removes it"
    )
    well = {row["plugin"]: row for row in rows if row["plugin"].removeprefix("ganzoo-") not in SIX}
    assert well.pop("ganzoo-vanilla")["status"] == "duplicate"
    assert {"ganzoo-tiny", "ganzoo-dcgan", "ganzoo-wgan"} <= well.keys()
    assert {row["status"] for row in well.values()} == {"ok"}


def test_plugins_says_what_each_of_six_registers_and_what_to_do(
    env: Environment, tmp_path: Path
) -> None:
    done = ganzoo(env, tmp_path, "plugins", "--json", GANZOO_DISABLE="")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert row_of(rows, "ganzoo-tiny") == {
        "name": "tiny",
        "plugin": "ganzoo-tiny",
        "version": "2.5",
        "api": 2,
        "variants": ["tiny"],
        "datasets": [],
        "losses": [],
        "regularisers": [],
        "augmentations": [],
        "evaluators": [],
        "extractors": [],
        "loggers": [],
        "executors": [],
        "status": "ok",
        "error": "",
    }
    for name, status in SIX.items():
        assert row_of(rows, f"ganzoo-{name}")["status"] == status, name
    assert row_of(rows, "ganzoo-core")["status"] == "ok"
    assert "hinge" in row_of(rows, "ganzoo-core")["losses"]
    future, torn = row_of(rows, "ganzoo-future"), row_of(rows, "ganzoo-torn")
    assert (future["api"], future["variants"]) == (99, ["future"])
    assert (torn["api"], torn["variants"]) == (None, [])
    remedies = {
        "torn": "`pip uninstall ganzoo-torn` removes it",
        "heavy": "its author should import torch only in the module that the target names",
        "rival": "variant 'vanilla': also offered by ganzoo-vanilla",
        "future": "`pip install --upgrade ganzoo-core`",
        "nonsense": "`pip uninstall ganzoo-nonsense` removes it",
        "loose": "variant 'loose': Tiny.Config.lr is not made by ganzoo.option()",
    }
    for name, words in remedies.items():
        assert words in row_of(rows, f"ganzoo-{name}")["error"], name
    assert "type ganzoo-rival:vanilla for this one" in row_of(rows, "ganzoo-rival")["error"]


def test_plugins_as_a_table(env: Environment, tmp_path: Path) -> None:
    done = ganzoo(env, tmp_path, "plugins")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for words in (
        ("ganzoo-tiny 2.5", "2", "variant tiny", "ok"),
        ("ganzoo-wgan", "2", "variants wgan, wgan-gp", "ok"),
        ("ganzoo-future 1.0", "99", "variant future", "incompatible"),
        ("ganzoo-loose 1.0", "variant loose", "broken"),
        ("ganzoo-heavy 1.0", "disabled"),
        ("loose (ganzoo-loose 1.0): variant 'loose': Tiny.Config.lr", "pip uninstall"),
        ("vanilla (ganzoo-vanilla", "type ganzoo-vanilla:vanilla for this one"),
    ):
        assert any(all(word in line for word in words) for line in lines), (words, done.stdout)


def test_a_name_that_two_offer_needs_its_distribution(env: Environment, tmp_path: Path) -> None:
    done = ganzoo(env, tmp_path, "train", "vanilla", "--dataset", "ring8", "--out", "run")
    assert done.returncode == 2
    message = " ".join(done.stderr.split())
    assert "ganzoo-rival 1.0 and ganzoo-vanilla" in message
    assert "ganzoo-rival:vanilla or ganzoo-vanilla:vanilla" in message
    assert "Traceback" not in message
    assert not (tmp_path / "run").exists()


def test_a_run_of_a_name_that_two_offer_goes_on_with_its_own(
    env: Environment, tmp_path: Path
) -> None:
    name = "ganzoo-rival:vanilla"
    started = ("--dataset", "ring8", "--steps", "2", "--out", "run")
    for options in (started, ("--resume", "run", "--steps", "4")):
        done = ganzoo(env, tmp_path, "train", name, *options)
        assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "run" / "run.json").read_text())
    assert settings["variant"]["plugin"] == "ganzoo-rival"
    assert settings["training"]["steps"] == 4


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("torn", ("ganzoo-torn 0.3", "a_module_that_nobody_has", "pip uninstall ganzoo-torn")),
        ("future", ("ganzoo-future 1.0", "built for API 99, this is 2", "pip install --upgrade")),
    ],
)
def test_one_that_cannot_be_used_says_why(
    env: Environment, tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    done = ganzoo(env, tmp_path, "train", name, "--dataset", "ring8", "--out", "run")
    assert done.returncode == 2
    message = " ".join(done.stderr.split())
    for word in words:
        assert word in message
    assert "Traceback" not in message
    assert not (tmp_path / "run").exists()


def test_disabling_one_frees_the_name_for_the_other(env: Environment, tmp_path: Path) -> None:
    rows = listed(env, tmp_path, GANZOO_DISABLE="ganzoo-rival,torn,heavy")
    assert row_of(rows, "ganzoo-rival")["status"] == "disabled"
    assert row_of(rows, "ganzoo-torn")["status"] == "disabled"
    assert row_of(rows, "ganzoo-vanilla")["status"] == "ok"


def test_strict_mode_fails_with_one_sentence(env: Environment, tmp_path: Path) -> None:
    done = ganzoo(env, tmp_path, "list", GANZOO_STRICT_PLUGINS="1")
    assert done.returncode == 2
    message = " ".join(done.stderr.split())
    assert "ganzoo-future 1.0 is incompatible: built for API 99, this is 2" in message
    assert "Traceback" not in message


def test_the_remedy_works(wheels: dict[str, Path], tmp_path: Path) -> None:
    env = layered_environment(tmp_path / "env")
    env.install(wheels["ganzoo-torn"], wheels["ganzoo-tiny"])
    assert registered(env, tmp_path)["ganzoo-torn"][2] == "broken"
    env.uninstall("ganzoo-torn")
    plugins = registered(env, tmp_path)
    assert "ganzoo-torn" not in plugins
    assert plugins["ganzoo-tiny"][2] == "ok"


def test_what_was_seen_is_remembered_until_it_is_mended(env: Environment, tmp_path: Path) -> None:
    code = (
        "import sys; from ganzoo.cli import run; status = run(['list', '--json']); "
        "print('torch' in sys.modules, file=sys.stderr); sys.exit(status)"
    )

    def seen() -> tuple[str, bool]:
        """The status of the plugin that is edited, and whether torch was imported to know it."""
        cache = {"GANZOO_CACHE": str(env.root / "cache"), "GANZOO_DISABLE": "heavy"}
        done = env.run("-c", code, cwd=tmp_path, **cache)
        assert done.returncode == 0, done.stderr
        status = row_of(json.loads(done.stdout), "ganzoo-loose")["status"]
        return status, done.stderr.splitlines()[-1] == "True"

    (file,) = env.root.rglob("ganzoo_loose/variant.py")
    source = file.read_text()
    assert source == LOOSE
    listed(env, tmp_path)
    assert seen() == ("broken", False)
    file.write_text(TINY)
    try:
        assert seen() == ("ok", True)
        assert seen() == ("ok", False)
    finally:
        file.write_text(source)
