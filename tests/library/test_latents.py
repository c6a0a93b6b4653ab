"""Samples again, near others, between others, of a name, of a checkpoint: on the command line."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import TINY, ganzoo
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

CLASSES = ("airplane", "cat", "7")
SIDE = 8


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that draws images of a class, one that draws points, and both's data."""
    folder = tmp_path_factory.mktemp("runs")
    draw = np.random.default_rng(0)
    for name in CLASSES:
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = draw.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.png")
    images = ganzoo(
        *("train", "cgan", "--dataset", "folder", "--data-root", folder / "photos"),
        *("--image-size", SIDE, "--steps", 8, "--checkpoint-every", 4, "--sample-every", 8),
        *("--lr", 1e-5, "--out", folder / "images"),
    )
    assert images.status == 0, images.err
    points = ganzoo("train", "vanilla", *TINY, "--steps", 5, "--out", folder / "points")
    assert points.status == 0, points.err
    return folder


@pytest.fixture(autouse=True)
def here(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("images", "points", "photos"):
        Path(name).symlink_to(runs / name)


def run(*args: object) -> str:
    result = ganzoo(*args)
    assert result.status == 0, result.err
    return result.out


def refused(*args: object) -> str:
    result = ganzoo(*args)
    assert (result.status, result.err.count("\n")) == (2, 1), result
    return result.err


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if path.name[0] != ".")


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


# --- samples again -------------------------------------------------------------------------------


def test_a_sample_again_is_the_same_in_a_folder_and_alone() -> None:
    run("sample", "images", "--n", 270, "--out", "all")
    run("sample", "images", "--only", "261,17", "--out", "two")
    assert names("two") == ["00017-cat.png", "00261-7.png", "samples.json"]
    for name in ("00017-cat.png", "00261-7.png"):
        assert Path("two", name).read_bytes() == Path("all", name).read_bytes()
    run("sample", "images", "--only", 17, "--out", "one.png")
    assert pixels("one.png").tolist() == pixels("all/00017-cat.png").tolist()
    run("sample", "images", "--only", 17, "--scale", 4, "--out", "large.png")
    assert (pixels("large.png")[::4, 3::4] == pixels("one.png")).all()
    assert pixels("large.png").shape == (4 * SIDE, 4 * SIDE, 3)


def test_files_are_called_after_their_class_and_listed_with_the_seed() -> None:
    run("sample", "images", "--n", 4, "--seed", 3, "--out", "out")
    told = json.loads(Path("out/samples.json").read_text())
    rows = told.pop("samples")
    assert [row["name"] for row in rows] == ["00000-7", "00001-airplane", "00002-cat", "00003-7"]
    assert rows[1] == {"name": "00001-airplane", "number": 1, "label": 1, "class": "airplane"}
    manifest = json.loads(Path("images/checkpoints/00000008/manifest.json").read_text())
    assert told == {
        "run": "images",
        "variant": "ganzoo-cgan:cgan",
        "step": 8,
        "weights": manifest["sha256"]["weights.safetensors"],
        "seed": 3,
        "truncation": 1.0,
    }


def test_a_class_is_asked_for_by_its_name() -> None:
    run("sample", "images", "--n", 2, "--label", "cat", "--out", "cats")
    assert names("cats")[:2] == ["00000-cat.png", "00001-cat.png"]
    run("sample", "images", "--n", 1, "--label", 2, "--out", "number.png")
    assert pixels("number.png").tolist() == pixels("cats/00000-cat.png").tolist()
    run("sample", "images", "--n", 1, "--label", 7, "--out", "seven")  # a name, and no label
    assert names("seven")[0] == "00000-7.png"
    assert "--label CAT is the class cat\n" in run(
        "sample", "images", "--n", 1, "--label", "CAT", "--out", "capitals"
    )
    assert names("capitals")[0] == "00000-cat.png"
    assert "--label Cat is the class cat\n" in run(
        *("walk", "images", "--between", "0,1", "--frames", 2, "--label", "Cat", "--out", "c.gif")
    )
    error = refused("sample", "images", "--label", "aeroplane", "--out", "x")
    assert "there is no class 'aeroplane': did you mean 'airplane'?" in error
    error = refused("sample", "points", "--label", "cat", "--out", "x")
    assert "--label needs a conditional variant" in error


@pytest.mark.parametrize("which", ["last", "8", "4"])
def test_a_checkpoint_is_chosen(which: str) -> None:
    run("sample", "images", "--n", 1, "--checkpoint", which, "--out", "out")
    told = json.loads(Path("out/samples.json").read_text())
    assert told["step"] == (4 if which == "4" else 8)


