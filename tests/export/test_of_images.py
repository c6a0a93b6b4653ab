"""What is exported of variants that make something of images: used without ganzoo."""

import json
import re
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
from helpers.cli import ganzoo
from helpers.exports import make_loaded, needs_onnx, use
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.export.go import export
from ganzoo.export.network import Subject

FORMS = ["torch", pytest.param("onnx", marks=needs_onnx)]
README = Path(__file__).parents[2] / "README.md"
SGAN = Path(__file__).parents[1] / "runs" / "before" / "sgan"
SMALL = ("--steps", 1, "--batch-size", 4, "--width", 2)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Twenty of 16x24 pixels, as they are named to a training."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(20):
        pixels = rng.integers(0, 256, (16, 24, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return "--dataset", "folder", "--data-root", str(folder), "--image-size", "16x24"


def make_exported(run: Path, form: str, size: tuple[int, int]) -> Path:
    """A folder with an image and a mask to try."""
    out = run.parent / "exported"
    export(run, form, out)
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)).save(
        out / "image.png"
    )
    mask = np.zeros(size, np.uint8)
    mask[3:9, 5:7] = 255
    Image.fromarray(mask).save(out / "mask.png")
    return out


@pytest.mark.parametrize("form", FORMS)
def test_an_enlarger_takes_images_of_any_size(
    photos: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run = tmp_path / "run"
    sized = ("--factor", 2, "--blocks", 1, "--out", run)
    assert ganzoo("train", "srgan", *photos, *SMALL, *sized).status == 0
    out = make_exported(run, form, (7, 11))
    used = use(out, monkeypatch)
    assert used["image"].shape == (1, 3, 7, 11)
    expected = make_loaded(run).enlarge(torch.from_numpy(used["image"])).detach().numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-4)
    assert Image.open(out / "sample-00.png").size == (22, 14)
    page = (out / "README.md").read_text()
    assert "A network that enlarges, 2 times, images like those of " in page
    assert "- `image`: float32 (n, 3, rows, columns), in [-1, 1]" in page
    assert "- `sample`: float32 (n, 3, 2 rows, 2 columns) in [-1, 1], for any n, rows and" in page
    sizes = json.loads((out / "config.json").read_text())["networks"]
    assert [*sizes.values()] == [{"image": [3, None, None]}]


@pytest.mark.parametrize("form", FORMS)
def test_a_restorer_takes_what_is_missing(
    photos: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run = tmp_path / "run"
    sized = ("--bottleneck", 8, "--out", run)
    square = (*photos[:-1], "16")
    assert ganzoo("train", "context-encoder", *square, *SMALL, *sized).status == 0
    out = make_exported(run, form, (16, 16))
    used = use(out, monkeypatch)
    given, made = (np.asarray(Image.open(out / name)) for name in ("image.png", "sample-00.png"))
    missing = np.asarray(Image.open(out / "mask.png")) > 0
    assert np.array_equal(given[~missing], made[~missing])
    inputs = (torch.from_numpy(used[name]) for name in ("image", "missing"))
    expected = make_loaded(run).restore(*inputs).detach().numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-4)
    assert "- `missing`: float32 (n, 1, 16, 16), 1 where" in (out / "README.md").read_text()


@pytest.mark.parametrize("form", FORMS)
def test_what_a_translator_is_asked_for_becomes_a_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run, out = tmp_path / "run", tmp_path / "red"
    sized = ("--blocks", 1, "--n-critic", 1, "--out", run)
    assert ganzoo("train", "stargan", *SMALL, *sized).status == 0
    given = ("export", run, "--format", form, "--out", out)
    missing = ganzoo(*given)
    assert missing.status == 2
    assert "--set NAME=VALUE, where NAME is red or " in missing.err
    wrong = ganzoo(*given, "--set", "blue=1")
    assert wrong.status == 2
    assert "blue" in wrong.err
    assert "thick" in wrong.err
    assert not out.exists()
    (line,) = re.findall(r"^ganzoo (export \S+stargan.*?)  +#", README.read_text(), re.MULTILINE)
    _, _, *rest = line.replace("onnx", form).split()
    monkeypatch.chdir(tmp_path)
    assert ganzoo("export", run, *rest).status == 0
    Image.new("RGB", (28, 28), (20, 90, 30)).save(out / "image.png")
    used = use(out, monkeypatch)
    image = torch.from_numpy(used["image"])
    (way,) = make_loaded(run).directions
    expected = make_loaded(run).translate(image, way.name, red="1").detach().numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-4)
    assert "is asked to have red = 1, which" in (out / "README.md").read_text()
    assert json.loads((out / "config.json").read_text())["asked"] == {"red": "1"}


@pytest.mark.parametrize("form", FORMS)
def test_a_classifier_comes_beside_the_generator(tmp_path: Path, form: str) -> None:
    run = Path(copytree(SGAN, tmp_path / "sgan"))
    found = export(run, form, tmp_path / "digits")
    stems = [Path(name).stem for name in found.files if "README" not in name]
    assert stems[:2] == ["generator", "classifier"]
    page = (tmp_path / "digits" / "README.md").read_text()
    assert f"`{[*found.files][2]}` takes and gives" in page
    assert "- `probabilities`: float32 (n, 10), for any n" in page


def test_what_is_asked_of_others_is_refused(tmp_path: Path) -> None:
    run = Path(copytree(SGAN, tmp_path / "sgan"))
    with pytest.raises(GanzooError, match="--set is of a variant that translates images"):
        export(run, "torch", tmp_path / "out", asked={"red": "1"})
    with pytest.raises(GanzooError, match="--set becomes a part of the program"):
        export(run, "safetensors", tmp_path / "out", asked={"red": "1"})
    with pytest.raises(GanzooError, match="--set is of a variant"):
        _ = Subject(make_loaded(run), asked={"red": "1"}).networks
