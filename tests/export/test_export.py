"""What is exported does without ganzoo what it did with it."""

import json
import re
import resource
from functools import partial
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from helpers.cli import ganzoo
from helpers.exports import make_loaded, needs_onnx, use
from helpers.games import Toy, ToyConfig
from helpers.zoo import NAMES, make_small
from PIL import Image

from ganzoo.abilities import Classifier, Encoder, Enlarger, Restorer, Translator, draws
from ganzoo.errors import GanzooError
from ganzoo.export import formats
from ganzoo.export.formats import followed
from ganzoo.export.go import SIZES, export
from ganzoo.export.network import Subject, prior_of
from ganzoo.export.use import interface
from ganzoo.export.web import RUNTIME, commands
from ganzoo.networks import sample_prior
from ganzoo.runs.run import Run
from ganzoo.spec import DataSpec
from ganzoo.variant import Variant

ABILITIES = {
    Enlarger: "enlarger",
    Restorer: "restorer",
    Encoder: "encoder",
    Classifier: "classifier",
}
README = Path(__file__).parents[2] / "README.md"
BEFORE = Path(__file__).parents[1] / "runs" / "before"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Digits of a class, drawn by a small network."""
    return Path(copytree(BEFORE / "cgan", tmp_path / "cgan"))


@pytest.fixture
def points(tmp_path: Path) -> Path:
    return Path(copytree(BEFORE / "vanilla", tmp_path / "ring"))


def test_torch_alone_draws_what_the_readme_says(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ganzoo("export", trained, "--format", "torch", "--out", tmp_path / "digits")
    assert done.status == 0
    assert done.err.startswith("writing generator.pt2, which may take")
    assert "opened again and compared: no number differs by more than " in done.out
    used = use(tmp_path / "digits", monkeypatch)
    subject = Subject(make_loaded(trained))
    latent, label = torch.from_numpy(used["latent"]), torch.from_numpy(used["label"])
    assert subject.prior == "uniform"
    expected = subject.networks[0](latent, label).numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-5)
    pictures = sorted((tmp_path / "digits").glob("sample-*.png"))
    assert len(pictures) == 16
    assert Image.open(pictures[0]).size == (28, 28)


EVIL = ["<img src=x onerror=f()>", "\x1b[31mred\x07", "a|b`c`](http:", "&lt;b&gt;", "x\n---\ny"]


def test_nothing_that_a_stranger_has_written_is_markup_in_the_readme(
    trained: Path, tmp_path: Path
) -> None:
    """Nor obeyed by the terminal of whoever reads it there."""
    record = json.loads((trained / "run.json").read_text())
    record["data"]["class_names"][: len(EVIL)] = EVIL
    record["data"]["name"] = "".join(EVIL)
    record["versions"] |= {"<b>": EVIL[0]}
    (trained / "run.json").write_text(json.dumps(record))
    done = ganzoo("export", trained, "--format", "huggingface", "--out", tmp_path / "out")
    assert done.status == 0, done.err
    for line in (tmp_path / "out" / "README.md").read_text().split("\n"):
        assert not re.search(r"(?<!\\)<(img|b)|(?<!\\)\]\(http:|(?<!\\)&lt", line), line
        assert line.isprintable()


def test_a_truncation_becomes_a_part_of_the_network(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the line of the README."""
    monkeypatch.chdir(tmp_path)
    _, line, *_ = re.findall(r"^ganzoo (export .*?)  +#", README.read_text(), re.MULTILINE)
    done = ganzoo(*line.replace("runs/00001-dcgan-mnist", str(trained)).split())
    assert done.status == 0, done.err
    out = tmp_path / "better"
    used = use(out, monkeypatch)
    latent, label = torch.from_numpy(used["latent"]), torch.from_numpy(used["label"])
    variant = make_loaded(trained)
    with torch.no_grad():
        expected = variant.truncated(latent, 0.5, label).numpy()
        whole = variant(latent, label).numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-6)
    assert abs(whole - expected).max() > 1e-5  # it is hardly trained
    assert json.loads((out / "config.json").read_text())["truncation"] == 0.5
    assert "truncation of ψ = 0.5" in (out / "README.md").read_text()
    weights = ("export", trained, "--format", "safetensors", "--truncation", 0.5)
    refused = ganzoo(*weights, "--out", tmp_path / "weights")
    assert "safetensors holds weights alone" in refused.err


