"""`ganzoo reproduce`: what it trains, measures, says and writes; how it goes on."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.cli import ganzoo, spawn
from helpers.toy_claims import arm, claim, install_toy

from ganzoo.claims.claim import Arm
from ganzoo.claims.training import Place, train_command
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec

Install = Callable[..., None]

LOSS = '{ metrics = "generator_loss", take = "lowest" }'
RIVAL = '[claim.arms.theirs]\nmade_by = "theirs {seed} {out}"\ndataset = "ring8"\n'
CLAIMS = (
    claim(number='"none"'),
    claim("loss", LOSS, "{ above = 1e6 }", quantity='"loss of G"', seeds="2"),
    claim("patience", minutes="90", long="true", holds="{ at_least = 8 }"),
    claim("beside", holds='{ above = 1, of = "theirs" }', arms=arm() + RIVAL),
)


@pytest.fixture
def toy(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of a plugin with claims, from whose parent's parent folder is worked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return install_toy(install, tmp_path / "site", *CLAIMS)


def results(folder: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((folder / "toy.json").read_text())["results"]
    return {one["claim"]: one for one in found}


def runs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if (path / "run.json").exists())


def trainings(run: Path) -> int:
    """How often a run was begun or gone on with."""
    return (run / "log.txt").read_text().count(": training\n")


def test_claims_that_hold_and_that_do_not(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = ganzoo("reproduce", "toy", "--out", out)
    assert done.status == 1, done.err
    told = [line for line in done.err.splitlines() if line.startswith("claim ")]
    assert told == [
        "claim modes: 1 training of ours, some 12 s of two cores",
        "claim loss: 1 training of ours, some 6 s of two cores",
    ]
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert " reproduced" in lines["modes"]
    assert "not reproduced" in lines["loss"]
    assert "above 1000000" in lines["loss"]
    assert "not run" in lines["beside"]
    assert "theirs-0.npz is not there, which ganzoo does not make: `theirs 0 " in done.out
    assert "left out, as they are long: patience; --long runs them, in some 90 minutes" in done.out

    assert len(runs(out)) == 2  # three claims share the run of seed 0
    found = results(out)
    assert [one["verdict"] for one in found.values()] == ["reproduced", "not reproduced", "not run"]
    assert found["modes"]["real"] == 8
    assert 0 <= found["modes"]["values"]["ours"][0] <= 8
    assert found["modes"]["seeds_that_hold"] == 1
    assert len(found["loss"]["values"]["ours"]) == 2
    records = [json.loads(line) for line in (out / runs(out)[0] / "metrics.jsonl").open()]
    losses = [record["generator_loss"] for record in records if "generator_loss" in record]
    assert len(losses) == 5
    assert found["loss"]["values"]["ours"][0] == min(losses)
    assert found["modes"]["protocol"].startswith("ganzoo 1; data ring8")
    assert found["modes"]["versions"]["ganzoo-toy"] == "3.2.1"
    assert "torch" in found["modes"]["versions"]
    assert found["modes"]["commands"] == [
        "ganzoo train toy --dataset ring8 --generator-widths 8 --discriminator-widths 8 --steps 5 "
        "--batch-size 16 --log-every 1 --seed S",
        "ganzoo evaluate RUN --metrics modes --n 50",
    ]
    assert [*(out / runs(out)[0] / "evaluations").iterdir()]

    page = (out / "toy.md").read_text()
    for line in (
        "# What the claims of toy come to",
        "Not run, as they are long: patience.",
        "- Protocol: lowest generator_loss of metrics.jsonl",
        "- Seeds: 0, 1",
        "- Paper: Toy 2026, table 1: 8",
        "- Must be: above 1000000",
        "- Real data in the samples' place: 8",
        "Toys are fun.",
    ):
        assert line in page.splitlines()
    assert "| **not reproduced** |" in page
    assert "ganzoo-toy 3.2.1" in page

    before = {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoints/*")}
    again = ganzoo("reproduce", "toy", "--out", out, "--json")
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoints/*")} == before
    assert "training" not in again.err
    assert "measuring" not in again.err
    answer = json.loads(again.out)
    assert answer["skipped"] == ["patience"]
    assert [one["values"] for one in answer["results"]] == [one["values"] for one in found.values()]

    first, second = runs(out)
    more = ganzoo("reproduce", "toy", "--claim", "modes", "--seeds", 2, "--out", out)
    assert more.status == 0
    assert more.err == f"{max(first, second, key=lambda name: name[-1])}: measuring\n"
    assert results(out)["modes"]["seeds"] == [0, 1]

    assert {*results(out)} == {*found}  # of the others, too, and so has the page
    assert "not reproduced" in (out / "toy.md").read_text()

    samples = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    np.savez(out / "theirs-0.npz", points=samples)
    other = ganzoo("reproduce", "toy", "--claim", "beside", "--out", out, "--json")
    (beside,) = json.loads(other.out)["results"]
    assert beside["values"].keys() == {"ours", "theirs"}, beside["reason"]
    assert beside["verdict"] == "not reproduced"
    assert beside["seeds_that_hold"] is None


def test_a_claim_that_was_killed_goes_on(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process trains is waited for; when that is killed, it is resumed."""
    monkeypatch.chdir(tmp_path)
    slow = arm(steps="200", checkpoint_every="2")
    install_toy(install, tmp_path / "site", claim(measure=LOSS, arms=slow))
    command = ("reproduce", "toy", "--out", tmp_path / "out")
    quiet = {"OMP_NUM_THREADS": "1"}
    with spawn(*command, **quiet, TOY_PAUSE="0.5") as first:
        wait_for(lambda: [*(tmp_path / "out").glob("*/checkpoints/00000002/manifest.json")])
        with spawn(*command, **quiet) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            assert said.endswith(": waiting for another process, which trains it\n")
            first.kill()
            _, rest = second.communicate(timeout=300)
            assert second.returncode == 0, rest
    (run,) = runs(tmp_path / "out")
    assert rest.startswith(f"{run}: training\n")
    assert trainings(tmp_path / "out" / run) == 2
    assert json.loads((tmp_path / "out" / run / "run.json").read_text())["outcome"] == "finished"
    assert results(tmp_path / "out")["modes"]["verdict"] == "reproduced"


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


