"""plugins/README.md is true: its tutorial runs, and its reference leaves nothing out."""

import ast
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers.plugins.wheels import layered_environment

import ganzoo
from ganzoo import abilities
from ganzoo.claims.claim import Claim
from ganzoo.data.kinds import kinds
from ganzoo.losses import Scores
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.score import ScoreKind
from ganzoo.plugins.discovery import HOOKS
from ganzoo.spec import DatasetSpec, DataSpec, EvaluatorSpec, Field, LossSpec, Need, VariantSpec

PAGE = Path(__file__).parent.parent / "plugins" / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEFORE, REST = TEXT.split("## Three harder games\n")
HARDER, _, AFTER = REST.partition("\n## ")
TABLES: list[tuple[str, str]] = re.findall(
    r"^\| `(\w+)` \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE
)
"""The first header of each table of the reference, and its rows."""


def blocks(text: str) -> list[tuple[str, str]]:
    """The kind and the content of each fenced block, but of those without a kind."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def merged(old: str, new: str) -> str:
    """A Python file after a block: imports join the others, functions replace or follow them."""
    inside = new.startswith("    ")
    added = ast.parse(textwrap.dedent(new)).body
    new_lines, lines = new.splitlines(), old.splitlines()
    for node in added:
        text = new_lines[first_line(node) - 1 : node.end_lineno]
        body = ast.parse("\n".join(lines)).body
        if inside:
            assert isinstance(body[-1], ast.ClassDef)
            body = body[-1].body
        if isinstance(node, ast.ImportFrom):
            first = next(one for one in body if isinstance(one, ast.Import | ast.ImportFrom))
            lines[first.lineno - 1 : first.lineno - 1] = text
            continue
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        same = [one for one in body if type(one) is type(node) and one.name == node.name]
        if same:
            lines[first_line(same[0]) - 1 : same[0].end_lineno] = text
        else:
            lines += [*[""] * (1 if inside else 2), *text]
    return "\n".join(lines) + "\n"


def apply(block: str, project: Path) -> None:
    """Write the file that a block's first line names, or change it."""
    first, _, content = block.partition("\n")
    path = project / first.removeprefix("# ")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(merged(path.read_text(), content) if path.exists() else content)


PLAY = """
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import VariantSpec
from ganzoo.testing.variants.subject import VariantSubject, examples
from ganzoo_r1gan import answers

plugin = registry().variant("r1gan").plugin
dataset = VariantSubject(registry().variant("r1gan")).dataset
for name in sys.argv[1:]:
    spec = VariantSpec("answer", f"ganzoo_r1gan.answers:{name}", name, 2018)
    subject = VariantSubject(Registered(spec, plugin))
    subject.dataset = dataset
    engine = subject.engine()
    before = [parameter.clone() for parameter in engine.variant.parameters()]
    engine.step()
    after = engine.variant.parameters()
    assert not all(map(torch.equal, before, after)), f"{name} learns nothing"
    with engine.averaged() as variant:
        shown = variant.gallery(examples(variant, subject.dataset, 2))
    assert shown.shape == (100, 1, 28, 28), name
    assert (name == "Centred") == hasattr(engine.variant, "mean")
    assert name != "Centred" or engine.variant.mean != 0
    assert name != "Traversed" or not torch.equal(shown[0], shown[9])
"""


def expected(pattern: str, output: str) -> bool:
    """Whether a line of the output is like this one, in which … stands for anything."""
    return re.search(".*".join(map(re.escape, pattern.split("…"))), output) is not None


def test_merging_is_what_a_reader_would_do() -> None:
    old = '"""Doc."""\n\nimport os\n\n\n@a\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n'
    new = "from x import y\n\n\n@b\ndef f():\n    return 3\n\n\ndef h():\n    return 4\n"
    assert merged(old, new) == (
        '"""Doc."""\n\nfrom x import y\nimport os\n\n\n@b\ndef f():\n    return 3\n\n\n'
        "def g():\n    return 2\n\n\ndef h():\n    return 4\n"
    )
    old = "class A:\n    def f(self):\n        return 1\n"
    new = "    def g(self):\n        return 2\n\n    def f(self):\n        return 3\n"
    assert merged(old, new) == (
        "class A:\n    def f(self):\n        return 3\n\n    def g(self):\n        return 2\n"
    )


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """The variables of an environment with ganzoo and pip in it, and without network."""
    pytest.importorskip("pip", reason="wheels are built and installed by pip")
    pytest.importorskip("hatchling", reason="wheels are built by hatchling")
    pytest.importorskip("editables", reason="hatchling needs it for pip install -e")
    env = layered_environment(tmp_path / "env")
    folder = env.python.parent
    own, ours = shlex.quote(str(env.python)), shlex.quote(sys.executable)
    command = folder / "ganzoo"
    command.write_text(f'#!/bin/sh\nexec {own} -m ganzoo "$@"\n')
    command.chmod(0o755)
    pip = folder / "pip"  # for an interpreter that has none of its own
    pip.write_text(f'#!/bin/sh\nexec {ours} -m pip --python {own} "$@"\n')
    pip.chmod(0o755)
    return os.environ | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which means: without isolation
        "GANZOO_CACHE": str(tmp_path / "cache"),
    }


