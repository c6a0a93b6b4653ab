"""What the hard games' abilities do on the command line, as third-party variants have them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from helpers.cli import Result, ganzoo
from PIL import Image

import ganzoo as ganzoo_library
from ganzoo.errors import GanzooError
from ganzoo.library.making.maker import Fitted

INIT = """
from ganzoo import DatasetSpec, EvaluatorSpec, Field, Need, VariantSpec, hookimpl

GROUP = (Field("source", "image", (3, 8, 12)), Field("target", "image", (3, 8, 12)))

@hookimpl
def ganzoo_register_datasets():
    at = "ganzoo_toy.variant:load"
    return [DatasetSpec("toy-pairs", at, "negatives", "3x8x12", groups=(GROUP,))]

@hookimpl
def ganzoo_register_variants():
    needs = ((Need(("image",), "source"), Need(("image",), "target")),)
    at = "ganzoo_toy.variant:Toy"
    return [VariantSpec("toy", at, "Toy", 2026, needs=needs, dataset="toy-pairs")]

@hookimpl
def ganzoo_register_evaluators():
    at = "ganzoo_toy.variant:brightness"
    return [EvaluatorSpec("brightness", at, "how light samples are", kinds=("image",))]
"""
VARIANT = """
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import SGD, Dataset, DataSpec, Phase, Player, Variant, option
from ganzoo.abilities import Control, Direction, Encoder, Translator
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.score import ScoreKind
from ganzoo_toy import GROUP


def load(request):
    generator = torch.Generator().manual_seed(len(request.split))
    source = torch.randint(256, (60, 3, 8, 12), generator=generator, dtype=torch.uint8)
    spec = DataSpec((GROUP,), "toy-pairs")
    return Dataset(spec, {"source": source, "target": 255 - source})


@dataclass(frozen=True)
class Config:
    lr: float = option(0.0, "learning rate", minimum=0)


class Toy(Variant, Translator, Encoder):
    "There is the negative; `shade` is added to it, `tint` decides how, and chance, if `noisy`."

    Config = Config
    directions = (Direction("there", "source", "target"),)
    stochastic = True

    @classmethod
    def recipe(cls, data):
        return {"steps": 2, "batch_size": 4}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = nn.Conv2d(3, 3, 1, bias=False)
        with torch.no_grad():
            self.generator.weight.copy_(-torch.eye(3)[:, :, None, None])

    def players(self):
        return {"g": Player(("generator",), SGD(self.config.lr))}

    def phases(self):
        return [Phase("g", "g", self.loss)]

    def loss(self, batch):
        made = self.generator(batch.data["source"])
        return (made - batch.data["target"]).abs().mean()

    def controls(self):
        return {"shade": Control("what is added"), "tint": Control("how", ("up", "down", "noisy"))}

    def translate(self, image, direction, shade=0.0, tint="up"):
        if tint == "noisy":
            shade = shade * torch.rand(len(image), 1, 1, 1, device=self.device)
        return self.generator(image) + (-shade if tint == "down" else shade)

    def sample_latent(self, n):
        return torch.randn(n, 3, 8, 12, device=self.device)

    def forward(self, latent, label=None):
        return self.generator(latent).clamp(-1, 1)

    def encode(self, image):
        return -image

    def gallery(self, examples):
        return self.generator(examples["source"])


class Brightness(Evaluator):
    scores = (ScoreKind("brightness", "higher", "mean of all pixels", share=True),)
    looks_at = frozenset({"samples"})
    quick = True

    def judge(self, exam):
        real = exam.ground.wanted_samples.double().mean().item() / 255
        yield self.scores[0].of(exam.drawn.samples.double().mean().item() / 255, real)


