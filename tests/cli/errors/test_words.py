"""Every bad name, value, file, folder and place: one line says what is wrong."""

import math
from pathlib import Path

import pytest
import torch
from helpers.cli import TINY, ganzoo
from helpers.refusals import check, refused, write_images

from ganzoo import GanzooError, open_run

pytestmark = pytest.mark.usefixtures("here")

# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["trian"], "there is no command 'trian': did you mean 'train'?"),
        (["zzz"], ("there is no command 'zzz'", "choose from", "train")),
        (["train", "dcgn"], "there is no variant 'dcgn': did you mean 'dcgan'?"),
        (["train", "--steps", 5, "dcgn"], "there is no variant 'dcgn': did you mean 'dcgan'?"),
        (["train", "dcgn", "--lr", 1], "there is no variant 'dcgn': did you mean 'dcgan'?"),
        (["info", "vanila"], "there is no variant 'vanila': did you mean 'vanilla'?"),
        (["train", "--steps", 5], ("name the variant", "vanilla")),
        (["train"], ("name the variant", "vanilla")),
        (["train", "vanilla", "dcgan"], "no place for 'dcgan'"),
        (
            ["train", "vanilla", "--dataset", "ring"],
            "there is no data set 'ring': did you mean 'ring8'?",
        ),
        (["info", "vanilla", "--dataset", "ring"], "did you mean 'ring8'?"),
        (["info", "vanilla", "--dataset", "folder"], "choose one whose shape"),
        (
            ["train", "vanilla", *TINY, "--loss", "hing"],
            "there is no loss 'hing': did you mean 'hinge'?",
        ),
        (
            ["train", "vanilla", "--batchsize", 5],
            "there is no option '--batchsize': did you mean '--batch-size'?",
        ),
        (
            ["train", "vanilla", "--generator-width", 5],
            "there is no option '--generator-width': did you mean '--generator-widths'?",
        ),
        (["list", "--jsn"], "there is no option '--jsn': did you mean '--json'?"),
        (["train", "vanilla", "--qqq", 1], "no option '--qqq': see `ganzoo train --help`"),
        (["train", "wgan", "--loss", "hinge"], "no option '--loss': the critic's estimate of"),
        (["train", "wgan", "--regulariser", "r1"], "'--regulariser': --clip, the bound of"),
        (["train", "wgan-gp", "--regulariser=r1"], "'--regulariser': the gradient penalty that"),
        (["sweep", "r3gan", "--regulariser", "r1"], "'--regulariser': R1 and R2, at every step"),
        (["sweep", "r3gan", "--set", "regulariser=r1"], "'regulariser': R1 and R2, at every step"),
        (["list", "--qqq"], "there is no option '--qqq': see `ganzoo list --help`"),
        (["list", "everything"], ("everything", "see `ganzoo list --help`")),
        (["info"], ("missing", "VARIANT", "`ganzoo info --help`")),
        (["sample", "x"], ("missing", "--out")),
        (["train", "vanilla", "--steps"], "--steps needs a value: see `ganzoo train --help`"),
        (["list", "--json=3"], "--json takes no value: see `ganzoo list --help`"),
        (["check", "folder", "--data-root", "nowhere"], "there is no 'nowhere'"),
        (["recommend", "--hours", "x", "x"], "--hours must be a number above 0, not x"),
        (["recommend", "--hours", 0, "x"], "--hours must be a number above 0, not 0.0"),
        (["classify", "x", "y", "--device", "tpu"], "--device must be one of auto, cpu"),
        (["runs", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_a_name_that_does_not_exist(args: list[object], saying: str | tuple[str, ...]) -> None:
    refused(*args, saying=saying)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["--batch-size", 0], "--batch-size must be at least 1, not 0"),
        (["--batch-size", "many"], "--batch-size must be a whole number, not many"),
        (["--lr", -0.1], "--lr must be above 0, not -0.1"),
        (["--lr", "nan"], "--lr must be a number, not nan"),
        (["--beta1", 2], ("--beta1 must be", "at most 0.9999", "not 2")),
        (["--steps", 0], "--steps must be at least 1, not 0"),
        (["--steps", 1.5], "--steps must be a whole number, not 1.5"),
        (["--epochs", 0], "--epochs must be above 0, not 0"),
        (["--generator-widths", "8,x"], "--generator-widths must be a whole number, not x"),
        (["--generator-widths", "8,0"], "--generator-widths must be at least 1, not 0"),
        (["--prior", "norml"], ("no --prior value 'norml'", "did you mean 'normal'?")),
        (["--image-size", "64by64"], ("--image-size must be", "not 64by64")),
        (["--generator-widths", 10**15], "does not fit into memory: choose a smaller --batch-size"),
        (["--generator-widths", 10**18], "does not fit into memory: choose a smaller --batch-size"),
        (["--latent-dim", 10**30], "--latent-dim must be at most 9223372036854775807"),
        (["--steps", "1e30"], "--steps must be at most 9223372036854775807"),
        (["--epochs", "1e30"], "--steps must be at most 9223372036854775807"),
        (["--seed", -(10**30)], "--seed must be at least"),
        (["--steps", 5, "--epochs", 1], ("--steps and --epochs", "give one of them")),
        (["--batch-size", 70000], ("--batch-size 70000 is larger than the data set", "60000")),
    ],
)
def test_a_value_out_of_range(args: list[object], saying: str | tuple[str, ...]) -> None:
    refused("train", "vanilla", *TINY, *args, saying=saying)


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["sample", "tiny", "--out", "x", "--truncation", "nan"], "--truncation must be a number"),
        (["sample", "tiny", "--out", "x.npz", "--truncation", "1e79"], "draws what is not finite"),
        (["walk", "tiny", "--between", "1,2", "--out", "x.gif", "--truncation", "inf"], "a number"),
        (["sample", "tiny", "--out", "x", "--around", 1, "--spread", "nan"], "and at most 1"),
        (["export", "tiny", "--out", "x", "--format", "torch", "--truncation", "nan"], "a number"),
        (["sample", "tiny", "--out", "x", "--checkpoint", 5000 * "9"], "has no checkpoint '999"),
        (["check", "folder", "--data-root", "tiny", "--pixels", f"bits={5000 * '9'}"], "bits=16"),
        (["sweep", "vanilla", *TINY, "--set", "lr=1", "--jobs", 5000 * "9"], "--jobs must be auto"),
        (["recommend", "x", "--hours", "nan"], "--hours must be a number above 0, not nan"),
        (["bench", "vanilla", "--seconds", "inf"], "--seconds must be a number above 0, not inf"),
    ],
)
def test_a_number_that_is_none(args: list[object], saying: str, tiny: Path) -> None:
    refused(*args, saying=saying)


