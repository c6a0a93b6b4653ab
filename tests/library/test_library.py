"""``import ganzoo`` as a library: what programs get, and what they are refused."""

import pickle
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import ganzoo as command

import ganzoo
from ganzoo.training.observer import Observer

NETWORKS = {"generator_widths": (8,), "discriminator_widths": (8,)}
TINY = {**NETWORKS, "sample_every": 20, "progress": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.TrainedRun:
    """Of points, in a folder of its own."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return ganzoo.train("vanilla", dataset="ring8", steps=20, out=out, log_every=5, **TINY)


def test_what_is_trained_and_drawn_is_what_the_commands_make(
    run: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    flags = (
        "--generator-widths",
        8,
        "--discriminator-widths",
        8,
        "--log-every",
        5,
        "--sample-every",
        20,
    )
    made = command("train", "vanilla", "--dataset", "ring8", "--steps", 20, *flags,
                   "--out", tmp_path / "other")  # fmt: skip
    assert made.status == 0, made.err
    weights = "checkpoints/00000020/weights.safetensors"
    assert (run.path / weights).read_bytes() == (tmp_path / "other" / weights).read_bytes()
    drawn = command("sample", run.path, "--n", 7, "--seed", 3, "--out", tmp_path / "drawn.npz")
    assert drawn.status == 0, drawn.err
    samples = run.sample(7, seed=3)
    assert np.array_equal(np.load(tmp_path / "drawn.npz")["points"], samples.array)
    assert np.array_equal(np.asarray(samples[2]), samples.array[2:3])
    assert np.array_equal(run.sample(only=[4], seed=3).array, samples.array[4:5])
    assert np.array_equal(run.sample(only=[5, 0, 5], seed=3).array, samples.array[[5, 0, 5]])
    assert samples[-1].names == ("00006",)
    assert np.array_equal(samples[::-2].array, samples.array[::-2])
    assert samples[5:1:-2].numbers == (5, 3)
    assert not len(samples[3:3])
    sent = pickle.loads(pickle.dumps(run))
    assert np.array_equal(sent.sample(7, seed=3).array, samples.array)
    assert [one.numbers for one in samples] == [(number,) for number in range(7)]
    with pytest.raises(IndexError, match="there are 7 samples"):
        samples[7]


def test_metrics_are_rows(run: ganzoo.TrainedRun) -> None:
    assert [row["step"] for row in run.metrics if "generator_loss" in row] == [5, 10, 15, 20]
    assert run.evaluate(300)["modes"] >= 0
    names = {row["name"] for row in run.evaluations}
    assert "modes" in names
    assert {row["step"] for row in run.evaluations} == {20}


def test_samples_show_themselves(run: ganzoo.TrainedRun) -> None:
    assert run.sample(5)._repr_png_().startswith(b"\x89PNG")
    assert "data:image/gif;base64" in run.walk([1, 2], frames=2)._repr_html_()
    assert repr(run.sample(3)) == "<3 samples of shape 2>"
    assert "vanilla on ring8" in repr(run)


def test_the_default_generators_go_on_as_if_nothing_had_been_drawn(
    run: ganzoo.TrainedRun,
) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    run.sample(3)
    run.walk([1, 2], frames=3)
    assert torch.equal(torch.rand(3), expected)


def test_a_training_in_a_thread_and_one_that_goes_on(
    run: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    out, found = tmp_path / "run", []
    thread = threading.Thread(
        target=lambda: found.append(
            ganzoo.train("vanilla", dataset="ring8", steps=20, out=out, log_every=5, **TINY)
        )
    )
    thread.start()
    thread.join()
    assert found[0].step == 20
    assert np.array_equal(found[0].sample(3).array, run.sample(3).array)
    assert ganzoo.train(resume=out, steps=25, progress=False).step == 25
    assert ganzoo.open_run(out, checkpoint=20).step == 20


def test_a_setting_may_be_a_run(run: ganzoo.TrainedRun, tmp_path: Path) -> None:
    other = ganzoo.train(
        "vanilla", dataset="ring8", steps=1, out=tmp_path / "run", init=run, **TINY
    )
    assert other.run.settings["training"]["init"] == str(run.path)


def test_what_is_refused_is_a_sentence(run: ganzoo.TrainedRun, tmp_path: Path) -> None:
    refusals = {
        "name a variant": lambda: ganzoo.train(),
        "there is no setting 'stepz'": lambda: ganzoo.train("vanilla", stepz=3),
        "does not exist": lambda: ganzoo.open_run(tmp_path / "nowhere"),
        "does not translate": lambda: run.translate("x.png"),
        "does not classify": lambda: run.classify("x.png"),
        "does not encode": lambda: run.encode("x.png"),
        "there is no setting 'c1'": lambda: run.sample(2, c1=3),
        "needs a conditional variant": lambda: run.sample(2, label=3),
        "--n must be at least 1, not -1": lambda: run.sample(-1),
        "at least 2, not 1": lambda: run.walk([1, 2], frames=1),
    }
    for sentence, call in refusals.items():
        with pytest.raises(ganzoo.GanzooError, match=sentence):
            call()


def test_ctrl_c_saves_and_is_heard_by_the_program(tmp_path: Path) -> None:
    import signal

    class Impatient(Observer):
        def logged(self, record: object) -> None:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="stopped at step 5, which is saved"):
        ganzoo.train(
            "vanilla",
            dataset="ring8",
            steps=20,
            log_every=5,
            out=tmp_path / "run",
            observer=Impatient(),
            **TINY,
        )
    assert ganzoo.open_run(tmp_path / "run").step == 5


def test_a_bar_shows_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    settings = TINY | {"progress": True}
    ganzoo.train("vanilla", dataset="ring8", steps=20, out=tmp_path / "run", **settings)
    shown = capsys.readouterr().err
    assert "vanilla on ring8" in shown
    assert "20/20" in shown
    assert "generator" in shown


def test_a_checkpoint_that_is_not_there_is_refused_at_once(run: ganzoo.TrainedRun) -> None:
    with pytest.raises(ganzoo.GanzooError, match="no checkpoint 'best': there are last"):
        ganzoo.open_run(run.path, checkpoint="best")


def test_a_page_and_an_export_are_those_of_the_commands(
    run: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    page = run.report(tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    assert "<html" in page.read_text()[:500]
    found = run.export("torch", tmp_path / "net", truncation=0.5)
    assert (found.folder, found.worst < 1e-3) == (tmp_path / "net", True)
    assert (tmp_path / "net" / "generator.pt2").exists()


def test_a_forecast_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = ganzoo.forecast("vanilla", dataset="ring8", steps=7, generator_widths=(8,))
    assert (found.steps, found.variant, [*tmp_path.iterdir()]) == (7, "vanilla", [])
    with pytest.raises(ganzoo.GanzooError, match="--lr must be above 0"):
        ganzoo.forecast("vanilla", lr=-1)


def test_what_was_drawn_from_is_what_is_exported_though_the_run_has_gone_on(
    tmp_path: Path,
) -> None:
    run = ganzoo.train("vanilla", dataset="ring8", steps=4, out=tmp_path / "run", **TINY)
    before = run.sample(5)
    ganzoo.train(resume=run, steps=8, progress=False)
    assert torch.equal(run.sample(5).made, before.made)
    run.export("safetensors", tmp_path / "net")
    written = (tmp_path / "net" / "generator.safetensors").read_bytes()
    ganzoo.open_run(run.path, checkpoint="4").export("safetensors", tmp_path / "again")
    assert written == (tmp_path / "again" / "generator.safetensors").read_bytes()
    ganzoo.open_run(run.path).export("safetensors", tmp_path / "last")
    assert written != (tmp_path / "last" / "generator.safetensors").read_bytes()


def test_another_run_in_its_place_keeps_its_own_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "run"
    old = ganzoo.train("vanilla", dataset="ring8", steps=4, out=path, seed=1, **TINY)
    old.sample(1)
    shutil.rmtree(path)
    new = ganzoo.train("vanilla", dataset="ring8", steps=4, out=path, seed=2, **TINY)
    kept = new.evaluate(300)
    assert kept.remark == ""
    before = new.evaluations
    found = old.evaluate(300)
    assert found.remark == f"the evaluation cannot be kept: {path} is another run now"
    assert ganzoo.open_run(path).evaluations == before
    shutil.rmtree(path)
    assert "the evaluation cannot be kept" in old.evaluate(300).remark
    assert not path.exists()
