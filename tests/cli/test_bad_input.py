"""Every bad input: exit status 2, one line that says what is wrong, and nothing is touched."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from helpers.cli import TINY, Result, ganzoo, spawn, train_tiny, tree
from PIL import Image
from safetensors.torch import load_file

from ganzoo.engine.engine import Engine

STATE, WEIGHTS = "state.safetensors", "weights.safetensors"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("trained") / "tiny")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; what is cached lies beside it."""
    for name in ("GANZOO_DATA", "GANZOO_DISABLE", "GANZOO_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def tiny(trained: Path, here: Path) -> Path:
    """A finished run of five steps that a test may damage."""
    shutil.copytree(trained, here / "tiny")
    return Path("tiny")


def checkpoint(run: Path) -> Path:
    return run / "checkpoints" / "00000005"


def refused(*args: object, saying: str | tuple[str, ...]) -> None:
    """Assert that ``ganzoo ARGS`` is refused with these words, and changes no file."""
    before = tree(Path())
    check(ganzoo(*args), saying)
    assert tree(Path()) == before


def check(result: Result, saying: str | tuple[str, ...], status: int = 2) -> None:
    assert result.status == status, result.out + result.err
    assert result.err.count("\n") == 1
    assert result.err.startswith("ganzoo: error: ")
    assert result.err.endswith("\n")
    assert "Traceback" not in result.out + result.err
    for words in (saying,) if isinstance(saying, str) else saying:
        assert words in result.err


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
        (["train", "wgan", "--loss", "hinge"], "no option '--loss': see `ganzoo train --help`"),
        (["list", "--qqq"], "there is no option '--qqq': see `ganzoo list --help`"),
        (["list", "everything"], ("everything", "see `ganzoo list --help`")),
        (["info"], ("missing", "VARIANT", "`ganzoo info --help`")),
        (["sample", "x"], ("missing", "--out")),
        (["train", "vanilla", "--steps"], ("--steps", "requires an argument")),
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
        (["--steps", 5, "--epochs", 1], ("--steps and --epochs", "give one of them")),
        (["--batch-size", 70000], ("--batch-size 70000 is larger than the data set", "60000")),
    ],
)
def test_a_value_out_of_range(args: list[object], saying: str | tuple[str, ...]) -> None:
    refused("train", "vanilla", *TINY, *args, saying=saying)


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
        ("steps = ", ("settings.toml is not TOML", "line 1")),
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


def test_a_config_file_that_is_not_there() -> None:
    refused("train", "vanilla", "--config", "no.toml", saying=("no.toml cannot be read", "No such"))


# --- data ----------------------------------------------------------------------------------------


def write_images(folder: Path, size: int, count: int = 12) -> None:
    folder.mkdir()
    for i in range(count):
        Image.new("L", (size, size), 20 * i).save(folder / f"{i:02d}.png")


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
    refused(*folder, "--data-root", "lies", saying=("none of the 1 files", "can be read"))


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


# --- checkpoints ---------------------------------------------------------------------------------


def resume(run: Path) -> tuple[object, ...]:
    return ("train", "--resume", run, "--steps", 10)


def both_refuse(run: Path, *saying: str) -> None:
    """Assert that neither resuming nor sampling accepts the run."""
    refused(*resume(run), saying=saying)
    refused("sample", run, "--out", "x.npz", saying=saying)


def test_a_truncated_checkpoint(tiny: Path) -> None:
    for name in (STATE, WEIGHTS):
        file = checkpoint(tiny) / name
        file.write_bytes(file.read_bytes()[:-1])
    refused(*resume(tiny), saying=(STATE, "damaged", "to go on from step 0"))
    refused("sample", tiny, "--out", "x.npz", saying=(WEIGHTS, "damaged"))


