"""`ganzoo new`: what it refuses, what it writes, and that what it writes works from wheels."""

import json
import keyword
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from helpers.cli import ganzoo, tree
from helpers.places import ROOT
from helpers.plugins.wheels import Environment, build_wheels, pip, separate_environment
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from ganzoo import GanzooError
from ganzoo.plugins.scaffold import TEMPLATES, check_name, class_name, module_name, write_plugin

NAMES = {"variant": "try-gan", "dataset": "try-set", "loss": "try-loss"}

LIST_ALL = """
from ganzoo.cli import run
run(["list", "--json"])
print("---")
run(["datasets", "--json"])
print("---")
run(["losses", "--json"])
"""


def expected_files(kind: str, name: str) -> set[str]:
    word = name.replace("-", "_")
    module = f"ganzoo_{word}"
    return {
        ".gitignore",
        "README.md",
        "pyproject.toml",
        f"{module}/__init__.py",
        *([f"{module}/claims.toml"] if kind == "variant" else []),
        f"{module}/py.typed",
        f"{module}/{kind}.py",
        f"tests/test_{word}.py",
    }


def files(project: Path) -> set[str]:
    return {str(f.relative_to(project)) for f in project.rglob("*") if f.is_file()}


# ------------------------------------------------------------------------------------------ names


@given(st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4}){0,2}", fullmatch=True))
def test_a_valid_name_is_a_name_everywhere(name: str) -> None:
    check_name(name)
    assert module_name(name).isidentifier()
    assert class_name(name).isidentifier()
    assert not keyword.iskeyword(class_name(name))
    assert "GAN" in class_name(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lsgan", "LsGAN"),
        ("infogan", "InfoGAN"),
        ("wgan-lp", "WGANLp"),
        ("stylegan2", "StyleGAN2"),
        ("r3gan", "R3GAN"),
        ("vae", "VaeGAN"),
        ("none", "NoneGAN"),
        ("variant", "VariantGAN"),
        ("gan", "GAN"),
    ],
)
def test_class_names(name: str, expected: str) -> None:
    assert class_name(name) == expected