brightness = Brightness()
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run lies that the first test trains, for all others to copy."""
    return tmp_path_factory.mktemp("trained") / "run"


@pytest.fixture
def run(
    install: Callable[..., None], trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run of a translator on one group of pairs, in a folder that is the current one."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (12, 8), (200, 100, 50)).save("photo.png")
    if not trained.exists():
        result = ganzoo("train", "toy", "--out", trained, "--evaluate-every", 1, "--log-every", 1)
        assert result.status == 0, result.err
    return Path(copytree(trained, tmp_path / "run"))


def translate(*args: object) -> Result:
    return ganzoo("translate", "run", "--input", "photo.png", *args)


def colour(path: str) -> tuple[int, ...]:
    return tuple(np.asarray(Image.open(path))[0, 0].tolist())


@pytest.mark.usefixtures("run")
def test_the_only_direction_needs_no_name() -> None:
    assert translate("--out", "out").status == 0
    assert colour("out/photo.png") == (55, 155, 205)


@pytest.mark.usefixtures("run")
def test_controls_are_numbers_and_choices() -> None:
    asked = ("--set", "shade=0.4", "--set", "tint=down")
    assert translate("--out", "out", *asked).status == 0
    assert colour("out/photo.png") == (4, 104, 154)  # 0.4 * 127.5 less


@pytest.mark.usefixtures("run")
def test_a_seed_decides_what_chance_makes() -> None:
    asked = ("--set", "shade=0.5", "--set", "tint=noisy")
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert translate("--out", out, *asked, "--seed", seed).status == 0
    assert translate("--out", "d", *asked).status == 0
    first, again, other, unsaid = (colour(f"{out}/photo.png") for out in "abcd")
    assert first == again == unsaid != other


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--set", "shade=dark"), r"--set shade takes a number, not 'dark'"),
        (("--set", "tint=upp"), r"there is no value of tint 'upp': did you mean 'up'\?"),
        (("--set", "hue=1"), r"there is no control 'hue'"),
        (("--set", "shade=1", "--set", "shade=2"), r"says twice what shade is"),
        (("--direction", "a2b"), r"there is no direction 'a2b': choose from there"),
    ],
)
def test_what_cannot_be_asked_for(args: tuple[str, ...], problem: str) -> None:
    result = translate("--out", "out", *args)
    assert result.status == 2
    assert re.search(problem, result.err), result.err
    assert not Path("out").exists()


def test_a_translator_of_one_domain_is_evaluated_in_each_of_its_abilities(run: Path) -> None:
    result = ganzoo("evaluate", "run", "--n", 30, "--json", "--metrics", "pairs,energy,brightness")
    assert result.status == 0, result.err
    record = json.loads(result.out)
    found = {score["name"]: score for score in record["scores"]}
    assert found["there_l1"]["value"] == 0
    assert found["there_input_l1"]["value"] > 0.2
    assert found["energy"]["value"] > 0
    assert found["brightness"]["real"] == pytest.approx(0.5, abs=0.05)
    assert not [name for name in found if "cycle" in name]
    assert "fake 30; real 30" in record["protocol"]
    assert record["protocol"].endswith("made 30")
    one = ganzoo("evaluate", "run", "--n", 30, "--json", "--metrics", "there_mean_l1")
    assert "there_mean_l1" in {score["name"] for score in json.loads(one.out)["scores"]}
    refused = ganzoo("evaluate", "run", "--n", 30, "--metrics", "back_l1")
    assert "'back_l1' cannot be measured of run" in refused.err
    only = json.loads(ganzoo("evaluate", "run", "--n", 30, "--json", "--metrics", "pairs").out)
    assert "fake 30" in only["protocol"]
    assert "made" not in only["protocol"]


def test_the_table_says_what_a_plugins_score_means(run: Path) -> None:
    out = ganzoo("evaluate", "run", "--n", 30, "--metrics", "brightness").out
    (line,) = (line for line in out.splitlines() if line.startswith("brightness"))
    assert "%" in line
    assert "mean of all pixels" in line
    listed = ganzoo("evaluators", "--json").out
    (row,) = (row for row in json.loads(listed) if row["name"] == "brightness")
    assert (row["plugin"], row["data"], row["judges"]) == ("ganzoo-toy", "image", "sampler")
    (plugin,) = (
        row for row in json.loads(ganzoo("plugins", "--json").out) if row["plugin"] == "ganzoo-toy"
    )
    assert plugin["evaluators"] == ["brightness"]


def test_a_training_is_watched_by_all_that_is_quick(run: Path) -> None:
    records = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    (watched, _) = (record for record in records if "quality/psnr" in record)
    assert {name for name in watched if name.startswith("quality/")} == {
        f"quality/{name}"
        for name in ("l1", "psnr", "ssim", "sharpness", "brightness", "reconstruction_l1",
                     "reconstruction_psnr", "reconstruction_ssim", "reconstruction_sharpness",
                     "memorised", "copied", "frechet", "precision", "recall")
    }  # fmt: skip
    settings = json.loads((run / "run.json").read_text())
    data, by, *numbers = settings["quality_protocol"].removeprefix("in training; ").split("; ")
    assert data == "toy-pairs 3x8x12, training split"
    assert re.fullmatch("photos [0-9a-f]{12} of ganzoo-features", by)
    assert numbers == ["fake 2000", "real 60", "translated 60"]
    assert settings["quality_better"]["l1"] == "lower"
    assert settings["quality_better"]["psnr"] == "higher"


@pytest.mark.usefixtures("run")
def test_what_is_encoded_is_reconstructed() -> None:
    made = ganzoo("reconstruct", "run", "--input", "photo.png", "--out", "again")
    assert made.status == 0, made.err
    assert colour("again/photo.png") == (200, 100, 50)
    found = ganzoo("reconstruct", "run", "--input", "photo.png", "--out", "latents.npz")
    assert found.status == 0, found.err
    with np.load("latents.npz") as arrays:
        assert arrays["files"].tolist() == ["photo.png"]
        assert arrays["latents"].shape == (1, 3, 8, 12)
        assert arrays["latents"][0, 0] == pytest.approx(1 - 200 / 127.5)
    again = ganzoo("reconstruct", "run", "--input", "photo.png", "--out", "latents.npz")
    assert again.status == 2
    assert "exists already" in again.err


def test_python_does_the_same(run: Path) -> None:
    opened = ganzoo_library.open_run(run)
    picture = Image.open("photo.png")
    for given in ("photo.png", [Path("photo.png")], picture, np.asarray(picture), [picture]):
        made = opened.translate(given, shade=0.4, tint="down")
        assert made.array[0, 0, 0].tolist() == [4, 104, 154]
    assert made.names == ("00000",)
    assert opened.translate("photo.png").names == ("photo",)
    assert opened.reconstruct(picture).array[0, 0, 0].tolist() == [200, 100, 50]
    latents = opened.encode([picture, picture])
    assert latents.shape == (2, 3, 8, 12)
    assert latents[0, 0, 0, 0] == pytest.approx(1 - 200 / 127.5)
    made.save("made")
    assert (colour("made/00000.png"), Path("made/samples.json").exists()) == ((4, 104, 154), True)
    said: list[str] = []
    opened.translate(["photo.png", "none.png"], report=said.append)
    assert said == ["skipped 'none.png': No such file or directory"]
    with pytest.raises(GanzooError, match="there is no control 'hue'"):
        opened.translate(picture, hue=1)
    with pytest.raises(GanzooError, match=r"must be uint8 .* and this is float64 \(8, 12, 3\)"):
        opened.translate(np.zeros((8, 12, 3)))


def test_what_was_scaled_and_cropped_is_said_in_one_sentence(tmp_path: Path) -> None:
    fitted = Fitted(8, 12)
    for number, size in enumerate([(12, 8), (24, 16), (10, 10)]):
        Image.new("L", size).save(tmp_path / f"{number}.png")
        fitted.see(tmp_path / f"{number}.png")
        assert bool(fitted.sentence) == (number > 0)
    assert fitted.sentence == (
        "2 of 3 images were scaled to the run's size of 8x12, and 1 of these cropped to its shape"
    )
    aside = Image.new("L", (8, 12))
    exif = aside.getexif()
    exif[0x0112] = 6
    aside.save(tmp_path / "aside.jpg", exif=exif)
    fitted.see(tmp_path / "aside.jpg")
    assert "2 of 4 images" in fitted.sentence
