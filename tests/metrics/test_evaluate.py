"""``ganzoo evaluate``: values that are known beforehand, of runs and of samples from anywhere."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import Result, ganzoo, scores, tree
from PIL import Image
from torch import Tensor

from ganzoo.data.dataset import DataRequest
from ganzoo.data.made import glyphs
from ganzoo.metrics.features import classifier
from ganzoo.metrics.score import Report, Score
from ganzoo.plugins.catalog import load

TRAIN, TEST = 60, 20
"""Images of each of the ten digits."""
N = 10 * TEST
DATA = ("--dataset", "folder", "--image-size", 28)
"""Folders are otherwise brought to 64 pixels when they are trained on."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of drawn digits, split and labelled, and a cache of its own."""
    place = tmp_path_factory.mktemp("evaluate")
    generator = torch.Generator().manual_seed(0)
    for split, each in (("train", TRAIN), ("test", TEST)):
        labels = torch.arange(10).repeat_interleave(each)
        images = glyphs.draw(labels, (28, 28), generator)
        for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            file = place / "digits" / split / str(label) / f"{number:04}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0].numpy()).save(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(place / "cache"))
        patch.setattr(classifier, "STEPS", 60)  # good enough for drawings
        yield place


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    """A generator of noise, nearly."""
    out = place / "run"
    data = (*DATA, "--data-root", place / "digits")
    small = ("--generator-widths", 8, "--discriminator-widths", 8)
    result = ganzoo("train", "vanilla", *data, *small, "--steps", 2, "--out", out)
    assert result.status == 0, result.err
    return out


def real(place: Path, split: str) -> tuple[Tensor, Tensor]:
    """The images (n, 28, 28) of a split, class by class, and their labels."""
    files = sorted((place / "digits" / split).rglob("*.png"))
    images = [np.asarray(Image.open(file)) for file in files]
    return torch.from_numpy(np.stack(images)), torch.tensor([int(f.parent.name) for f in files])


def measure(place: Path, images: Tensor, labels: Tensor | None = None, *args: object) -> Result:
    """Evaluate images as those of another program."""
    arrays = {"images": images.numpy()}
    if labels is not None:
        arrays["labels"] = labels.numpy()
    np.savez(place / "samples.npz", **arrays)
    data = (*DATA[:2], "--data-root", place / "digits", "--n", len(images))
    return ganzoo("evaluate", "--samples", place / "samples.npz", *data, "--json", *args)


def test_real_images_are_perfect(place: Path) -> None:
    images, labels = real(place, "test")
    found = measure(place, images, labels)
    values, controls = scores(found), scores(found, "real")
    assert values["frechet"] == pytest.approx(0, abs=1e-4)
    assert values["precision"] == values["recall"] == values["coverage"] == 1
    assert (
        values["class_kl"] < 0.15
    )  # 0 but for what the classifier mistakes, a processor each its own
    assert values["classes"] == 10
    assert values["memorised"] == 0
    # Held-out images stand for a perfect generator where training images would be read too well.
    assert values["consistency"] == controls["consistency"] > 0.8
    assert values["kid"] < controls["kid"]
    assert 0 < controls["frechet"] < 20
    assert "parzen" not in values


def test_noise_is_nowhere_near(place: Path) -> None:
    noise = torch.randint(256, (N, 28, 28), generator=torch.Generator().manual_seed(0))
    found = measure(place, noise.to(torch.uint8))
    values, controls = scores(found), scores(found, "real")
    assert values["frechet"] > 10 * controls["frechet"]
    assert values["kid"] > 10 * abs(controls["kid"])
    assert values["precision"] < 0.1
    assert values["recall"] < 0.1
    assert values["coverage"] < 0.1
    assert values["memorised"] == 0
    assert "consistency" not in values  # nobody said what the samples should show


def test_a_generator_that_memorises_is_found_out(place: Path) -> None:
    copies, _ = real(place, "train")
    altered = (copies[:N].int() + 1).clamp(max=255).to(torch.uint8)
    found = measure(place, altered, None, "--metrics", "memorised")
    assert scores(found) == {"memorised": 1}
    assert scores(found, "real") == {"memorised": 0}