@pytest.mark.parametrize(
    "args",
    [
        ("sample", "images", "--out", "x"),
        ("walk", "images", "--between", "1,2", "--out", "x.gif"),
        ("project", "images", "photos/cat/0.png", "--out", "x"),
        ("evaluate", "images"),
    ],
)
def test_a_checkpoint_that_is_not_there(args: tuple[str, ...]) -> None:
    error = refused(*args, "--checkpoint", "best")
    assert "has no checkpoint 'best': there are last (step 8)" in error
    assert not Path("x").exists()


# --- pictures ------------------------------------------------------------------------------------


def test_a_grid_is_of_any_number_and_size() -> None:
    run("sample", "images", "--n", 7, "--columns", 3, "--scale", 2, "--out", "grid.png")
    run("sample", "images", "--n", 7, "--out", "files")
    side = 2 * SIDE + 2
    assert pixels("grid.png").shape == (3 * side - 2, 3 * side - 2, 3)
    fifth = pixels("grid.png")[side : 2 * side - 2, side : 2 * side - 2]
    assert (fifth[::2, ::2] == pixels("files/00004-airplane.png")).all()
    run("sample", "images", "--n", 3, "--out", "row.png")
    assert pixels("row.png").shape[1] == 3 * (SIDE + 2) - 2
    run("sample", "points", "--n", 50, "--out", "points.png")
    assert pixels("points.png").shape[0] > 100


# --- near others, and between --------------------------------------------------------------------


def test_variations_lie_between_a_sample_and_others() -> None:
    def drawn(name: str, *args: object) -> np.ndarray:
        run("sample", "points", "--out", name, *args)
        return np.asarray(np.load(name)["points"])

    samples = drawn("samples.npz", "--n", 20)
    same = drawn("same.npz", "--n", 4, "--around", 17, "--spread", 0)
    others = drawn("others.npz", "--n", 4, "--around", 17, "--spread", 1)
    near = drawn("near.npz", "--n", 4, "--around", 17, "--spread", 0.1)
    np.testing.assert_allclose(same, samples[[17] * 4], atol=1e-5)
    np.testing.assert_allclose(others, samples[:4], atol=1e-5)
    assert np.abs(near - samples[17]).max() < np.abs(samples[:4] - samples[17]).max()
    run("sample", "images", "--n", 2, "--around", 1, "--out", "near")
    assert names("near")[:2] == [
        "00001-near-00000-airplane.png",  # of its class
        "00001-near-00001-airplane.png",
    ]
    told = json.loads(Path("near/samples.json").read_text())
    assert (told["around"], told["spread"]) == (1, 0.3)


def test_truncation_brings_samples_together() -> None:
    for psi in (0, 0.5, 1):
        run("sample", "points", "--n", 50, "--truncation", psi, "--out", f"{psi}.npz")
    spreads = [np.load(f"{psi}.npz")["points"].std(0).max() for psi in (0, 0.5, 1)]
    assert spreads[0] == pytest.approx(0, abs=1e-6)
    assert spreads[0] < spreads[1] < spreads[2]


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_walk_is_a_film_that_begins_and_ends_at_samples(suffix: str) -> None:
    file = f"walk.{suffix}"
    said = run(
        *("walk", "images", "--between", "1,4,7", "--frames", 9),
        *("--scale", 3, "--label", "cat", "--out", file),
    )
    assert said == f"9 frames: {file}\n"
    run("sample", "images", "--n", 8, "--label", "cat", "--scale", 3, "--out", "stops")
    film = Image.open(file)
    assert (film.n_frames, film.size) == (9, (3 * SIDE, 3 * SIDE))
    for frame, stop in ((0, 1), (4, 4), (8, 7)):
        film.seek(frame)
        shown = np.asarray(film.convert("RGB")).astype(int)
        assert np.abs(shown - pixels(f"stops/{stop:05d}-cat.png")).max() <= 1


def test_a_walk_that_loops_does_not_stand_still() -> None:
    said = run("walk", "images", "--between", "1,2", "--frames", 4, "--loop", "--out", "x.gif")
    assert said.startswith("all frames are of the class airplane")
    film = Image.open("x.gif")
    assert (film.n_frames, film.info["loop"], film.info["duration"]) == (4, 0, 40)
    once = run("walk", "points", "--between", "1,2", "--frames", 2, "--out", "once.gif")
    assert once.startswith("2 frames")
    assert "loop" not in Image.open("once.gif").info


# --- the latent of an image ----------------------------------------------------------------------


