"""This repository's distributions, as wheels in an environment with nothing else of them."""

import ast
import json
import re
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from helpers.places import ROOT
from helpers.plugins.wheels import Environment, pip, separate_environment

pytest.importorskip("pip", reason="wheels are built and installed by pip")
pytest.importorskip("hatchling", reason="wheels are built by hatchling")

VARIANTS = {
    "ganzoo-vanilla": ["vanilla"],
    "ganzoo-dcgan": ["dcgan"],
    "ganzoo-wgan": ["wgan", "wgan-gp"],
    "ganzoo-cgan": ["cgan"],
    "ganzoo-sgan": ["sgan"],
    "ganzoo-cyclegan": ["cyclegan"],
    "ganzoo-pix2pix": ["pix2pix"],
    "ganzoo-cut": ["cut", "fastcut"],
    "ganzoo-srgan": ["srgan", "esrgan"],
    "ganzoo-stargan": ["stargan"],
    "ganzoo-inpainting": ["context-encoder"],
    "ganzoo-cogan": ["cogan"],
    "ganzoo-discogan": ["discogan"],
    "ganzoo-dualgan": ["dualgan"],
    "ganzoo-unit": ["unit"],
    "ganzoo-infogan": ["infogan"],
    "ganzoo-r3gan": ["r3gan", "r3gan-cond"],
    "ganzoo-fastgan": ["fastgan"],
    "ganzoo-sngan": ["sngan", "projgan", "acgan", "sagan", "biggan"],
    "ganzoo-stylegan": ["progan", "stylegan2"],
    "ganzoo-augmentations": [],
    "ganzoo-features": [],
    "ganzoo-losses": [],
    "ganzoo-regularisers": [],
}

USE_ALL = """
import json
from ganzoo.cli import run
from ganzoo.plugins.registry import registry
rows = registry().variants()
for row in rows:
    assert run(["info", row.spec.name, "--json"]) == 0, row.spec.name
print(json.dumps([[row.spec.name, row.plugin.dist, row.status] for row in rows]))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    projects = [ROOT / "plugins" / dist.removeprefix("ganzoo-") for dist in VARIANTS]
    out = tmp_path_factory.mktemp("wheels")
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    pip("wheel", *offline, "--wheel-dir", str(out), str(ROOT), *map(str, projects))
    names = ["ganzoo-core", *VARIANTS]
    return {name: next(out.glob(f"{name.replace('-', '_')}-*.whl")) for name in names}


@pytest.fixture(scope="module")
def env(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = separate_environment(tmp_path_factory.mktemp("separate") / "env")
    env.install(*wheels.values())
    return env


def usable(env: Environment, cwd: Path) -> list[list[str]]:
    """Name, distribution and status of each variant, all of which `ganzoo info` can describe."""
    done = env.run("-c", USE_ALL, cwd=cwd)
    assert done.returncode == 0, done.stderr
    rows: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return rows


def expected(*missing: str) -> list[list[str]]:
    return sorted(
        [name, dist, "ok"]
        for dist, names in VARIANTS.items()
        for name in names
        if dist not in missing
    )


def test_each_variant_comes_from_its_distribution(env: Environment, tmp_path: Path) -> None:
    assert usable(env, tmp_path) == expected()


SEE = """
import socket, time
socket.socket.connect = socket.create_connection = None
import ganzoo_features.photos, torch
from ganzoo import Dataset
from ganzoo.metrics.features.make import make_extractor
images = torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8)
begun = time.process_time()
photos = Dataset.images("photos", images)
extractor = make_extractor("auto", photos, None, torch.device("cpu"), print)
assert time.process_time() - begun < 1
print(extractor.name, tuple(extractor(images).hidden.shape))
"""


def test_the_weights_come_with_their_distribution(
    env: Environment, wheels: dict[str, Path], tmp_path: Path
) -> None:
    with ZipFile(wheels["ganzoo-features"]) as wheel:
        assert wheel.getinfo("ganzoo_features/photos.safetensors").file_size <= 4_000_000
        assert not [name for name in wheel.namelist() if "recipe" in name or "tests" in name]
    done = env.run("-c", SEE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"photos [0-9a-f]{12} of ganzoo-features \(3, 320\)\n", done.stdout)


def needed(by: str) -> set[str]:
    """The distributions that one says to need."""
    file = ROOT / "plugins" / by.removeprefix("ganzoo-") / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    return {re.split(r"[^\w-]", text)[0] for text in project["dependencies"]}


def offers_to_others(dist: str) -> bool:
    """Whether others may come to need it: they say so, or it offers parts of variants by name."""
    return not VARIANTS[dist] or any(dist in needed(other) for other in VARIANTS)


@pytest.mark.parametrize("dist", ["ganzoo-vanilla", *filter(offers_to_others, VARIANTS)])
def test_uninstalling_one_leaves_the_others_working(
    env: Environment, wheels: dict[str, Path], tmp_path: Path, dist: str
) -> None:
    broken = [other for other in VARIANTS if dist in needed(other)]
    for gone in (dist, *broken):
        env.uninstall(gone)
    try:
        assert usable(env, tmp_path) == expected(dist, *broken)
    finally:
        env.install(wheels[dist], *(wheels[other] for other in broken))


@pytest.mark.parametrize("dist", VARIANTS)
def test_one_imports_none_that_it_does_not_say_to_need(dist: str) -> None:
    """So that it works without the others, each of which only offers variants."""
    own = f"ganzoo_{dist.removeprefix('ganzoo-').replace('-', '_')}"
    imported = {
        name.split(".")[0]
        for file in (ROOT / "plugins" / dist.removeprefix("ganzoo-") / own).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in imported_by(node)
    }
    ours = {name.replace("_", "-") for name in imported if name.startswith("ganzoo_")}
    assert ours - {dist} <= needed(dist)


def imported_by(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [one.name for one in node.names] if isinstance(node, ast.Import) else []