def test_a_number_that_is_none_from_python(tiny: Path) -> None:
    for number in (math.nan, math.inf, -1.0):
        with pytest.raises(GanzooError, match="--truncation must be a number of at least 0"):
            open_run(tiny).sample(2, truncation=number)


@pytest.mark.parametrize("args", [["--batch-size", 1], ["--batch-size", 4, "--accumulate", 4]])
def test_a_batch_of_one_has_nothing_to_be_normalised_by(args: list[object]) -> None:
    saying = ("finds one alone", "a larger --batch-size", "a smaller --accumulate")
    refused("train", "vanilla", *TINY, *args, "--dry-run", saying=saying)
    check(ganzoo("train", "vanilla", *TINY, *args, "--steps", 2, "--out", "run"), saying)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
@pytest.mark.parametrize("command", [["train", "vanilla", *TINY], ["sample", "tiny", "--out", "x"]])
def test_a_device_that_is_not_there(command: list[str], tiny: Path) -> None:
    refused(*command, "--device", "cuda", saying=("--device cuda cannot be used here", "cpu"))


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        ("stepz = 5", ("there is no setting 'stepz': did you mean 'steps'?", "settings.toml")),
        ("batch-siz = 5", ("no setting 'batch-siz': did you mean 'batch-size'?", "settings.toml")),
        ("batch_siz = 5", "there is no setting 'batch_siz': did you mean 'batch_size'?"),
        ("steps = ", ("settings.toml is not TOML", "lines such as `steps = 1000`", "line 1")),
        ("batch-siz = 5\nbatch_siz = 6", ("has both batch-siz and batch_siz", "settings.toml")),
        ("batch_size = 5\nbatch-size = 6", ("has both batch-size and batch_size", "leave one out")),
        ("steps = 5\nsteps = 6", "it says the same twice (in line 2)"),
        ("loss = 'hinge", "a text does not end with the quote that it begins with"),
        ("generator-widths = [8, 8", "a bracket is not closed (in line 1)"),
        ("steps = 5 lr = 1", "something follows on a value (in line 1)"),
        ("lr = " + 100_000 * "[", ("settings.toml is not TOML", "nested too deeply")),
        ("steps = 5\nlr = 1e", ("settings.toml is not TOML", "line 2")),
        ("batch-size = 0", ("--batch-size must be at least 1, not 0", "settings.toml")),
        ("batch-size = true", ("--batch-size must be a whole number", "settings.toml")),
        ("[training]\nsteps = 5", ("table [training]", "settings.toml")),
        ("variant = 'dcgn'", "there is no variant 'dcgn'"),
        ("steps = 5\nepochs = 1", "--steps and --epochs"),
    ],
)
def test_a_config_file_that_is_wrong(content: str, saying: str | tuple[str, ...]) -> None:
    Path("settings.toml").write_text(content)
    name = [] if "variant" in content else ["vanilla"]
    refused("train", *name, *TINY[:2], "--config", "settings.toml", saying=saying)


def test_a_config_file_without_a_name_is_none() -> None:
    """As of a shell's variable that is not set."""
    refused("train", "vanilla", *TINY, "--steps", 1, "--config", "", saying="cannot be read")