def follow(text: str, folder: Path, variables: dict[str, str]) -> None:
    """Write every file, run every command, and look for what is said to come of it."""
    output = ""
    for kind, block in blocks(text):
        if kind in ("toml", "python"):
            apply(block, folder)
        elif kind == "sh":
            done = subprocess.run(
                [shutil.which("bash") or "bash", "-e", "-c", block],
                cwd=folder,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            output = done.stdout
            assert done.returncode == 0, f"{block}\n{output}"
        else:
            assert kind == "text"
            for line in block.splitlines():
                assert expected(line, output), f"{line!r} is not in\n{output}"


def test_the_tutorial_runs_from_nothing_to_a_wheel(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    project = tmp_path / "ganzoo-r1gan"
    project.mkdir()
    follow(BEFORE + AFTER, project, programs)
    answers = re.findall(r"^class (\w+)\((?:R1GAN|Adversarial)\)", TEXT, re.MULTILINE)
    assert len(answers) == 4
    code = f"import sys\nimport torch\n{PLAY}"
    subprocess.run(["python", "-c", code, *answers], cwd=project, env=programs, check=True)


def test_the_harder_games_are_written_checked_and_played(
    tmp_path: Path, programs: dict[str, str]
) -> None:
    follow(HARDER, tmp_path, programs)


def tables() -> dict[str, list[str]]:
    """The names in the first column of each table of the reference, by its first header."""
    columns = {header: [row.split("|")[1] for row in rows.splitlines()] for header, rows in TABLES}
    return {
        header: [name for cell in column for name in re.findall(r"`(\w+)", cell)]
        for header, column in columns.items()
    }


@pytest.mark.parametrize(
    "cls",
    [
        *(VariantSpec, DatasetSpec, LossSpec, EvaluatorSpec, Need, Field),
        *(ganzoo.Player, ganzoo.Phase, ganzoo.Stage, ganzoo.Upkeep, ganzoo.Average, ganzoo.Gallery),
        *(ganzoo.DataRequest, ganzoo.Dataset, ganzoo.Truth, ganzoo.AdversarialLoss, Scores),
        *(ScoreKind, abilities.Direction, abilities.Control),
    ],
    ids=lambda cls: cls.__name__,
)
def test_the_reference_has_every_field(cls: type) -> None:
    assert tables()[cls.__name__] == [field.name for field in dataclasses.fields(cls)]


@pytest.mark.parametrize(
    "cls",
    [
        *(VariantSpec, DatasetSpec, LossSpec, EvaluatorSpec, Need, Field),
        *(ganzoo.Stage, ganzoo.Upkeep, ganzoo.Average, ganzoo.Truth, ganzoo.Gallery),
        *(ScoreKind, Scores, abilities.Control),
    ],
    ids=lambda cls: cls.__name__,
)
def test_the_reference_has_every_default(cls: type) -> None:
    table = dict(TABLES)[cls.__name__]
    for field, row in zip(dataclasses.fields(cls), table.splitlines(), strict=True):
        shown = row.split("|")[2].strip().strip("`")
        if field.default is dataclasses.MISSING:
            assert shown == ""
        else:
            assert eval(shown, {"Need": Need}) == field.default


def test_the_reference_has_all_that_a_batch_and_the_data_have() -> None:
    fields = {field.name for field in dataclasses.fields(DataSpec)}
    told = {name for name, value in vars(DataSpec).items() if isinstance(value, property)}
    assert set(tables()["DataSpec"]) == fields | told
    fields = {field.name for field in dataclasses.fields(ganzoo.Batch)}
    assert set(tables()["Batch"]) == fields | {"image", "label", "len"}
    fields = {field.name for field in dataclasses.fields(ganzoo.Progress)}
    assert set(tables()["Progress"]) == fields | {"share"}


def test_the_reference_has_all_that_a_dataset_can_do() -> None:
    own = {name for name in vars(ganzoo.Dataset) if not name.startswith("_")}
    fields = {field.name for field in dataclasses.fields(ganzoo.Dataset)}
    section = TEXT.split("\n`Dataset.images(")[1].split("\n| `Truth` |")[0]
    told = {"images", *re.findall(r"`(?:Dataset\.)?(\w+)", section)}
    assert own - fields <= told


@pytest.mark.parametrize(
    "name", ["Classifier", "Translator", "Encoder", "Restorer", "Enlarger", "OfImages"]
)
def test_the_reference_has_all_that_an_ability_has(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}`[^|]*\|(.*)", TEXT, re.MULTILINE)
    own = {each for each in vars(getattr(abilities, name)) if not each.startswith("_")}
    assert set(re.findall(r"`(\w+)[(`]", row)) - {"missing"} == own
    assert abilities.ABILITIES.keys() - {"sampler"} == {
        each.lower() for each in ("Classifier", "Translator", "Encoder", "Restorer", "Enlarger")
    }


def test_the_reference_has_all_that_an_evaluator_can_say() -> None:
    own = {name for name in vars(Evaluator) if not name.startswith("_")}
    assert set(tables()["Evaluator"]) == own


def test_the_reference_has_every_kind_of_data() -> None:
    rows = TEXT.split("| kind | in a `Dataset` |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)) == {*kinds()}


def test_the_reference_has_all_that_a_variant_can_say() -> None:
    own = {name for name in vars(ganzoo.Variant) if not name.startswith("_")} - {"train"}  # torch's
    annotated = set(ganzoo.Variant.__annotations__)
    assert set(tables()["Variant"]) == own | annotated | {"__init__"}


def test_the_reference_has_every_hook() -> None:
    section = TEXT.split("### Hooks")[1].split("###")[0]
    assert set(re.findall(r"^\| `(ganzoo_\w+)`", section, re.MULTILINE)) == set(HOOKS)


def test_every_public_name_is_documented() -> None:
    missing = [name for name in ganzoo.__all__ if not re.search(rf"\b{name}\b", TEXT)]
    assert missing == []


def test_the_reference_has_every_key_of_a_claim() -> None:
    rows = TEXT.split("| `[[claim]]` |")[1].split("\n\n")[0]
    keys = re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)
    assert {*keys} == {field.name for field in dataclasses.fields(Claim)} | {"long"}