def test_a_generator_that_drops_classes_is_found_out(place: Path) -> None:
    images, labels = real(place, "test")
    half = images[labels < 5].repeat(2, 1, 1)
    values = scores(measure(place, half))
    assert values["classes"] < 10
    assert values["class_kl"] == pytest.approx(math.log(2), abs=0.2)
    assert values["precision"] == 1
    assert values["recall"] < 0.8
    assert values["coverage"] < 0.8


def test_labels_must_be_those_that_were_asked_for(place: Path) -> None:
    images, labels = real(place, "test")
    right = scores(measure(place, images, labels, "--metrics", "consistency"))["consistency"]
    wrong = measure(place, images, (labels + 1) % 10, "--metrics", "consistency")
    assert scores(wrong)["consistency"] <= 1 - right


def test_samples_teach_where_they_are_labelled(place: Path) -> None:
    images, labels = real(place, "test")
    right = scores(measure(place, images, labels, "--metrics", "nearest_error"))
    assert right == {"nearest_error": 0}
    wrong = scores(measure(place, images, (labels + 1) % 10, "--metrics", "nearest_error"))
    assert wrong == {"nearest_error": 1}
    refused = measure(place, images, None, "--metrics", "nearest_error")
    assert refused.status == 2
    assert "'nearest_error' cannot be measured" in refused.err


def test_parzen_is_measured_where_it_is_asked_for(place: Path) -> None:
    images, _ = real(place, "train")
    values = scores(measure(place, images[:N], None, "--metrics", "parzen"))
    noise = torch.randint(256, (N, 28, 28), generator=torch.Generator().manual_seed(0))
    worse = scores(measure(place, noise.to(torch.uint8), None, "--metrics", "parzen"))
    assert values.keys() == {"parzen", "parzen_error"}
    assert values["parzen"] > worse["parzen"]


def test_real_images_are_brought_to_the_size_of_the_samples(place: Path) -> None:
    sharp = {}
    for split in ("train", "test"):  # as `--dataset folder --image-size 40` has them
        sharp[split] = load("folder", DataRequest(place / "digits", split, (40, 40)))
    images = sharp["test"].fields["image"][:, 0]
    coloured = images[..., None].expand(-1, -1, -1, 3).contiguous()
    for larger in (images, coloured):
        found = measure(place, larger, None, "--metrics", "frechet")
        assert "digits 1x40x40" in json.loads(found.out)["protocol"]
        assert scores(found)["frechet"] == pytest.approx(0, abs=1e-4)


def test_of_more_samples_no_class_is_left_out(place: Path) -> None:
    images, labels = real(place, "test")  # in the order of their classes
    found = measure(place, images, labels, "--metrics", "classes,consistency", "--n", 50)
    assert scores(found)["classes"] == 10
    assert scores(found)["consistency"] > 0.8


def test_the_control_is_of_all_classes(place: Path) -> None:
    noise = torch.randint(256, (N, 28, 28), generator=torch.Generator().manual_seed(0))
    found = measure(place, noise.to(torch.uint8), None, "--metrics", "classes")
    assert scores(found, "real")["classes"] == 10
    assert scores(found, "real")["class_kl"] < 0.09  # a class less: at least 0.105


def test_shares_of_classes_are_told(place: Path) -> None:
    images, labels = real(place, "test")
    half = images[labels < 5].repeat(2, 1, 1)
    histogram = json.loads(measure(place, half, None, "--metrics", "classes").out)["histogram"]
    assert [data for _, data in histogram.values()] == pytest.approx([0.1] * 10)
    assert sum(histogram[str(digit)][0] for digit in range(5)) > 0.8


def test_what_needs_more_images_is_left_out(place: Path) -> None:
    images, _ = real(place, "test")
    assert scores(measure(place, images[:2])).keys().isdisjoint({"precision", "density"})
    assert "precision" in scores(measure(place, images[:4]))
    refused = measure(place, images[:3], None, "--metrics", "recall")
    assert refused.status == 2
    assert "so few" in refused.err


def test_what_needs_no_features_trains_no_classifier(place: Path) -> None:
    images, _ = real(place, "test")
    found = measure(place, images, None, "--metrics", "memorised,parzen")
    assert "classifier" not in json.loads(found.out)["protocol"]


