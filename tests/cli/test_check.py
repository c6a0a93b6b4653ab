"""``ganzoo check`` as a plugin's author sees it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.broken.losses import LOSS, LOSS_INIT
from helpers.cli import ganzoo
from PIL import Image

from ganzoo.data.files.wanted import parse_pixels
from ganzoo.plugins.discovery import KINDS
from ganzoo.plugins.registry import registry
from ganzoo.testing.datasets.subject import DatasetSubject
from ganzoo.testing.losses.checks import LOSS_CHECKS
from ganzoo.testing.variants.checks import VARIANT_CHECKS
from ganzoo.testing.variants.subject import VariantSubject

Install = Callable[..., None]

GOOD = "loss = AdversarialLoss(d_side, g_side)\n"
SUMMED = "loss = AdversarialLoss(d_side, lambda f, r: softplus(-f).sum())\n"

BOTH_INIT = """
from ganzoo import DatasetSpec, LossSpec, hookimpl

@hookimpl
def ganzoo_register_datasets():
    return [DatasetSpec("toy", "ganzoo_toy.variant:load", "nothing", "any size")]

@hookimpl
def ganzoo_register_losses():
    return [LossSpec("toy", "ganzoo_toy.variant:loss", "a loss")]
"""


def install_loss(install: Install, source: str, name: str = "toy") -> None:
    init = LOSS_INIT.format(spec=f"target='ganzoo_{name}.variant:loss'", extra="")
    install(name, init, LOSS + source)


def test_what_conforms(install: Install) -> None:
    install_loss(install, GOOD)
    result = ganzoo("check", "toy")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:2] == ["loss toy of ganzoo-toy 3.2.1", ""]
    assert lines[2].split(maxsplit=2) == [
        "ok",
        "registration",
        "The plugin registers without torch and without a word.",
    ]
    checks = LOSS_CHECKS.all
    assert [line.split(maxsplit=1)[0] for line in lines[2:-2]] == ["ok"] * len(checks)
    assert lines[-2:] == ["", f"{len(checks)} ok"]


def test_what_fails_is_followed_by_what_to_do(install: Install) -> None:
    install_loss(install, SUMMED)
    result = ganzoo("check", "toy")
    assert (result.status, result.err) == (1, "")
    lines = result.out.splitlines()
    failed = next(number for number, line in enumerate(lines) if "FAILED" in line)
    assert lines[failed].split(maxsplit=2) == [
        "FAILED",
        "mean",
        "Both sides are means over the batch: it twice over has the same loss.",
    ]
    assert lines[failed + 1].startswith(" " * 11 + "the generator's side is")
    assert lines[failed + 1].endswith("so that a learning rate suits every batch size")
    assert lines[-3].split(maxsplit=2) == ["not", "run", "until what failed succeeds: any-shape"]
    assert lines[-1] == f"{len(LOSS_CHECKS.all) - 2} ok, 1 failed, 1 not run"


def test_json(install: Install) -> None:
    install_loss(install, SUMMED)
    result = ganzoo("check", "toy", "--json")
    assert result.status == 1
    records = json.loads(result.out)
    assert [record["check"] for record in records] == [check.name for check in LOSS_CHECKS.all]
    assert records[0] == {
        "kind": "loss",
        "name": "toy",
        "plugin": "ganzoo-toy",
        "check": "registration",
        "demand": "The plugin registers without torch and without a word.",
        "outcome": "ok",
        "message": "",
    }
    assert [record["check"] for record in records if record["outcome"] == "failed"] == ["mean"]


def test_what_a_plugin_prints_stays_out_of_the_json(install: Install) -> None:
    talking = "lambda r, f: print('a word of the author') or d_side(r, f)"
    install_loss(install, f"loss = AdversarialLoss({talking}, g_side)\n")
    result = ganzoo("check", "toy", "--json")
    assert result.status == 0
    assert {record["outcome"] for record in json.loads(result.out)} == {"ok"}
    assert "a word of the author" in result.err


def test_several_kinds_of_one_name(install: Install) -> None:
    install("toy", BOTH_INIT, LOSS + GOOD + "def load(request): raise KeyError('x')\n")
    result = ganzoo("check", "toy")
    assert result.status == 1, "the first of the two fails, the second does not"
    headings = [line for line in result.out.splitlines() if line.endswith("ganzoo-toy 3.2.1")]
    assert headings == ["data set toy of ganzoo-toy 3.2.1", "loss toy of ganzoo-toy 3.2.1"]
    assert result.out.startswith("2 things are called toy, and each is checked: data set, loss")
    kinds = {record["kind"] for record in json.loads(ganzoo("check", "toy", "--json").out)}
    assert kinds == {"data set", "loss"}


def test_data_root(tmp_path: Path) -> None:
    (tmp_path / "trainA").mkdir()
    result = ganzoo("check", "unpaired", "--data-root", tmp_path)
    assert result.status == 1
    assert "has no sub-folder trainB" in result.out
    result = ganzoo("check", "unpaired")
    assert result.status == 0
    assert "it reads your files: --data-root DIR checks it on some" in result.out


def test_a_variant_plays_on_the_files_that_are_named(tmp_path: Path) -> None:
    images = [tmp_path / f"{gray}.png" for gray in range(12)]
    for gray, path in enumerate(images):
        Image.new("L", (28, 28), gray).save(path)
    folder = ("check", "vanilla", "--dataset", "folder", "--data-root", tmp_path)
    passed = len(VARIANT_CHECKS.all) - 1
    assert ganzoo(*folder).out.splitlines()[-1] == f"{passed} ok, 1 skipped"
    for path in images:
        path.unlink()
    result = ganzoo(*folder)
    assert result.status == 2
    assert str(tmp_path) in result.err


def test_image_files_are_read_as_the_user_says(tmp_path: Path) -> None:
    for gray in range(12):
        Image.new("L", (28, 28), gray).save(tmp_path / f"{gray}.png")
    wanted, row = parse_pixels("rgb"), registry().variant("vanilla")
    assert VariantSubject(row, "folder", tmp_path, None, wanted).dataset.spec.shape == (3, 64, 64)
    data = DatasetSubject(registry().dataset("folder"), tmp_path, wanted)
    assert data.split("train").spec.shape == (3, 64, 64)
    asked = ("check", "folder", "--data-root", tmp_path, "--pixels")
    assert ganzoo(*asked, "rgb").status == 0
    assert "--pixels takes one of" in ganzoo(*asked, "red").err
    assert "--pixels is for a data set" in ganzoo("check", "vanilla", "--pixels", "rgb").err


def test_a_variant_that_refuses_the_data_that_are_named_is_not_blamed() -> None:
    result = ganzoo("check", "dcgan", "--dataset", "ring8")
    assert (result.status, result.out) == (2, "")
    assert "dcgan needs images of 28 to 128 pixels, and 'ring8' has points" in result.err


def test_bad_input(install: Install, tmp_path: Path) -> None:
    def refusal(*args: object) -> str:
        result = ganzoo("check", *args)
        assert (result.status, result.out) == (2, "")
        return result.err

    install("toy", "raise ValueError('half-written')")
    *kinds, last = KINDS.values()
    unknown = f"there is no {', '.join(kinds)} or {last}"
    assert f"{unknown} 'vanila': did you mean 'vanilla'?" in refusal("vanila")
    assert f"{unknown} 'rings8': did you mean 'ring8'?" in refusal("rings8")
    assert f"{unknown} 'hing': did you mean 'hinge'?" in refusal("hing")
    near = refusal("ganzoo-core:hing")
    assert f"{unknown} 'ganzoo-core:hing': did you mean 'ganzoo-core:hinge'?" in near
    broken = refusal("toy")
    assert "ganzoo-toy 3.2.1 is broken: ValueError: half-written" in broken
    assert "`pip uninstall ganzoo-toy` removes it" in broken
    assert "--dataset is what a variant plays on, and 'hinge' is none" in refusal(
        "hinge", "--dataset", "ring8"
    )
    assert "--data-root is for a data set that reads files, and 'ring8' does not" in refusal(
        "ring8", "--data-root", tmp_path
    )
    assert "which --data-root names" in refusal("folder", "--data-root", tmp_path / "nowhere")
    assert "--image-size is of what a variant plays on, and 'hinge' is none" in refusal(
        "hinge", "--image-size", "32"
    )
    assert "dcgan needs images of 28 to 128 pixels a side" in refusal("dcgan", "--image-size", "20")
    assert "--image-size must be a number such as 64" in refusal("dcgan", "--image-size", "big")


def test_a_name_that_two_offer_must_be_qualified(install: Install) -> None:
    install_loss(install, GOOD)
    install_loss(install, SUMMED, "toyb")
    result = ganzoo("check", "toy")
    assert result.status == 2
    assert "ganzoo-toy:toy or ganzoo-toyb:toy" in result.err
    assert ganzoo("check", "ganzoo-toy:toy").status == 0
    assert ganzoo("check", "ganzoo-toyb:toy").status == 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("loss", "ganzoo-core:wasserstein"),
        ("data set", "ganzoo-core:grid25"),
        ("variant", "ganzoo-vanilla:vanilla"),
    ],
)
def test_each_kind_by_its_qualified_name(kind: str, name: str) -> None:
    result = ganzoo("check", name)
    assert result.status == 0
    dist, _, own = name.partition(":")
    assert result.out.startswith(f"{kind} {own} of {dist} ")


@pytest.mark.usefixtures("few_drawn")
def test_a_variant_plays_on_images_of_the_size_that_is_named() -> None:
    registered = registry().variant("dcgan")
    assert VariantSubject(registered).dataset.spec.shape == (1, 28, 28)
    assert VariantSubject(registered, image_size=(32, 40)).dataset.spec.shape == (1, 32, 40)
    assert VariantSubject(registered, image_size=(32, 40)).test.spec.shape == (1, 32, 40)
