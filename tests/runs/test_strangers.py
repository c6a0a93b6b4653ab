"""A run from a stranger: what is no file of a run is not waited for, and takes no memory."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from helpers.cli import TINY, ganzoo, train_tiny

from ganzoo.artifacts.files import refuse_links
from ganzoo.errors import GanzooError
from ganzoo.metrics.features.classifier import Net, read_net
from ganzoo.runs import checkpoint, evaluations
from ganzoo.runs.duration import training_seconds
from ganzoo.runs.metrics_file import METRICS, last_step, read_metrics, read_some
from ganzoo.runs.record import read_record
from ganzoo.runs.run import Run

Put = Callable[[Path], object]


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    """A terabyte on paper, and nothing on the disk."""
    path.touch()
    os.truncate(path, 2**40)


@pytest.fixture(params=[pipe, endless, huge], ids=lambda put: put.__name__)
def put(request: pytest.FixtureRequest) -> Put:
    found: Put = request.param
    return found


def test_a_record(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "run.json")
    with pytest.raises(GanzooError, match=r"run\.json is damaged"):
        read_record(tmp_path)


def test_metrics(tmp_path: Path, put: Put) -> None:
    put(tmp_path / METRICS)
    if put is huge:
        with pytest.raises(GanzooError, match="line 1 has no end: delete the line"):
            read_some(tmp_path)
    else:
        assert [*read_metrics(tmp_path)] == read_some(tmp_path) == []
    assert last_step(tmp_path) == 0


def test_a_log(tmp_path: Path, put: Put) -> None:
    if put is not huge:  # that would only take its time
        put(tmp_path / "log.txt")
        assert training_seconds(tmp_path) == 0


def test_a_classifier_in_a_cache_of_several(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "classifier.safetensors")
    assert read_net(tmp_path / "classifier.safetensors", lambda: Net(1, 2), None) is None


def test_an_evaluation(tmp_path: Path, put: Put) -> None:
    (tmp_path / evaluations.FOLDER).mkdir()
    put(tmp_path / evaluations.FOLDER / "00000001-0.json")
    assert evaluations.find(tmp_path) == []


def test_scores_whose_names_are_no_texts(tmp_path: Path) -> None:
    """As the campaign of faults made them."""
    for name in (10**29, {}, None, ["kid"]):
        told = {"step": 1, "protocol": "p", "scores": [{"name": name, "value": 1.0}]}
        path = tmp_path / evaluations.FOLDER / "00000001-0.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told))
        assert evaluations.find(tmp_path) == []


def test_scores_that_no_float_can_hold_are_one_sentence(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    other = shutil.copytree(run, tmp_path / "other")
    path = run / evaluations.FOLDER / "00000005-148de9c5.json"
    path.parent.mkdir()
    for key, number in (("value", 10**400), ("real", -(10**400)), ("value", [1]), ("real", "x")):
        score = {"name": "kid", "value": 1.0, "better": "lower"} | {key: number}
        path.write_text(json.dumps({"step": 5, "protocol": "p", "scores": [score]}))
        for args in (["report", run], ["compare", run, other]):
            result = ganzoo(*args)
            assert (result.status, result.err.count("\n")) == (2, 1)
            assert "holds what `ganzoo evaluate` does not write: delete it" in result.err
    new = {"protocol": "p", "scores": [{"name": "frechet", "value": 1.0}]}
    assert evaluations.store(run, 5, new)["scores"] == new["scores"]


def test_curves_that_cannot_be_drawn_do_not_end_a_resumed_training(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    odd = [
        {"step": step, "a_loss": (-1) ** step * 1.7e308, "\ud800_loss": 1.0, "$x^": 1e30}
        for step in range(1, 5)
    ]
    (run / METRICS).write_text("".join(json.dumps(one) + "\n" for one in odd))
    result = ganzoo("train", "--resume", run, "--steps", 6)
    assert result.status == 0, result.err


def test_a_checkpoint(tmp_path: Path, put: Put) -> None:
    tensors = {"x": torch.zeros(1)}
    who = checkpoint.Identity("toy", "1")
    path = checkpoint.save(tmp_path / "checkpoints", 1, who, weights=tensors, state=tensors)
    put(path / checkpoint.STATE)
    with pytest.raises(GanzooError, match=f"{checkpoint.STATE} is damaged"):
        checkpoint.load_state(path, who, tensors)
    put(path / checkpoint.MANIFEST)
    with pytest.raises(GanzooError, match=f"{checkpoint.MANIFEST} is damaged"):
        checkpoint.load_weights(path, who, tensors)


def test_names_and_shapes_without_end(tmp_path: Path) -> None:
    tensors = {"x": torch.zeros(1)}
    long = {"n" * 10**6: torch.zeros(1)}
    who, liar = checkpoint.Identity("toy", "1"), checkpoint.Identity("v" * 10**6, "1")
    for number, (name, found) in enumerate(((liar, tensors), (who, long))):
        path = checkpoint.save(tmp_path, number, name, weights=found, state=found)
        with pytest.raises(GanzooError) as refused:
            checkpoint.load_weights(path, who, tensors)
        assert len(str(refused.value)) < 1000
    many = {"n" * 10**6 + str(number): torch.zeros(1) for number in range(9)}
    path = checkpoint.save(tmp_path, 2, who, weights=many, state=many)
    with pytest.raises(GanzooError, match="its header is larger than that of any network"):
        checkpoint.load_weights(path, who, tensors)


def test_what_is_longer_or_shorter_than_its_header_says_is_not_read(tmp_path: Path) -> None:
    tensors, who = {"x": torch.zeros(9)}, checkpoint.Identity("toy", "1")
    for length, why in ((-1, "not as long as"), (1, "not as long as"), (-99999, "its header is")):
        path = checkpoint.save(tmp_path, 1, who, weights=tensors, state=tensors)
        file = path / checkpoint.WEIGHTS
        os.truncate(file, max(0, file.stat().st_size + length))
        with pytest.raises(GanzooError, match=why):
            checkpoint.load_weights(path, who, tensors)


def test_random_numbers_of_no_generator(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    path = checkpoint.latest(run / "checkpoints")
    assert path is not None
    state = checkpoint.read(path, checkpoint.STATE)
    state["rng.cpu"].fill_(255)
    record = Run.open(run)
    weights = checkpoint.read(path, checkpoint.WEIGHTS)
    checkpoint.save(path.parent, record.step, record.identity, weights=weights, state=state)
    result = ganzoo("train", "--resume", run, "--steps", "9")
    assert result.status == 2
    assert "'rng.cpu' is no state of random numbers" in result.err


def test_nobody_trains_a_run_with_pipes_in_it(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    refuse_links(tmp_path)
    pipe(tmp_path / "samples" / "00000001.png")
    with pytest.raises(GanzooError, match="is a pipe or the like"):
        refuse_links(tmp_path)


def test_a_link_that_comes_while_it_is_trained_is_not_followed(tmp_path: Path) -> None:
    """What has the name of an old checkpoint there would be removed."""
    run = Run.open(train_tiny(tmp_path / "run"))
    (tmp_path / "mine/00000001").mkdir(parents=True)
    with run.locked():
        run.checkpoints.rename(tmp_path / "old")
        (run.path / "checkpoints").symlink_to(tmp_path / "mine")
        with pytest.raises(GanzooError, match="checkpoints is a link"):
            _ = run.checkpoints


def test_a_copy_by_hard_links_is_not_written_to(tmp_path: Path) -> None:
    run, copy = Run.open(train_tiny(tmp_path / "run")), tmp_path / "copy.txt"
    run.log("before")
    os.link(run.path / "log.txt", copy)
    before = copy.read_text()
    run.rewind(0)
    run.log("after")
    assert copy.read_text() == before
    assert (run.path / "log.txt").read_text().startswith(before)


def test_nor_is_it_before_a_run_goes_on(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    os.link(run / "log.txt", tmp_path / "copy.txt")
    before = (tmp_path / "copy.txt").read_text()
    assert ganzoo("train", "--resume", run, "--steps", 6, "--lr", 1e-4).status == 0
    assert (tmp_path / "copy.txt").read_text() == before
    assert "is trained longer" in (run / "log.txt").read_text()


def test_metrics_of_more_values_than_anybody_plots(tmp_path: Path) -> None:
    lines = [{"step": n, "d_loss": 1.0, **{f"{n}-{k}": 0.5 for k in range(50)}} for n in range(9)]
    (tmp_path / METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(GanzooError, match="more than 200 values up to line 4"):
        read_some(tmp_path)


def test_pictures_that_somebody_has_thrown_away_are_no_reason_to_stop(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    shutil.rmtree(run / "samples")
    result = ganzoo("train", "--resume", run, "--steps", 6)
    assert result.status == 0, result.err
    assert [path.name for path in (run / "samples").iterdir()] == ["00000006.png"]


def test_networks_that_no_checkpoint_fills_are_not_built(tmp_path: Path) -> None:
    """They would take all memory before it is found that the weights do not fit."""
    run = train_tiny(tmp_path / "run")
    record = (run / "run.json").read_text()
    for setting, value in {"generator_widths": [20_000] * 2, "latent_dim": 10**8}.items():
        told = json.loads(record)
        told["config"][setting] = value
        (run / "run.json").write_text(json.dumps(told))
        for command in (["sample", run, "--out", run / "made"], ["train", "--resume", run]):
            result = ganzoo(*command)
            assert result.status == 2
            assert "ask for networks that its checkpoints cannot fill" in result.err


def test_more_threads_than_any_system_has_are_refused(tmp_path: Path) -> None:
    """They would end the process."""
    run = train_tiny(tmp_path / "run")
    told = json.loads((run / "run.json").read_text())
    told["training"]["threads"] = 10**6
    (run / "run.json").write_text(json.dumps(told))
    result = ganzoo("train", "--resume", run, "--steps", 6)
    assert result.status == 2
    assert "--threads must be at least 1 and at most 1024, not 1000000" in result.err


def test_a_name_that_is_no_text_is_no_damage(tmp_path: Path) -> None:
    """Of all folders, as safetensors would say that the file is broken."""
    odd = tmp_path / os.fsdecode(b"\xe9")
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this disk has no such names")
    result = ganzoo("train", "vanilla", *TINY, "--steps", 1, "--out", odd / "run")
    assert result.status == 2
    assert "has a name that is no text in UTF-8: choose another with --out" in result.err
    train_tiny(tmp_path / "run").rename(odd / "run")
    run, out = odd / "run", tmp_path / "x.npz"
    Run.open(run).log(f"something of {odd}")
    report = {"protocol": f"data {odd.name}", "scores": []}
    assert evaluations.store(tmp_path, 1, report) == evaluations.find(tmp_path)[0]
    for args in (["sample", run, "--out", out], ["train", "--resume", run, "--steps", 6]):
        result = ganzoo(*args)
        assert result.status == 2
        assert "rename the folder" in result.err


def test_a_copy_of_a_picture_is_kept_and_is_no_reason_to_stop(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    copies = [run / "samples" / name for name in ("00000005 copy.png", "1\u00b2.png", "2.x.png")]
    for copy in copies:
        copy.write_bytes(b"mine")
    result = ganzoo("train", "--resume", run, "--steps", 6)
    assert result.status == 0, result.err
    assert {copy.read_bytes() for copy in copies} == {b"mine"}


def test_nothing_is_written_among_what_a_training_has_written(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    (tmp_path / "link").symlink_to(run / "samples")
    before = {*run.rglob("*")}
    for name in ("run/checkpoints/00000007", "run/evaluations", "link/made"):
        out = tmp_path / name
        for args in (
            ["sample", run, "--n", 2, "--out", out],
            ["walk", run, "--between", "1,2", "--out", f"{out}.gif"],
            ["export", run, "--format", "safetensors", "--out", out],
            ["report", run, "--out", out],
            ["train", "vanilla", *TINY, "--steps", 1, "--out", out],
        ):
            if out.name == "evaluations" and args[0] == "walk":
                continue  # evaluations.gif is no such folder
            result = ganzoo(*args)
            assert (result.status, result.err.count("\n")) == (2, 1), args
            assert "which it would damage: choose another --out" in result.err
    assert {*run.rglob("*")} == before


@pytest.mark.parametrize("command", ["sample", "evaluate", "runs"])
def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(tmp_path: Path, command: str) -> None:
    run = train_tiny(tmp_path / "run")
    manifest = run / "checkpoints/00000005/manifest.json"
    manifest.unlink()
    os.mkfifo(manifest)
    with ThreadPoolExecutor(1) as pool:
        args = (run, "--n", 2, "--out", tmp_path / "o") if command == "sample" else (run,)
        result = pool.submit(ganzoo, command, *args).result(timeout=120)
    assert command == "runs" or "is damaged" in result.err