def test_a_config_file_that_is_not_there() -> None:
    refused("train", "vanilla", "--config", "no.toml", saying=("no.toml cannot be read", "No such"))


def test_a_folder_that_is_missing_or_empty_or_holds_no_images() -> None:
    folder = ("train", "vanilla", "--dataset", "folder")
    refused(*folder, saying="--dataset folder needs --data-root")
    refused(*folder, "--data-root", "nowhere", saying=("there is no folder", "nowhere"))
    Path("empty").mkdir()
    refused(*folder, "--data-root", "empty", saying=("empty", "holds no images"))
    Path("text").mkdir()
    Path("text/a.txt").write_text("hello")
    refused(*folder, "--data-root", "text", saying=("text", "holds no images"))
    Path("lies").mkdir()
    Path("lies/a.png").write_text("hello")
    refused(*folder, "--data-root", "lies", saying=("of 1 file in", "none can be read"))


def test_images_too_small_for_the_network() -> None:
    write_images(Path("small"), 8)
    args = ("train", "dcgan", "--dataset", "folder", "--data-root", "small", "--image-size", 8)
    refused(*args, "--batch-size", 2, saying=("8x8", "28"))


def test_points_for_a_network_of_images() -> None:
    refused("train", "dcgan", "--dataset", "ring8", saying=("ring8", "images"))


def test_a_download_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    Path("data").mkdir()
    args = ("train", "vanilla", "--dataset", "mnist", "--data-root", "data")
    refused(*args, saying=("mnist could not be downloaded", "put its files into", "data/MNIST"))


# --- places --------------------------------------------------------------------------------------


def test_an_output_folder_that_cannot_be_written(tiny: Path) -> None:
    Path("file").write_text("mine")
    for out in ("file/below", "/proc/x/y"):
        refused("train", "vanilla", *TINY, "--out", out, saying=(out, "cannot be written"))
        refused("sample", tiny, "--out", f"{out}.npz", saying=(out, "cannot be written"))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("sample", "RUN"), "below.npz"),
        (("sample", "RUN"), "below.png"),
        (("project", "RUN", "image.png"), "below"),
        (("reconstruct", "RUN", "--input", "images"), "below.npz"),
        (("translate", "RUN", "--input", "images"), "below"),
        (("export", "RUN", "--format", "torch"), "below"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_told_of_before_the_work_begins(
    command: tuple[str, ...], name: str, tiny: Path
) -> None:
    Path("file").write_text("mine")
    saying = f"file/{name} cannot be written (Not a directory: '{Path('file').absolute()}')"
    of_tiny = [tiny if word == "RUN" else word for word in command]
    refused(*of_tiny, "--out", f"file/{name}", saying=saying)
    assert Path("file").read_text() == "mine"


def test_an_output_folder_that_holds_something(tiny: Path) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    refused("train", "vanilla", *TINY, "--out", "full", saying="full exists already")
    refused("train", "vanilla", *TINY, "--out", "full/mine.txt", saying="exists already")
    refused("sample", tiny, "--out", "full", "--format", "files", saying="full exists already")
    Path("mine.npz").write_text("mine")
    refused("sample", tiny, "--out", "mine.npz", saying="mine.npz exists already")


def test_a_directory_that_is_no_run() -> None:
    Path("no-run").mkdir()
    refused("train", "--resume", "no-run", saying="no-run is not a run directory")
    refused("sample", "no-run", "--out", "x.npz", saying="no-run is not a run directory")
    refused("train", "--resume", "nowhere", saying="nowhere does not exist")
    refused("sample", "nowhere", "--out", "x.npz", saying="nowhere does not exist")


# --- sampling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["--out", "x.npz", "--n", 0], "--n must be at least 1, not 0"),
        (
            ["--out", "seven.jpg"],
            "--out seven.jpg must be a folder, or a name ending in .npz or .png",
        ),
        (["--out", "x.npz", "--n", "few"], ("--n", "few", "`ganzoo sample --help`")),
        (["--out", "x.npz", "--seed", -1], "--seed must be at least 0"),
        (["--out", "x.npz", "--label", 3], "--label needs a conditional variant"),
        (["--out", "x", "--format", "jpg"], ("--format", "jpg")),
    ],
)
def test_samples_that_cannot_be_drawn(
    args: list[object], saying: str | tuple[str, ...], tiny: Path
) -> None:
    refused("sample", tiny, *args, saying=saying)


@pytest.mark.parametrize("dataset", ["glyphs", "ring8"])
def test_a_folder_for_data_that_has_no_files(dataset: str, tmp_path: Path) -> None:
    result = ganzoo(
        *(
            "train",
            "vanilla",
            "--dataset",
            dataset,
            "--data-root",
            tmp_path,
            "--out",
            tmp_path / "r",
        )
    )
    assert result.status == 2
    assert f"'{dataset}' is drawn on the spot and reads no files" in result.err
    assert not (tmp_path / "r").exists()