def test_infinity_is_no_json(place: Path) -> None:
    report = Report("p", (Score("class_kl", math.inf, "lower", math.nan),))
    (score,) = report.to_dict()["scores"]
    assert score == {"name": "class_kl", "value": None, "better": "lower", "real": None}


def test_a_folder_of_images_is_the_same_as_an_array(place: Path, tmp_path: Path) -> None:
    images, _ = real(place, "test")
    for number, image in enumerate(images):
        Image.fromarray(image.numpy()).save(tmp_path / f"{number:04}.png")
    data = (*DATA[:2], "--data-root", place / "digits", "--n", N)
    from_folder = ganzoo("evaluate", "--samples", tmp_path, *data, "--metrics", "kid", "--json")
    from_array = measure(place, images, None, "--metrics", "kid")
    assert scores(from_folder) == scores(from_array)


def test_a_run_is_measured_as_its_samples_are(place: Path, run: Path) -> None:
    result = ganzoo("evaluate", run, "--n", N, "--json")
    record = json.loads(result.out)
    assert record["run"] == str(run)
    assert record["step"] == 2
    assert "parzen" in scores(result)  # as its paper has it
    npz = place / "drawn.npz"
    assert ganzoo("sample", run, "--n", N, "--out", npz).status == 0
    again = measure(place, torch.from_numpy(np.load(npz)["images"]), None)
    assert scores(again).items() <= scores(result).items()
    assert json.loads(again.out)["protocol"] == record["protocol"]


def test_the_protocol_says_what_decides_the_numbers(place: Path, run: Path) -> None:
    only = ("--metrics", "classes", "--json")
    protocol = json.loads(ganzoo("evaluate", run, "--n", N, *only).out)["protocol"]
    for part in ("digits 1x28x28, test split", "classifier ", f"fake {N}", f"real {N}", "8 bits"):
        assert part in protocol
    others = [("--n", N - 50), ("--n", N, "--seed", 1)]
    told = {json.loads(ganzoo("evaluate", run, *other, *only).out)["protocol"] for other in others}
    assert len(told | {protocol}) == 3


def test_what_was_found_is_kept_in_the_run(place: Path, run: Path) -> None:
    def kept() -> dict[str, object]:
        files = sorted((run / "evaluations").glob("*.json"))
        records = [json.loads(file.read_text()) for file in files]
        (record,) = [r for r in records if "seed 7" in r["protocol"]]
        return record

    first = ganzoo("evaluate", run, "--n", 50, "--seed", 7, "--metrics", "kid", "--json")
    assert {**kept(), "words": []} == json.loads(first.out)
    both = ("--metrics", "classifier_score,memorised")
    second = ganzoo("evaluate", run, "--n", 50, "--seed", 7, *both, "--json")
    assert scores(second).keys() == {"kid", "classifier_score", "memorised"}
    assert scores(second)["kid"] == scores(first)["kid"]
    third = ganzoo("evaluate", run, "--n", 50, "--seed", 7, "--metrics", "classes", "--json")
    shares = json.loads(third.out)["histogram"]
    assert shares
    fourth = ganzoo("evaluate", run, "--n", 50, "--seed", 7, "--metrics", "kid", "--json")
    assert json.loads(fourth.out)["histogram"] == kept()["histogram"] == shares
    other = ganzoo("evaluate", run, "--n", 50, "--seed", 8, "--metrics", "memorised", "--json")
    assert json.loads(other.out)["picture"] != json.loads(second.out)["picture"]
    picture = Image.open(json.loads(second.out)["picture"])
    assert picture.size == (10 * 28 + 9 * 2, 2 * (3 * 28 + 2 * 2) + 8)


def test_the_table_shows_what_real_data_score(run: Path) -> None:
    out = ganzoo("evaluate", run, "--n", 50, "--metrics", "precision,classes").out
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert lines["score"].split()[:5] == ["score", "value", "real", "data", "better"]
    assert "higher" in lines["precision"]
    assert "%" in lines["precision"]
    assert "lower" in lines["class_kl"]
    assert lines["protocol:"].startswith("protocol: ganzoo 1; ")
    assert "memorised" not in lines


