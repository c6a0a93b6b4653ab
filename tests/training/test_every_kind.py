"""A third party's game on data of each kind, and of one more.

They are listed, checked, trained, killed, resumed, sampled and measured, and none of them has a
line in the core outside `ganzoo.data.kinds`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo
from helpers.plugins.every_kind import INIT, KIND, VARIANT
from safetensors.torch import load_file

from ganzoo.artifacts import pictures
from ganzoo.data import kinds as folder
from ganzoo.data.kinds import kind_of, kinds
from ganzoo.data.sample_files import read_samples
from ganzoo.metrics.features import classifier
from ganzoo.runs.record import data_spec, read_record
from ganzoo.testing.check import Outcome
from ganzoo.testing.kit import dataset_verdicts, variant_verdicts

NEEDS = {
    "image": "images",
    "deep": "images",
    "point": "points",
    "volume": "volumes",
    "video": "videos",
    "tokens": "texts",
    "series": "series",
    "table": "tables",
    "label": "labelled images",
    "attributes": "images with attributes",
    "mask": "images with masks",
    "angle": "angles",
    "pair": "pairs of images",
}
STEPS, KILLED_AT = 6, 5
FLAGS = ("--steps", STEPS, "--mode", "eager", "--threads", 1, "--log-every", 1)
MORE = ("--sample-every", 3, "--checkpoint-every", 2)
MOVED = ("image", "deep", "volume", "video", "mask", "pair")
TORN = """
import os, signal, sys
import matplotlib.figure, torch._dynamo  # here, as each child would else wait for them
import torch
import ganzoo.data.kinds
from ganzoo.cli import run
from ganzoo.engine.engine import Engine

ganzoo.data.kinds.__path__.append("kinds")
step = Engine.step

def dying(engine):
    if engine.iteration == KILLED_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(engine)

Engine.step = dying
for name in sys.argv[1].split():
    child = os.fork()
    if child == 0:
        flip = ["--flip", "--crop", "1"] if name in MOVED else []
        run(["train", f"game-{name}", "--out", f"torn-{name}", *FLAGS, *flip])
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, (name, status)
"""


@pytest.fixture
def toys(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """The games, and in the folder of the kinds a file more."""
    monkeypatch.chdir(tmp_path)
    Path("kinds").mkdir()
    Path("kinds/angle.py").write_text(KIND)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, "kinds"])
    kinds.cache_clear()
    install("toy", INIT, VARIANT)
    yield
    kinds.cache_clear()
    sys.modules.pop("ganzoo.data.kinds.angle", None)


def flags(name: str) -> list[object]:
    moved = ("--flip", "--crop", 1) if name in MOVED else ()
    return [*FLAGS, *MORE, *moved]


def results(run: Path) -> dict[str, object]:
    """All that should not depend on whether a training was killed."""
    (last,) = run.glob(f"checkpoints/{STEPS:08d}")
    state = load_file(last / "state.safetensors") | load_file(last / "weights.safetensors")
    pictures = {path.name: path.read_bytes() for path in (run / "samples").glob("*.png")}
    return {
        "metrics": (run / "metrics.jsonl").read_text(),
        "pictures": pictures,
        "state": {name: tensor.tolist() for name, tensor in state.items()},
    }


def test_all_kinds_are_among_them() -> None:
    assert {*NEEDS} - {"deep", "pair", "angle"} == {*kinds()}


@pytest.mark.usefixtures("toys")
def test_each_is_listed_with_what_it_needs() -> None:
    rows = {row["name"]: row for row in json.loads(ganzoo("list", "--json").out)}
    found = {name: rows[f"game-{name}"] for name in NEEDS}
    assert {name: row["needs"] for name, row in found.items()} == NEEDS
    assert {row["status"] for row in found.values()} == {"ok"}
    sets = {row["name"]: row for row in json.loads(ganzoo("datasets", "--json").out)}
    assert sets["toy-volume"]["shape"] == "1x4x4x4"
    refused = ganzoo("train", "game-volume", "--dataset", "toy-tokens", "--out", "run")
    assert (refused.status, Path("run").exists()) == (2, False)
    assert "game-volume needs volumes, and 'toy-tokens' has texts" in refused.err


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("name", NEEDS)
def test_each_conforms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("variants.declaration", "datasets.checks"):
        monkeypatch.setattr(f"ganzoo.testing.{module}.check_registration", lambda plugin: None)

    for verdicts in (dataset_verdicts(f"toy-{name}"), variant_verdicts(f"game-{name}")):
        failed = [(v.check, v.message) for v in verdicts if v.outcome is Outcome.FAILED]
        assert failed == []


@pytest.mark.usefixtures("toys")
def test_each_trains_is_killed_goes_on_and_is_sampled_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifier, "STEPS", 60)  # what it says of them is not looked at
    monkeypatch.setattr(pictures, "plot_curves", lambda content, path, *_: path.touch())
    told = [str(flag) for flag in (*FLAGS, *MORE)]
    code = f"KILLED_AT, FLAGS, MOVED = {KILLED_AT}, {told!r}, {MOVED!r}\n{TORN}"
    done = subprocess.run(
        [sys.executable, "-c", code, " ".join(NEEDS)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for name in NEEDS:
        whole, torn = Path(f"whole-{name}"), Path(f"torn-{name}")
        trained = ganzoo("train", f"game-{name}", "--out", whole, *flags(name))
        assert trained.status == 0, trained.err
        resumed = ganzoo("train", "--resume", torn)
        assert resumed.status == 0, resumed.err
        assert results(torn) == results(whole), name
        assert (whole / "samples/real.png").exists()

        field = data_spec(read_record(whole)).sample
        for out in (Path(f"{name}-files"), Path(f"{name}.npz")):
            sampled = ganzoo("sample", whole, "--n", 7, "--out", out)
            assert sampled.status == 0, sampled.err
        files, arrays = (read_samples(field, Path(f"{name}{end}")) for end in ("-files", ".npz"))
        assert len(files) == 7
        assert files.dtype == arrays.dtype
        torch.testing.assert_close(files, arrays, rtol=0, atol=1e-4)
        assert kind_of(field.kind).flaw(field, files) == ""

        fifth, found = f"{name}-fifth", f"{name}-found"
        assert ganzoo("sample", whole, "--only", 5, "--out", fifth).status == 0
        torch.testing.assert_close(read_samples(field, Path(fifth)), files[5:6], rtol=0, atol=0)
        assert ganzoo("sample", whole, "--n", 3, "--out", f"{name}.png").status == 0
        looked = ganzoo("project", whole, fifth, "--steps", 2, "--out", found)
        if kind_of(field.kind).whole:
            assert "is made of symbols, through which no gradient leads" in looked.err
            found = "6"
        else:
            assert looked.status == 0, looked.err
        stops = ("--between", f"5,{found}", "--frames", 2)
        walked = ganzoo("walk", whole, *stops, "--out", f"{name}.gif")
        assert walked.status == 0, walked.err

        measured = ganzoo("evaluate", whole, "--n", 40, "--json")
        assert measured.status == 0, measured.err
        assert json.loads(measured.out)["scores"]