@needs_onnx
def test_the_line_of_the_readme_writes_what_onnxruntime_draws(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, *_ = re.findall(r"^ganzoo (export .*?)  +#", README.read_text(), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    assert ganzoo(*line.replace("runs/00001-dcgan-mnist", str(trained)).split()).status == 0
    used = use(tmp_path / "digits", monkeypatch)
    latent, label = torch.from_numpy(used["latent"]), torch.from_numpy(used["label"])
    expected = Subject(make_loaded(trained)).networks[0](latent, label).numpy()
    np.testing.assert_allclose(used["samples"], expected, atol=1e-4)
    config = json.loads((tmp_path / "digits" / "config.json").read_text())
    assert config["versions"]["opset"] == "20"
    card = (tmp_path / "digits" / "README.md").read_text()
    page = (tmp_path / "digits" / "index.html").read_text()
    for command in commands():
        assert f"\n{command}\n" in card
        assert command in page
    for file in RUNTIME:
        assert f"<code>{file}</code>" in page
    for words in ('create("generator.onnx")', "[n, 4]", "k % 10", "length: n * size }, uniform)"):
        assert words in page
    assert config["networks"] == {"generator.onnx": {"latent": [4], "label": []}}


def test_weights_are_read_without_torch(
    points: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(points, "safetensors", tmp_path / "weights")
    tensors = use(tmp_path / "weights", monkeypatch)["tensors"]
    original = Run.open(points).latest_checkpoint() / "weights.safetensors"
    assert tensors.keys() == formats.load_file(original).keys()


def test_what_the_training_measured_is_told_where_nothing_else_is(
    trained: Path, tmp_path: Path
) -> None:
    """'It was not evaluated' stood there, although --evaluate-every had measured it."""
    export(trained, "safetensors", tmp_path / "none")
    assert "It was not evaluated: `" in (tmp_path / "none" / "README.md").read_text()
    record = json.loads((trained / "run.json").read_text())
    record |= {"quality_protocol": "in training; x"}
    (trained / "run.json").write_text(json.dumps(record))
    run = Run.open(trained)
    for step, value in ((1, 7.5), (10**6, 8.5)):
        run.append_metrics({"step": step, "quality/frechet": value, "quality/recall": 0.25})
    export(trained, "safetensors", tmp_path / "some")
    text = (tmp_path / "some" / "README.md").read_text()
    assert "not evaluated" not in text
    assert "against the training split, and not the test split. Step 1" in text
    assert ": frechet 7.5, recall 0.25\n" in text
    assert "- protocol: in training; x" in text


def test_a_hub_finds_its_facts_and_what_was_measured(trained: Path, tmp_path: Path) -> None:
    from ganzoo.runs import evaluations

    scores = [
        {"name": "recall", "value": 0.5, "better": "higher", "real": 0.75},
        {"name": "precision", "value": 0.9, "better": "higher", "real": 0.2},
    ]
    evaluations.store(trained, 1, {"protocol": "by | hand", "scores": scores})
    export(trained, "huggingface", tmp_path / "hub")
    text = (tmp_path / "hub" / "README.md").read_text()
    front = text.split("---\n")[1].splitlines()
    assert front[:2] == ["license: other", "library_name: ganzoo"]
    for words in (
        "| score | value | real data | better | what it is |\n|---|---|---|---|---|\n| recall |",
        "| recall | 50.0% | 75.0% | higher | share of real ones",
        "- on the way: samples look more like the data than they are varied\n- these scores tell",
        "protocol: by \\| hand",
        "known to have been tried with this implementation on such data",
        "On other data (mnist) some of it was tried",
        "is under Apache-2.0",
        "classes: 0, 1, 2",
        "load it from whom you trust",
    ):
        assert words in text, words
    assert {path.name for path in (tmp_path / "hub").iterdir()} == {
        *("README.md", "config.json", "generator.pt2", "generator.safetensors", "samples.png"),
        ".ganzoo",
    }


def test_claims_of_the_data_that_were_trained_on_are_listed(trained: Path, tmp_path: Path) -> None:
    settings = json.loads((trained / "run.json").read_text())
    settings["training"]["dataset"] = "mnist"
    (trained / "run.json").write_text(json.dumps(settings))
    export(trained, "safetensors", tmp_path / "weights")
    text = (tmp_path / "weights" / "README.md").read_text()
    for path in (tmp_path / "weights").iterdir():
        assert path.name == "README.md" or f"- `{path.name}`: " in text
    assert "tried with this implementation on mnist (not with these weights)" in text
    assert "| `cgan` | " in text
    assert "On other data" not in text


def test_points_of_another_prior_are_drawn_from_latents_that_come_with_it(
    points: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subject, "prior", "")
    export(points, "torch", tmp_path / "points")
    used = use(tmp_path / "points", monkeypatch)
    assert np.load(tmp_path / "points" / "samples.npy").shape == (16, 2)
    assert np.load(tmp_path / "points" / "latents.npy").shape[0] == 1000
    assert used["samples"].dtype == np.float32


def test_latents_of_more_than_z_are_explained() -> None:
    subject = Subject(make_small("fastgan").variant.eval())
    (network,) = subject.networks
    z = subject.variant.config.latent_dim
    assert f"; z is {z} of them, the others are what" in interface(subject, network)[0]
    subject = Subject(make_small("dcgan").variant.eval())
    assert "z is" not in interface(subject, subject.networks[0])[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_is_followed_for_any_number_of_samples(name: str) -> None:
    variant = make_small(name).variant.eval()
    if isinstance(variant, Translator) and variant.stochastic:
        with pytest.raises(GanzooError, match="translates by chance"):
            assert Subject(variant).networks
        variant = make_small(name, dropout=0.0).variant.eval()
    asked = {}
    if isinstance(variant, Translator) and (known := variant.controls()):
        with pytest.raises(GanzooError, match="--set NAME=VALUE, where NAME is "):
            assert Subject(variant).networks
        asked = {next(iter(known)): "1"}
    subject = Subject(variant, asked=asked)
    names = []
    if draws(variant):
        names.append("generator")
    if isinstance(variant, Translator):
        names += [direction.name for direction in variant.directions]
    for ability, file in ABILITIES.items():
        if isinstance(variant, ability):
            names.append(file)
    assert [network.name for network in subject.networks] == names
    for network in subject.networks:
        program = followed(network).module()
        for size in SIZES:
            inputs = network.sample_inputs(size)
            torch.testing.assert_close(program(*inputs), network(*inputs), rtol=0, atol=1e-5)
    if names == ["generator"]:
        there = {key.split(".")[1] for key in subject.networks[0].module.state_dict()}
        assert there & {"discriminator"} <= {*subject.variant.published}


def test_a_program_holds_nothing_pickled(points: Path, tmp_path: Path) -> None:
    import zipfile

    export(points, "torch", tmp_path / "points")
    with zipfile.ZipFile(tmp_path / "points" / "generator.pt2") as archive:
        for file in archive.namelist():
            assert not archive.read(file).startswith((b"\x80", b"PK")), file


@pytest.mark.parametrize("form", ["torch", "safetensors"])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    points: Path, tmp_path: Path, form: str
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = ganzoo("export", points, "--format", form, "--out", tmp_path / "there")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.status == 2
    assert "there cannot be written" in result.err
    assert not (tmp_path / "there").exists()


def test_what_is_missing_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        formats, "find_spec", lambda name: None if name == "onnxscript" else SimpleNamespace()
    )
    done = ganzoo("export", tmp_path / "no run", "--format", "onnx", "--out", tmp_path / "out")
    assert done.status == 2
    assert "--format onnx needs onnxscript: pip install 'ganzoo-core[onnx]'" in done.err


def test_what_cannot_be_exported_is_refused_and_nothing_is_left(
    points: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(GanzooError, match="exists already: choose another --out"):
        export(points, "torch", tmp_path / "full")
    with pytest.raises(GanzooError, match="has no checkpoint 'best'"):
        export(points, "torch", tmp_path / "out", "best")
    with monkeypatch.context() as patch:
        forged = lambda self, network, path: lambda *inputs: network(*inputs) + 1  # noqa: E731
        patch.setattr(formats.Torch, "open", forged)
        with pytest.raises(GanzooError, match=r"not the same .* \(numbers differ by 1\)"):
            export(points, "torch", tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"full", "ring"}


def test_one_that_makes_nothing_is_refused() -> None:
    class Silent(Toy):
        sample_latent = Variant.sample_latent

    silent = Silent(ToyConfig(), DataSpec.points(2))
    with pytest.raises(GanzooError, match="Silent has nothing to export: it neither draws"):
        _ = Subject(silent).networks


NORMAL, UNIFORM = (partial(sample_prior, prior, 4096) for prior in ("normal", "uniform"))


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda cpu: NORMAL(8, cpu), "normal"),
        (lambda cpu: UNIFORM(8, cpu), "uniform"),
        (lambda cpu: NORMAL(1, cpu), "normal"),
        (lambda cpu: (UNIFORM(8, cpu) + 1) / 2, ""),
        (lambda cpu: NORMAL(8, cpu) * 1.2, ""),
        (lambda cpu: NORMAL(1, cpu).expand(-1, 8), ""),
        (lambda cpu: torch.eye(8).repeat(512, 1), ""),
    ],
)
def test_a_prior_is_known_by_what_it_draws(draw: Any, name: str) -> None:
    torch.manual_seed(0)
    assert prior_of(draw(torch.device("cpu"))) == name
