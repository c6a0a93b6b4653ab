"""What a run remembers of its plugins, and what becomes of it when they change."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import TINY, ganzoo

from ganzoo.plugins.registry import registry

INIT = """
from ganzoo import DatasetSpec, LossSpec, hookimpl

@hookimpl
def ganzoo_register_datasets():
    return [DatasetSpec("dots", "{module}.variant:load", "random dots", "2")]

@hookimpl
def ganzoo_register_losses():
    return [LossSpec("mild", "{module}.variant:mild", "half of the others")]
"""

TARGETS = """
import torch
from ganzoo import Dataset
from ganzoo.losses import hinge as mild

def load(request):
    generator = torch.Generator().manual_seed(len(request.split))
    return Dataset.of("dots", torch.randn(64, 2, generator=generator))
"""


@pytest.fixture
def toys(
    install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Install a plugin of a data set and a loss, ``ganzoo-NAME 3.2.1``."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANZOO_DISABLE", raising=False)
    monkeypatch.chdir(tmp_path)

    def place(name: str) -> None:
        install(name, INIT.format(module=f"ganzoo_{name}"), TARGETS)

    place("toya")
    return place


def settings(run: str) -> Any:
    return json.loads(Path(run, "run.json").read_text())


def train(*args: object, dataset: str = "dots", loss: str = "mild") -> str:
    """A run of a third-party data set and loss; returns what was said."""
    flags = ("--dataset", dataset, "--loss", loss, *TINY[2:], "--steps", 2, "--out", "run")
    result = ganzoo("train", "vanilla", *flags, *args)
    assert result.status == 0, result.err
    return result.out + result.err


def resume(steps: int) -> str:
    result = ganzoo("train", "--resume", "run", "--steps", steps)
    assert result.status == 0, result.err
    assert settings("run")["training"]["steps"] == steps
    return result.out + result.err


def upgrade(tmp_path: Path, name: str) -> None:
    """Have another version of an installed plugin."""
    (file,) = (tmp_path / "site").glob(f"ganzoo_{name}-*/METADATA")
    file.write_text(file.read_text().replace("Version: 3.2.1", "Version: 4.0"))
    registry.cache_clear()


def versions(*names: str) -> dict[str, str]:
    return {plugin.dist: plugin.version for plugin in registry().plugins if plugin.dist in names}


@pytest.mark.parametrize("prefix", ["", "ganzoo-toya:"])
def test_a_run_names_all_plugins_that_were_loaded_for_it(
    toys: Callable[[str], None], prefix: str
) -> None:
    train(dataset=f"{prefix}dots", loss=f"{prefix}mild")
    assert settings("run")["plugins"] == {
        **versions("ganzoo-vanilla"),
        "ganzoo-toya": "3.2.1",
    }
    assert "was started with" not in resume(3)


def test_a_run_with_the_cores_data_names_the_core_alone_beside_its_variant(
    toys: Callable[[str], None],
) -> None:
    train(dataset="ring8", loss="hinge")
    assert settings("run")["plugins"] == versions("ganzoo-vanilla", "ganzoo-core")


def test_a_run_goes_on_with_its_own_plugin_when_another_offers_the_same(
    toys: Callable[[str], None],
) -> None:
    train()
    toys("toyb")
    assert "was started with" not in resume(3)
    assert "ganzoo_toyb.variant" not in sys.modules
    assert ganzoo("train", "vanilla", "--dataset", "dots").status == 2  # which of them?


def test_samples_and_scores_are_those_of_its_own_plugin(toys: Callable[[str], None]) -> None:
    train()
    toys("toyb")
    for args in (["sample", "run", "--n", 2, "--out", "points.npz"], ["evaluate", "run"]):
        result = ganzoo(*args, "--device", "cpu")
        assert "each offer" not in result.err
        assert "ganzoo_toya.variant" in sys.modules
        assert "ganzoo_toyb.variant" not in sys.modules


def test_a_run_that_goes_on_with_another_version_says_so_in_a_line(
    toys: Callable[[str], None], tmp_path: Path
) -> None:
    train()
    upgrade(tmp_path, "toya")
    said = resume(3)
    assert "the run was started with ganzoo-toya 3.2.1 and goes on with ganzoo-toya 4.0\n" in said
    assert settings("run")["plugins"]["ganzoo-toya"] == "3.2.1"  # as it was started


def test_a_run_whose_plugin_is_gone_says_what_is_missing_and_stays_as_it_is(
    toys: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    train()
    before = Path("run", "run.json").read_bytes()
    monkeypatch.setenv("GANZOO_DISABLE", "ganzoo-toya")
    registry.cache_clear()
    result = ganzoo("train", "--resume", "run", "--steps", 3)
    assert result.status == 2
    assert "there is no data set 'dots'" in result.err
    assert "(not in use: ganzoo-toya 3.2.1, see `ganzoo plugins`)" in result.err
    assert Path("run", "run.json").read_bytes() == before


def test_a_run_from_before_plugins_were_noted_goes_on(toys: Callable[[str], None]) -> None:
    train()
    old = settings("run")
    del old["plugins"]
    Path("run", "run.json").write_text(json.dumps(old))
    assert "was started with" not in resume(3)


@pytest.mark.parametrize("value", [3, "dcgan", None])
def test_a_damaged_list_of_plugins_is_a_damaged_run(
    toys: Callable[[str], None], value: object
) -> None:
    train()
    Path("run", "run.json").write_text(json.dumps(settings("run") | {"plugins": value}))
    result = ganzoo("train", "--resume", "run", "--steps", 3)
    assert result.status == 2
    assert "run.json is damaged" in result.err
