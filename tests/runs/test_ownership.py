"""Which run a checkpoint is of."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.runs import checkpoint
from ganzoo.runs.ownership import fingerprint
from ganzoo.training.settings import RESUMABLE

RECORD: dict[str, Any] = {
    "variant": {"name": "toy", "plugin": "ganzoo-toy", "version": "1"},
    "config": {"lr": 0.1},
    "training": {"seed": 0, "batch_size": 8, "steps": 9, "data_root": "photos", "device": "auto"},
    "data": {"name": "photos", "groups": [], "samples": [9], "content": ["1f"]},
    "processes": 1,
    "created": "2026-01-01",
}


def changed(part: str, **settings: object) -> str:
    told = RECORD | {part: {**RECORD[part], **settings}}
    return fingerprint(told, RESUMABLE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("variant", {"name": "other"}),
        ("variant", {"plugin": "ganzoo-other"}),
        ("config", {"lr": 0.2}),
        ("training", {"seed": 1}),
        ("training", {"batch_size": 7}),
        ("training", {"init": "runs/00001"}),
        ("data", {"content": ["2f"]}),
    ],
)
def test_what_makes_it_another_run(part: str, settings: dict[str, object]) -> None:
    assert changed(part, **settings) != changed(part)


def test_what_does_not() -> None:
    own = changed("training")
    assert changed("training", steps=10, data_root="moved", device="cuda") == own
    assert changed("variant", version="2") == own
    assert changed("data", name="moved") == own
    later = RECORD | {"created": "2026-01-02", "outcome": "finished", "versions": {"torch": "3"}}
    assert fingerprint(later, RESUMABLE) == own  # type: ignore[arg-type]


def test_what_the_user_puts_into_a_checkpoint_stays(tmp_path: Path) -> None:
    """It went with the checkpoint when that was outdone, or written again."""
    who, tensors = checkpoint.Identity("toy", "1", "ours"), {"x": torch.zeros(1)}
    for step in (1, 2, 2, 3, 4):
        path = checkpoint.save(tmp_path, step, who, weights=tensors, state=tensors)
        (path / f"notes-{step}.md").write_text("mine")
        (path / "thesis").mkdir(exist_ok=True)
        (path / "thesis" / "a.tex").write_text("mine")
        tensors = {"x": tensors["x"] + 1}
    half = tmp_path / ".00000009.123.tmp"
    half.mkdir()
    (half / "state.safetensors").write_text("half")
    (half / "keep").write_text("mine")
    checkpoint.rewind(tmp_path, 4, "ours")
    kept = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    names = (
        "manifest.json",
        "notes-{0}.md",
        "state.safetensors",
        "thesis/a.tex",
        "weights.safetensors",
    )
    assert kept == [
        ".00000009.123.tmp/keep",
        *(f"0000000{n}/{name}" for n in (1, 2) for name in (f"notes-{n}.md", "thesis/a.tex")),
        *(f"0000000{n}/{name.format(n)}" for n in (3, 4) for name in names),
    ]
    assert checkpoint.latest(tmp_path) == tmp_path / "00000004"