DIVERGING = """
import json, sys
from pathlib import Path
if sys.argv[1] == "evaluate":
    sys.exit("ganzoo: error: the data are nowhere")
run = Path(sys.argv[sys.argv.index("--out") + 1])
(run / "checkpoints" / "00000001").mkdir(parents=True)
(run / "checkpoints" / "00000001" / "manifest.json").touch()
(run / "run.json").write_text(json.dumps({
    "variant": {"name": "toy", "plugin": "ganzoo-toy", "version": "3.2.1"}, "config": {},
    "training": {"steps": 5}, "data": DATA, "outcome": OUTCOME,
}))
"""


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason"),
    [
        ("diverged", "not reproduced", "ours, seed 0: the training diverged: see "),
        ("finished", "not run", "the data are nowhere"),
    ],
)
def test_what_is_lost_and_what_is_prevented(
    outcome: str, verdict: str, reason: str, toy: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data = DataSpec.points(2, name="ring8").to_dict() | {"samples": [10]}
    stub = DIVERGING.replace("OUTCOME", repr(outcome)).replace("DATA", repr(data))
    (tmp_path / "stub.py").write_text(stub)
    program = (sys.executable, str(tmp_path / "stub.py"))
    monkeypatch.setattr("ganzoo.claims.training.PROGRAM", program)
    done = ganzoo("reproduce", "toy", "--claim", "modes", "--out", tmp_path / "out", "--json")
    assert done.status == 1
    (one,) = json.loads(done.out)["results"]
    assert one["verdict"] == verdict
    assert reason in one["reason"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["toy", "--claim", "mods"], "there is no claim 'mods': did you mean 'modes'?"),
        (["ty"], "there is no variant 'ty'"),
        (["toy-too"], "claims.toml has no claim whose variant is 'toy-too'"),
        ([], "name a variant, as `ganzoo list` does, or ask for --table"),
    ],
)
def test_what_cannot_be_reproduced(arguments: list[str], sentence: str, toy: Path) -> None:
    done = ganzoo("reproduce", *arguments)
    assert done.status == 2
    assert sentence in done.err


