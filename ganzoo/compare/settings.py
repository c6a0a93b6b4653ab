"""What decides a training, as it is told from others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.runs.record import data_spec, samples
from ganzoo.spec import DataSpec

if TYPE_CHECKING:
    from ganzoo.runs.run import Run  # imports torch

_WATCHING = "--log-every --sample-every --checkpoint-every --evaluate-every --features --log-to"
WATCHING = frozenset(_WATCHING.split())
"""Settings that decide what is seen of a training, and not what becomes of it."""


def name_data(runs: Sequence[Run]) -> dict[Path, dict[str, Any]]:
    """By run, what its data are called and where they are: the same of the same samples.

    Others of the same name are told from each other by what they hold.
    """
    first: dict[str, dict[str, Any]] = {}
    found = {}
    for run in runs:
        record = run.settings["data"]
        root = run.settings["training"].get("data_root")
        own: dict[str, Any] = {"data": record["name"], "--data-root": root}
        content = str(record.get("content") or "").strip("[]'")
        if content:
            if content not in first and own["data"] in (one["data"] for one in first.values()):
                own["data"] += f" of content {content[:6]}"
            own = first.setdefault(content, own)
        found[run.path] = own
    return found


def read_settings(run: Run) -> dict[str, Any]:
    """What decides a training, by name; settings as the flags that set them."""
    content = run.settings
    variant = {
        "variant": content["variant"]["name"],
        "plugin": content["variant"]["plugin"],
        "plugin version": content["variant"].get("version"),
    }
    flags = content["training"] | content["config"]
    flags.pop("dataset", None)  # "data" says it
    flags |= {f"{name} until step {step}": was for name, was, step in content.get("before", [])}
    return {
        **variant,
        "data": content["data"]["name"],
        "data samples": [*samples(content)],
        **_read_fields(data_spec(content)),
        "trained to step": run.step,
        **{f"--{key.replace('_', '-')}": value for key, value in flags.items()},
        **{f"{key} version": value for key, value in content.get("versions", {}).items()},
    }


def public_settings(run: Run) -> dict[str, Any]:
    """Those of `read_settings` but for places on the machine of whoever trained it.

    What is written for others to read names none.
    """
    found = read_settings(run)
    return {name: value for name, value in found.items() if name not in ("--data-root", "--init")}


def _read_fields(data: DataSpec) -> dict[str, Any]:
    """The fields of the data, by name: shapes, and the names of classes or columns."""
    read: dict[str, Any] = {}
    for name, field in data.fields.items():
        read[f"data {name}"] = f"{field.kind} {field}".strip()
        if field.names:
            read[f"data {name} names"] = [*field.names]
    return read