def test_the_latent_of_a_sample_is_found_and_walked_to() -> None:
    run("sample", "images", "--only", 300, "--out", "wanted.png")
    said = run("project", "images", "wanted.png", "--steps", 60, "--out", "found")
    told = json.loads(Path("found/projection.json").read_text())
    assert told["after"] < 0.5 * told["before"]
    assert f"{told['before']:.4g}" in said
    assert f"{told['after']:.4g}" in said
    assert names("found") == [
        "beside.png", "found.png", "given.png", "latent.safetensors", "projection.json"
    ]  # fmt: skip
    assert (pixels("found/given.png") == pixels("wanted.png")).all()
    tensors = load_file("found/latent.safetensors")
    assert tensors["latent"].shape == (1, 100)
    assert tensors["label"].tolist() == [told["label"]]
    run("walk", "images", "--between", "found,5", "--frames", 3, "--out", "walk.gif")
    first = np.asarray(Image.open("walk.gif").convert("RGB")).astype(int)
    assert np.abs(first - pixels("found/found.png")).max() <= 1
    again = run("project", "images", "wanted.png", "--steps", 60, "--out", "again")
    assert again == said.replace("found", "again")
    for other in (["points"], ["images", "--checkpoint", 4]):
        error = refused("walk", *other, "--between", "found,5", "--out", "x.gif")
        assert "'found' is a latent of 'images' at step 8, and other weights make" in error


@pytest.mark.parametrize(
    "forged",
    [
        {"label": torch.tensor([10**6])},
        {"label": torch.tensor([-1])},
        {"label": torch.zeros(2, 2)},
        {"latent": torch.zeros(1, 64, dtype=torch.int64)},
        {"latent": torch.zeros(1, 64, dtype=torch.float64)},
    ],
    ids=str,
)
def test_a_latent_that_nobody_wrote_is_a_sentence(forged: dict[str, Tensor]) -> None:
    run("sample", "images", "--only", "17", "--out", "one.png")
    run("project", "images", "one.png", "--steps", 1, "--out", "found")
    with safe_open("found/latent.safetensors", "pt") as opened:
        told = opened.metadata()
    tensors = load_file("found/latent.safetensors") | forged
    if "latent" in forged:
        tensors["latent"] = load_file("found/latent.safetensors")["latent"].to(
            forged["latent"].dtype
        )
    save_file(tensors, "found/latent.safetensors", told)
    refused("walk", "images", "--between", "found,1", "--frames", 2, "--out", "x.gif")


def test_a_pipe_is_not_waited_for() -> None:
    Path("found").mkdir()
    os.mkfifo("found/latent.safetensors")
    assert "nor a latent" in refused("walk", "images", "--between", "found,1", "--out", "x.gif")


def test_the_latent_of_a_point_is_found() -> None:
    run("sample", "points", "--only", 400, "--out", "wanted")
    run("project", "points", "wanted", "--steps", 40, "--out", "found")
    told = json.loads(Path("found/projection.json").read_text())
    assert told["after"] < told["before"]
    assert names("found/given") == ["samples.csv", "samples.json"]


# --- what makes no sense -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("sample", "points", "--out", "x.png", "--scale", 2), "this run makes points: leave it"),
        (("sample", "images", "--out", "x.npz", "--scale", 2), "--scale is for pictures"),
        (("sample", "images", "--out", "x", "--columns", 2), "--columns is of a picture"),
        (("sample", "images", "--out", "x", "--only", "a"), "--only must be numbers of samples"),
        (("sample", "images", "--out", "x", "--only", 10**7), "numbers from 0 to 999,999"),
        (("sample", "images", "--out", "x", "--only", 1, "--n", 2), "give one of them"),
        (("sample", "images", "--out", "x", "--only", 1, "--around", 2), "give one"),
        (("sample", "images", "--out", "x", "--spread", 0.1), "give both"),
        (("walk", "images", "--out", "x.gif", "--between", 1), "needs two samples at least"),
        (("walk", "images", "--out", "x.avi", "--between", "1,2"), ".gif, .webp, .mp4"),
        (("walk", "images", "--out", "x.gif", "--between", "1,b"), "'b' is neither the number"),
        (("project", "images", "none.png", "--out", "x"), "none.png"),
        (("project", "images", "photos/cat", "--out", "x"), "holds 12 samples: name one"),
    ],
)
def test_what_is_refused(args: tuple[object, ...], problem: str) -> None:
    assert problem in refused(*args)
    assert not [*Path().glob("x*")]


def test_mp4_needs_what_writes_it() -> None:
    args = ("walk", "points", "--between", "1,2", "--frames", 2, "--out", "walk.mp4")
    try:
        import av  # noqa: F401
    except ImportError:
        assert "pip install 'ganzoo-core[film]'" in refused(*args)
    else:
        run(*args)
        assert Path("walk.mp4").read_bytes()[4:8] == b"ftyp"
