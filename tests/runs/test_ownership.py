"""Which run a checkpoint is of."""

from typing import Any

import pytest

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
