"""Runs that are damaged, or cannot go on so: one line says what is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo, train_tiny
from helpers.refusals import STATE, WEIGHTS, checkpoint, refused, resume, write_images

pytestmark = pytest.mark.usefixtures("here")


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


def test_a_checkpoint_of_another_run(tiny: Path) -> None:
    other = train_tiny(Path("other"), "--seed", 1)
    mine = checkpoint(tiny, 9)
    shutil.copytree(checkpoint(other), mine)
    manifest = json.loads((mine / "manifest.json").read_text())
    (mine / "manifest.json").write_text(json.dumps(manifest | {"step": 9}))
    both_refuse(tiny, str(mine), "is a checkpoint of another run")
    mine.rename(tiny / "checkpoints" / "best-00000009")
    refused("sample", tiny, "--checkpoint", "best", "--out", "x.npz", saying="of another run")
    assert ganzoo(*resume(tiny)).status == 0
    assert train_tiny(Path("third"), "--init", other).is_dir()


def test_a_run_that_is_moved_copied_or_longer_is_the_same(tiny: Path) -> None:
    shutil.copytree(tiny, "copy")
    longer = train_tiny(Path("longer"), "--steps", 9, "--threads", 1, "--log-every", 3)
    shutil.copytree(checkpoint(longer, 9), checkpoint(Path("copy"), 9))
    assert ganzoo("train", "--resume", tiny.rename("moved"), "--steps", 11).status == 0
    assert ganzoo("train", "--resume", "copy", "--steps", 11).status == 0


def test_checkpoints_of_before_say_not_whose_they_are(tiny: Path) -> None:
    for file, key in (
        (tiny / "run.json", "fingerprint"),
        (checkpoint(tiny) / "manifest.json", "run"),
    ):
        told = json.loads(file.read_text())
        del told[key]
        file.write_text(json.dumps(told))
        if key == "run":
            assert ganzoo("sample", tiny, "--out", "x.npz").status == 0
            assert ganzoo(*resume(tiny)).status == 0
        else:
            both_refuse(tiny, "of another run")


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


def test_a_checkpoint_that_is_called_after_another_step(tiny: Path) -> None:
    checkpoint(tiny).rename(tiny / "checkpoints" / "00000009")
    both_refuse(tiny, "manifest.json", "damaged (it is of step 5)")


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