def test_a_checkpoint_with_one_flipped_byte(tiny: Path) -> None:
    for name in (STATE, WEIGHTS):
        file = checkpoint(tiny) / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    refused(*resume(tiny), saying=(STATE, "damaged"))
    refused("sample", tiny, "--out", "x.npz", saying=(WEIGHTS, "damaged"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_in_place_of_a_checkpoint(tiny: Path, zipped: bool) -> None:
    for name in (STATE, WEIGHTS):
        file = checkpoint(tiny) / name
        torch.save({"weight": torch.ones(3)}, file, _use_new_zipfile_serialization=zipped)
    both_refuse(tiny, "is a pickle", "safetensors only")


def test_a_checkpoint_that_is_not_there(tiny: Path) -> None:
    for name in (STATE, WEIGHTS):
        (checkpoint(tiny) / name).unlink()
    both_refuse(tiny, "damaged")
    shutil.rmtree(tiny / "checkpoints")
    both_refuse(tiny, "tiny has no checkpoint yet")


def test_a_checkpoint_of_another_shape(tiny: Path) -> None:
    other = train_tiny(Path("other"), "--generator-widths", "9", "--discriminator-widths", "9")
    shutil.rmtree(checkpoint(tiny))
    shutil.copytree(checkpoint(other), checkpoint(tiny))
    both_refuse(tiny, "does not fit the variant", "(9,) in the file", "(8,) in the network")


def test_a_checkpoint_of_another_variant(tiny: Path) -> None:
    write_images(Path("images"), 28)
    result = ganzoo(
        *("train", "dcgan", "--dataset", "folder", "--data-root", "images", "--image-size", 28),
        *("--batch-size", 2, "--width", 1, "--steps", 5, "--out", "other"),
    )
    assert result.status == 0, result.err
    shutil.rmtree(checkpoint(tiny))
    shutil.copytree(checkpoint(Path("other")), checkpoint(tiny))
    both_refuse(tiny, "a checkpoint of dcgan for 1x28x28", "not of vanilla for 2")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sha256": 3}', '{"sha256": {}}'])
def test_a_damaged_manifest(tiny: Path, content: str) -> None:
    (checkpoint(tiny) / "manifest.json").write_text(content)
    both_refuse(tiny, "manifest.json", "damaged")


def test_a_damaged_run_is_named_beside_the_list(tiny: Path) -> None:
    (tiny / "run.json").write_text("{")
    listed = ganzoo("runs", tiny.parent)
    assert listed.status == 0
    assert "left out: " in listed.err
    assert "run.json" in listed.err


def test_damaged_settings(tiny: Path) -> None:
    settings = json.loads((tiny / "run.json").read_text())
    for content in (
        "",
        "{",
        "[]",
        "{}",
        json.dumps(settings | {"variant": "vanilla"}),
        json.dumps(settings | {"training": None}),
        json.dumps(settings | {"config": 3}),
        json.dumps(settings | {"data": {"name": "ring8"}}),
    ):
        (tiny / "run.json").write_text(content)
        both_refuse(tiny, "tiny/run.json", "damaged")
    for key, value, words in (
        ("config", settings["config"] | {"lr": "fast"}, "--lr must be a number"),
        ("config", settings["config"] | {"speed": 1}, "no setting 'speed'"),
        ("variant", settings["variant"] | {"name": "dcgn"}, "no variant 'ganzoo-vanilla:dcgn'"),
    ):
        (tiny / "run.json").write_text(json.dumps(settings | {key: value}))
        both_refuse(tiny, words)


# --- resuming ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["--beta1", 0.25], ("--beta1 0.25 differs from the run's", "without --resume")),
        (["--seed", 1], "--seed 1 differs"),
        (["--generator-widths", "9"], "--generator-widths 9 differs"),
        (["--dataset", "grid25"], "--dataset grid25 differs"),
        (["--steps", 3], "is at step 5 already: ask for more"),
        ([], ("tiny is at step 5 already", "--steps")),
        (["--out", "elsewhere"], ("--out", "--resume", "give one of them")),
    ],
)
def test_a_run_that_cannot_go_on_so(
    args: list[object], saying: str | tuple[str, ...], tiny: Path
) -> None:
    refused("train", "--resume", tiny, *args, saying=saying)


