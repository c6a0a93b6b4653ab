"""A run knows what it was trained on by the samples themselves, and so what it has never seen."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import Result, ganzoo
from PIL import Image

NAMES = [f"{number:02}.png" for number in range(40)]
ADDED = "-first.png"
"""Sorts before all others, which with every tenth held out changes what the tenth ones are."""
SMALL = ("--generator-widths", 4, "--discriminator-widths", 4, "--batch-size", 4)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


def fill(folder: str, seed: int = 0, channels: int = 3, width: int = 8) -> None:
    """Forty images of noise."""
    Path(folder).mkdir()
    draw = np.random.default_rng(seed)
    for name in NAMES:
        pixels = draw.integers(0, 256, (8, width, channels), dtype=np.uint8)
        Image.fromarray(pixels.squeeze()).save(Path(folder, name))


@pytest.fixture
def run() -> Path:
    """Two steps on the folder ``photos``."""
    fill("photos")
    data = ("--dataset", "folder", "--data-root", "photos", "--image-size", 8)
    done = ganzoo("train", "vanilla", *data, *SMALL, "--steps", 2, "--out", "run")
    assert done.status == 0, done.err
    return Path("run")


def evaluate(run: Path, *flags: object) -> Result:
    return ganzoo("evaluate", run, "--n", 20, "--metrics", "memorised", "--json", *flags)


def go_on(run: Path, *flags: object) -> Result:
    return ganzoo("train", "--resume", run, "--steps", 3, *flags)


def refused(done: Result) -> str:
    assert done.status == 2, done
    *before, sentence = done.err.splitlines()
    assert not [line for line in before if "is the test split" not in line]
    return sentence


def test_a_file_that_is_added_cannot_make_a_test_split_of_what_was_trained_on(run: Path) -> None:
    assert "test split" in evaluate_protocol(run)
    shutil.copy(Path("photos", NAMES[0]), Path("photos", ADDED))
    for done in (evaluate(run), go_on(run)):
        assert "its number of samples was 36 and is 37" in refused(done)
    Path("photos", NAMES[-1]).unlink()  # as many as before, but another tenth is held out
    for done in (evaluate(run), go_on(run)):
        assert "as many samples to train on, but other ones" in refused(done)


def evaluate_protocol(run: Path) -> str:
    done = ganzoo("evaluate", run, "--n", 4, "--metrics", "parzen", "--json")
    assert done.status == 0, done.err
    protocol: str = json.loads(done.out)["protocol"]
    return protocol


def test_a_renamed_folder_is_the_same_data(run: Path) -> None:
    before = evaluate_protocol(run)
    Path("photos").rename("pictures")
    for done in (go_on(run), evaluate(run)):
        assert "name the place of that with --data-root" in refused(done)
    assert go_on(run, "--data-root", "pictures").status == 0
    noted = json.loads((run / "run.json").read_text())
    assert noted["training"]["data_root"] == str(Path("pictures").resolve())
    assert noted["data"]["name"] == "photos"
    assert evaluate_protocol(run) == before


def test_as_many_other_images_are_other_data(run: Path) -> None:
    shutil.rmtree("photos")
    fill("photos", seed=1)
    for done in (evaluate(run), go_on(run)):
        assert "but other ones" in refused(done)
    assert not (run / "evaluations").exists()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"seed": 1}, "but other ones"),
        ({"channels": 1}, "its shape of 'image' was 3, 8, 8 and is 1, 8, 8"),
    ],
)
def test_another_data_root_is_refused(run: Path, made: dict[str, int], said: str) -> None:
    fill("other", **made)
    for done in (evaluate(run, "--data-root", "other"), go_on(run, "--data-root", "other")):
        assert said in refused(done)


def test_another_test_split_is_told_apart(run: Path) -> None:
    """The training split is the same, so the run is measured, by a protocol of its own."""
    before = evaluate_protocol(run)
    Image.new("RGB", (8, 8)).save(Path("photos", NAMES[9]))
    after = evaluate_protocol(run)
    assert before != after
    assert before.partition("test split")[0] == after.partition("test split")[0]


def test_a_run_that_noted_no_contents_goes_on_where_its_data_are_named(run: Path) -> None:
    """A stranger's may leave them out, and name a folder of private images."""
    noted = json.loads((run / "run.json").read_text())
    del noted["data"]["content"]
    (run / "run.json").write_text(json.dumps(noted))
    Path("photos").rename("pictures")
    said = refused(go_on(run, "--data-root", "pictures"))
    assert "its name was photos and is pictures" in said
    Path("pictures").rename("photos")
    assert "does not say which samples they were" in refused(go_on(run))
    assert go_on(run, "--data-root", "photos").status == 0


def test_what_is_made_on_the_spot_is_known_by_its_name() -> None:
    """Its last bits may differ on another processor, on which a run goes on all the same."""
    done = ganzoo("train", "vanilla", "--dataset", "ring8", *SMALL, "--steps", 1, "--out", "run")
    assert done.status == 0
    assert json.loads(Path("run/run.json").read_text())["data"]["content"] == [""]