def test_a_variant_without_samples_is_measured_by_what_it_does(place: Path) -> None:
    data = (*DATA, "--data-root", place / "digits")
    args = ("--supervised-only", "--labels", 100, "--steps", 2, "--batch-size", 20)
    result = ganzoo("train", "sgan", *data, *args, "--width", 4, "--out", place / "sgan")
    assert result.status == 0, result.err
    found = scores(ganzoo("evaluate", place / "sgan", "--json"))
    measured = [json.loads(line) for line in (place / "sgan/metrics.jsonl").open()]
    accuracy = [r["supervised_accuracy"] for r in measured if "supervised_accuracy" in r][-1]
    # what it can do, and what it measures of itself by networks that are kept
    assert found == {"accuracy": accuracy, "supervised_accuracy": accuracy}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "name a run"),
        (("RUN", "--samples", "SAMPLES"), "name a run"),
        (("--samples", "SAMPLES"), "needs --dataset"),
        (("RUN", "--dataset", "mnist"), "belongs to --samples"),
        (("RUN", "--metrics", "fid"), "fid"),
        (("RUN", "--metrics", "accuracy", "--n", "5"), "'accuracy' cannot be measured"),
        (("RUN", "--checkpoint", "7"), "7"),
        (("RUN", "--checkpoint", "best"), "best"),
        (("nowhere",), "nowhere"),
        (("--samples", "SAMPLES", "--dataset", "folder", "--data-root", "DATA"), "--n 3"),
        (
            ("--samples", "SAMPLES", "--dataset", "ring8", "--n", "3"),
            "these samples are images, and 'ring8' has points: name a --dataset of images",
        ),
        (("--samples", "TEXT", "--dataset", "ring8"), "neither a folder of images nor"),
        (("--samples", "PICKLE", "--dataset", "ring8"), "neither a folder of images nor"),
        (("--samples", "FLOATS", "--dataset", "ring8"), "must be uint8"),
        (("--samples", "NANS", "--dataset", "ring8", "--n", "3"), "are not finite: leave them out"),
        (("--samples", "CUBES", "--dataset", "ring8", "--n", "3"), "in 3 dimensions"),
        (("--samples", "WORDS", "--dataset", "mnist", "--n", "3"), "one integer for each"),
        (
            ("--samples", "LABELS", "--dataset", "ring8", "--n", "3"),
            "go from 1 to 8, and 'ring8' has 8 classes, which are 0 to 7: number them so",
        ),
        (("--samples", "ARRAY", "--dataset", "ring8"), "neither a folder of images nor"),
    ],
)
def test_bad_input_is_one_sentence(
    place: Path, run: Path, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    np.savez(tmp_path / "samples.npz", images=np.zeros((3, 28, 28), np.uint8))
    np.savez(tmp_path / "floats.npz", images=np.zeros((3, 28, 28)))
    np.savez(tmp_path / "pickle.npz", images=np.array([{}], dtype=object))
    np.savez(tmp_path / "cubes.npz", points=np.zeros((3, 3)))
    np.savez(tmp_path / "words.npz", images=np.zeros((3, 28, 28), np.uint8), labels=["a"] * 3)
    np.savez(tmp_path / "nans.npz", points=np.full((3, 2), np.nan))
    np.savez(tmp_path / "labels.npz", points=np.zeros((3, 2)), labels=[1, 2, 8])
    np.save(tmp_path / "array.npy", np.zeros((3, 28, 28), np.uint8))
    (tmp_path / "text.npz").write_text("no archive")
    words = {
        "RUN": run,
        "DATA": place / "digits",
        "SAMPLES": tmp_path / "samples.npz",
        "FLOATS": tmp_path / "floats.npz",
        "PICKLE": tmp_path / "pickle.npz",
        "CUBES": tmp_path / "cubes.npz",
        "WORDS": tmp_path / "words.npz",
        "NANS": tmp_path / "nans.npz",
        "LABELS": tmp_path / "labels.npz",
        "ARRAY": tmp_path / "array.npy",
        "TEXT": tmp_path / "text.npz",
    }
    before = tree(run)
    result = ganzoo("evaluate", *(words.get(arg, arg) for arg in args))
    assert result.status == 2
    *_, error = result.err.splitlines()  # before it may stand how the data are split
    assert error.startswith("ganzoo: error: ")
    assert result.err.count("ganzoo: error: ") == 1
    assert said in error
    assert tree(run) == before