def test_resuming_as_another_variant(tiny: Path) -> None:
    refused("train", "dcgan", *resume(tiny)[1:], saying=("tiny trains", "vanilla", "not dcgan"))


def test_two_processes_training_one_run(tiny: Path) -> None:
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys; from pathlib import Path; from ganzoo.runs.run import Run\n"
            "with Run.open(Path('tiny')).locked():\n"
            "    print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused(*resume(tiny), saying="tiny is being trained by another process")
        assert json.loads(ganzoo("runs", ".", "--json").out)[0]["state"] == "running"
    finally:
        holder.communicate()
    assert ganzoo(*resume(tiny)).status == 0


# --- trouble on the way --------------------------------------------------------------------------


def test_a_full_disk_leaves_the_checkpoint_before() -> None:
    run = train_tiny(Path("run"), "--generator-widths", "400,400")
    before = tree(checkpoint(run))
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    process = spawn(*resume(run), python=limited)
    out, err = process.communicate()
    check(Result(process.returncode, out, err), ("could not be written", "step 5 is untouched"))
    assert tree(checkpoint(run)) == before
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == ["00000000", "00000005"]
    assert ganzoo(*resume(run)).status == 0
    assert (run / "checkpoints" / "00000010").is_dir()


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_too_full_for_the_log(tiny: Path) -> None:
    with small_disk(600):
        result = ganzoo(*resume(tiny))
    check(result, ("tiny cannot be written", "--resume"))
    assert ganzoo(*resume(tiny)).status == 0


def test_a_disk_too_full_for_a_run() -> None:
    with small_disk(100):
        refused("train", "vanilla", *TINY, "--out", "run", saying="run cannot be written")


def test_a_disk_too_full_for_samples(tiny: Path) -> None:
    with small_disk(100):
        refused("sample", tiny, "--out", "x.npz", saying="x.npz (File too large)")


def test_a_loss_that_is_not_finite() -> None:
    args = ("train", "vanilla", *TINY, "--steps", 20, "--checkpoint-every", 1, "--lr", 1e30)
    check(
        ganzoo(*args, "--out", "run"),
        ("training diverged", "phase '", "at step 2", "last good checkpoint is run/checkpoints/"),
        status=1,
    )
    kept = max(Path("run/checkpoints").iterdir())
    assert all(tensor.isfinite().all() for tensor in load_file(kept / WEIGHTS).values())
    assert ganzoo("sample", "run", "--n", 3, "--out", "x.npz").status == 0
    assert json.loads(ganzoo("runs", ".", "--json").out)[0]["state"] == "diverged"


def test_a_second_interruption_ends_it_at_once() -> None:
    stuck = (
        "import time; from ganzoo.engine.engine import Engine\n"
        "def step(self): print('stepping', flush=True); time.sleep(60)\n"
        "Engine.step = step"
    )
    process = spawn("train", "vanilla", *TINY, "--out", "run", python=stuck)
    assert process.stdout is not None
    assert "stepping\n" in iter(process.stdout.readline, "")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (130, "")
    assert "run/checkpoints/00000000" in out
    assert "ganzoo train --resume run" in out


def test_an_interruption_before_the_training_leaves_nothing() -> None:
    slow = (
        "import ganzoo.data.made.mixtures, time, sys\n"
        "def wait(*_): print('loading', flush=True); time.sleep(60)\n"
        "ganzoo.data.made.mixtures.shuffled_labels = wait"
    )
    process = spawn("train", "vanilla", *TINY, "--out", "run", python=slow)
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, ""), err
    assert err.split() == ["ganzoo:", "error:", "interrupted"]
    assert not Path("run").exists()


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


def test_a_device_whose_memory_is_full(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA an iteration that is no graph cannot use what graphs have for themselves."""

    def step(engine: Engine) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Engine, "step", step)
    result = ganzoo("train", "vanilla", *TINY, "--steps", 5, "--out", here / "run")
    assert result.status != 0
    assert "does not fit into memory: choose a smaller --batch-size" in result.err
    assert "--recompute or, as graphs have memory of their own, --mode eager" in result.err