@pytest.mark.parametrize(
    "name",
    ["", "LSGAN", "2gan", "-gan", "gan-", "a--b", "a_b", "a b", "a.b", "gän", "../x", "a/b", "a\n"],
)
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="begin with a lower-case letter"):
        write_plugin("variant", name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("variant", "dcgan", "as ganzoo-dcgan .* offers it"),
        ("variant", "wgan-gp", "as ganzoo-wgan .* offers it"),
        ("dataset", "glyphs", "as ganzoo-core .* offers it"),
        ("loss", "hinge", "as ganzoo-core .* offers it"),
        ("variant", "core", "in place of ganzoo-core"),
        ("loss", "dcgan", "in place of ganzoo-dcgan"),
    ],
)
def test_a_name_that_is_taken_is_refused(kind: str, name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match=f"'{name}' would be .*{reason}.*: choose another name"):
        write_plugin(kind, name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_name_of_another_kind_is_free(tmp_path: Path) -> None:
    assert write_plugin("variant", "hinge", tmp_path).is_dir()


# ----------------------------------------------------------------------------------- the template


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("end", ["", "-of-everything", "gan"])
def test_nothing_of_the_neutral_name_is_left(kind: str, end: str, tmp_path: Path) -> None:
    name = f"novel{end}"
    project = write_plugin(kind, name, tmp_path)
    assert project == tmp_path / f"ganzoo-{name}"
    for path, content in tree(project).items():
        for text in (path, content.decode()):
            assert TEMPLATES[kind] not in text.lower(), path


def test_a_name_may_contain_the_neutral_one(tmp_path: Path) -> None:
    project = write_plugin("variant", "mygan-2", tmp_path)
    assert (project / "ganzoo_mygan_2" / "variant.py").is_file()
    assert (
        'target="ganzoo_mygan_2.variant:MyGAN2"'
        in (project / "ganzoo_mygan_2" / "__init__.py").read_text()
    )


@pytest.mark.parametrize("kind", TEMPLATES)
def test_it_depends_on_this_core(kind: str, tmp_path: Path) -> None:
    project = tomllib.loads((write_plugin(kind, "new", tmp_path) / "pyproject.toml").read_text())
    (dependency,) = map(Requirement, project["project"]["dependencies"])
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert dependency.name == core["name"]
    assert core["version"] in dependency.specifier
    assert project["project"]["requires-python"] == core["requires-python"]


@pytest.mark.parametrize("name", ["a", "conditional-wgan-gp"])
def test_what_is_written_is_tidy(name: str, tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    for kind in TEMPLATES:
        write_plugin(kind, f"{name}-{kind[0]}", tmp_path)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", "pyproject.toml", "--no-cache"]
        done = subprocess.run([*ruff, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


# -------------------------------------------------------------------------------- all or nothing


def test_what_exists_is_left_alone(tmp_path: Path) -> None:
    project = tmp_path / "ganzoo-novel"
    project.mkdir()
    (project / "thesis.tex").write_text("years of work")
    with pytest.raises(GanzooError, match="ganzoo-novel' exists: remove it, or choose"):
        write_plugin("variant", "novel", tmp_path)
    assert tree(tmp_path) == {
        "ganzoo-novel": b"",
        "ganzoo-novel/thesis.tex": b"years of work",
    }


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "ganzoo-novel").mkdir()
    project = write_plugin("variant", "novel", tmp_path)
    assert (project / "ganzoo_novel" / "variant.py").is_file()


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ganzoo-novel").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GanzooError, match="exists"):
        write_plugin("variant", "novel", tmp_path)
    assert (tmp_path / "ganzoo-novel").is_symlink()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def fails_in_the_end(path: Path, *args: object, **more: object) -> int:
        if path.name.startswith("test_"):
            raise OSError(28, "No space left on device")
        return write(path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", fails_in_the_end)
    with pytest.raises(GanzooError, match=r"cannot be written \(No space left on device\)"):
        write_plugin("variant", "novel", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = ganzoo("new", "novel", "--dir", tmp_path / "file")
    assert (result.status, result.out) == (2, "")
    assert "cannot be written" in result.err
    assert "choose another --dir" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert ganzoo("new", "novel", "--dir", tmp_path / "deep" / "down").status == 0
    assert (tmp_path / "deep" / "down" / "ganzoo-novel" / "pyproject.toml").is_file()


# ------------------------------------------------------------------------------------ the command


def test_what_it_prints_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my work").mkdir()
    result = ganzoo("new", "ganzoo-try-set", "--kind", "dataset", "--dir", "my work")
    assert result.status == 0, result.err
    project = Path("my work", "ganzoo-try-set")
    expected = expected_files("dataset", "try-set")
    assert files(project) == expected
    lines = [shlex.split(line) for line in result.out.splitlines()]
    assert ["pip", "install", "-e", str(project)] in lines
    assert ["ganzoo", "check", "try-set"] in lines
    assert ["ganzoo", "train", "dcgan", "--dataset", "try-set"] in lines
    assert ["python", "-m", "pytest", str(project)] in lines
    assert f"begin with {project}/ganzoo_try_set/dataset.py" in result.out
    for file in expected:
        assert [file] in lines


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    result = ganzoo("new", "novel", "--kind", "metric", "--dir", tmp_path)
    assert result.status == 2
    assert "--kind must be one of variant, dataset, loss, not metric" in result.err
    assert not list(tmp_path.iterdir())


def test_it_needs_no_torch() -> None:
    code = "import sys, ganzoo.cli.commands.new; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------------------------ from wheels


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the installed command writes a plugin of each kind."""
    return tmp_path_factory.mktemp("projects")


@pytest.fixture(scope="module")
def env(projects: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The core and vanilla from wheels, and beside them what `ganzoo new` wrote there."""
    pytest.importorskip("pip", reason="wheels are built and installed by pip")
    pytest.importorskip("hatchling", reason="wheels are built by hatchling")
    out = tmp_path_factory.mktemp("wheels")
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    pip("wheel", *offline, "--wheel-dir", str(out), str(ROOT), str(ROOT / "plugins" / "vanilla"))
    env = separate_environment(tmp_path_factory.mktemp("separate") / "env")
    env.install(*out.glob("*.whl"))
    for kind, name in NAMES.items():
        run(env, projects, "new", name, "--kind", kind)
    folders = [projects / f"ganzoo-{name}" for name in NAMES.values()]
    env.install(*build_wheels(folders, out))
    return env


def run(env: Environment, cwd: Path, *arguments: str) -> str:
    """What ``ganzoo ARGUMENTS`` prints in the environment, where it must succeed."""
    done = env.run("-m", "ganzoo", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_wheel_of_the_core_holds_the_templates(
    kind: str, env: Environment, tmp_path: Path
) -> None:
    """All of them, and none of what Python has compiled in their folders since."""
    run(env, tmp_path, "new", "another-one", "--kind", kind)
    assert files(tmp_path / "ganzoo-another-one") == expected_files(kind, "another-one")


def test_each_is_listed(env: Environment, projects: Path) -> None:
    done = env.run("-c", LIST_ALL, cwd=projects)
    assert done.returncode == 0, done.stderr
    for name, output in zip(NAMES.values(), done.stdout.split("---"), strict=True):
        (row,) = [row for row in json.loads(output) if row["name"] == name]
        assert (row["plugin"], row["version"]) == (f"ganzoo-{name}", "0.1.0")
        assert (row["status"], row["error"]) == ("ok", "")


def test_their_own_tests_pass(env: Environment, projects: Path) -> None:
    """Each holds one line of the kit, so that they conform is tested too."""
    folders = [f"ganzoo-{name}" for name in NAMES.values()]
    done = env.run("-m", "pytest", "-p", "no:cacheprovider", *folders, cwd=projects)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("try-gan", "--dataset", "glyphs"),
        ("vanilla", "--dataset", "try-set", "--loss", "try-loss"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_they_train(
    arguments: tuple[str, ...], env: Environment, projects: Path, tmp_path: Path
) -> None:
    run(env, projects, "train", *arguments, "--steps", "5", "--out", str(tmp_path / "run"))
    records = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    last = json.loads(records[-1])
    assert last["step"] == 5
    assert {"generator_loss", "discriminator_loss", "real_score", "fake_score"} <= last.keys()


def test_an_installed_one_is_not_written_again(env: Environment, projects: Path) -> None:
    done = env.run("-m", "ganzoo", "new", "try-gan", "--dir", "other", cwd=projects)
    assert done.returncode == 2
    assert "as ganzoo-try-gan 0.1.0 offers it" in done.stderr


def test_an_editable_install_follows_its_source(env: Environment, projects: Path) -> None:
    """The command that is printed, without the index."""
    pytest.importorskip("editables", reason="hatchling makes editable installs with it")
    project = projects / "ganzoo-try-gan"
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    pip("install", *offline, "-e", str(project), python=env.python)
    init = project / "ganzoo_try_gan" / "__init__.py"
    init.write_text(init.read_text().replace("year=2014", "year=1914"))
    rows = json.loads(run(env, projects, "list", "--json"))
    assert [row["year"] for row in rows if row["name"] == "try-gan"] == [1914]