def test_a_variant_without_claims(toy: Path) -> None:
    (toy / "claims.toml").unlink()
    done = ganzoo("reproduce", "toy")
    assert done.status == 2
    assert (
        f"'toy' comes without claims: its author can state them in a claims.toml beside {toy}"
        in (done.err)
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"stps": "5"}, "there is no setting 'stps': did you mean 'steps'?"),
        ({"steps": '"many"'}, "--steps must be a whole number, not many"),
        ({"dataset": '"ring9"'}, "there is no data set 'ring9': did you mean 'ring8'?"),
        ({"variant": '"ty"'}, "there is no variant 'ty'"),
        ({"seed_setting": '"draw"'}, "there is no setting 'draw'"),
    ],
)
def test_settings_are_checked_before_anything_is_trained(
    wrong: dict[str, str], sentence: str, toy: Path, tmp_path: Path
) -> None:
    (toy / "claims.toml").write_text(claim() + claim("second", arms=arm(**wrong)))
    done = ganzoo("reproduce", "toy", "--out", tmp_path / "out")
    assert done.status == 2
    assert f"claims.toml, claim second, arm ours: {sentence}" in done.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = ganzoo("reproduce", "toy", "--out", tmp_path / "file")
    assert done.status == 2
    assert f"{tmp_path / 'file' / '.claims'} cannot be written" in done.err
    assert "choose another --out" in done.err


def test_a_file_that_is_wrong_is_a_sentence(toy: Path) -> None:
    (toy / "claims.toml").write_text(claim(says=""))
    done = ganzoo("reproduce", "toy")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert f"{toy / 'claims.toml'}, claim modes: says is missing" in done.err


def test_a_run_is_named_by_all_that_it_depends_on(toy: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, lambda what, news: None)
    settings = {"dataset": "ring8", "steps": 5}
    names = {
        place.path(Arm("ours", "toy", settings), 0).name,
        place.path(Arm("ours", "toy", settings), 1).name,
        place.path(Arm("ours", "toy", settings | {"steps": 6}), 0).name,
        place.path(Arm("ours", "toy-too", settings), 0).name,
        Place(tmp_path, place.tell, device="cpu").path(Arm("ours", "toy", settings), 0).name,
    }
    assert len(names) == 5
    assert place.path(Arm("other", "toy", settings), 0).name in names
    (site,) = (path for path in toy.parent.glob("*.dist-info"))
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: ganzoo-toy\nVersion: 4.0\n")
    registry.cache_clear()
    assert place.path(Arm("ours", "toy", settings), 0).name not in names


def test_settings_are_flags_of_train() -> None:
    settings = {"flip": True, "recompute": False, "widths": [8, 9], "lr": 2e-4}
    assert train_command(Arm("ours", "toy", settings, "label_draw"), 3) == [
        "train", "toy", "--flip", "--no-recompute", "--widths", "8,9", "--lr", "0.0002",
        "--label-draw", "3",
    ]  # fmt: skip


def test_only_data_that_are_read_from_files_are_told_where_they_are(toy: Path) -> None:
    place = Place(toy, lambda what, news: None, Path("data"))
    for name, flags in (("ring8", []), ("mnist", ["--data-root", "data"])):
        assert place.flags(Arm("ours", "toy", {"dataset": name})) == flags
    assert place.flags(Arm("ours", "toy", {"dataset": "mnist+glyphs"})) == ["--data-root", "data"]


@pytest.mark.parametrize("name", ["toy.md", "toy.json"])
def test_notes_of_the_users_are_not_written_over(toy: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text('{"mine": 1}')
    done = ganzoo("reproduce", "toy", "--out", out)
    assert done.status == 2
    assert f"{out / name} exists, and is not known for one of this command's" in done.err
    assert (out / name).read_text() == '{"mine": 1}'
    assert [path.name for path in out.iterdir()] == [name]


@pytest.mark.parametrize("link", ["", "a-run.log", "a-run.lock"])
def test_what_leads_elsewhere_in_a_strangers_folder_is_refused(
    toy: Path, tmp_path: Path, link: str
) -> None:
    """What is said, in which a class may be called as a command, was appended to what it led to."""
    mine, out = tmp_path / "mine", tmp_path / "out"
    mine.write_text("my own")
    out.mkdir()
    notes = out / ".claims"
    if link:
        notes.mkdir()
        (notes / link).symlink_to(mine)
    else:
        notes.symlink_to(tmp_path)
    done = ganzoo("reproduce", "toy", "--claim", "modes", "--seeds", 1, "--out", out)
    assert done.status == 2
    assert "is a link, through which" in done.err
    assert mine.read_text() == "my own"
