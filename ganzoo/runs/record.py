"""What ``run.json`` holds: written by a training, read and upgraded here alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from ganzoo.artifacts.files import read_note
from ganzoo.data.files.found import BY_NAME, RULES
from ganzoo.data.files.wanted import Pixels, parse_pixels
from ganzoo.errors import GanzooError, written_later
from ganzoo.spec import DataSpec

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset


FORMAT = 1
"""Of ``run.json``, as it is written here; what lacks the number is older."""


class VariantRecord(TypedDict):
    """Whose game it is."""

    name: str
    """As its spec has it."""
    plugin: str
    """The distribution that offers it."""
    version: str
    """Of the distribution."""


class DataRecord(TypedDict):
    """What the variant was told about its data, and how many there were."""

    name: str
    """See `DataSpec`."""
    groups: list[list[dict[str, Any]]]
    """The fields of each group, as `DataSpec.to_dict` gives them."""
    samples: list[int]
    """Of each group."""
    content: NotRequired[list[str]]
    """A digest of each group's samples, as `ganzoo.plugins.catalog.contents` gives it."""
    rules: NotRequired[int]
    """By which files are found, split and held out: see `ganzoo.data.files.found.RULES`."""


class Noted(TypedDict, total=False):
    """What is found out while a training is put together."""

    device: str
    """The processor's kind, or the GPU's name."""
    mode: str
    """How iterations are run: see `ganzoo.engine.modes`."""
    mode_because: str
    """Why so."""
    compiled_graph: bool
    """Whether the phases of captured graphs are compiled, on CUDA."""
    matmul: str
    """How matrices are multiplied on the CPU."""
    quality_protocol: str
    """How quality is measured in training; only what is measured alike can be compared."""
    quality_better: dict[str, str]
    """Which way each quality is better."""


class Record(Noted):
    """The content of ``run.json``; what need not be there is what older versions did not write."""

    variant: VariantRecord
    config: dict[str, Any]
    """The variant's settings, by field of its `Config`."""
    training: dict[str, Any]
    """The common settings, by field of `Training`."""
    data: DataRecord
    format: NotRequired[int]
    """See `FORMAT`."""
    plugins: NotRequired[dict[str, str]]
    """The distributions that were used, and their versions."""
    versions: NotRequired[dict[str, str]]
    """Of ganzoo, torch and Python."""
    processes: NotRequired[int]
    """That train it together."""
    created: NotRequired[str]
    """When it was begun, in UTC (ISO 8601)."""
    before: NotRequired[list[tuple[str, Any, int]]]
    """What settings were before the run went on with others: name, value, until which step."""
    fingerprint: NotRequired[str]
    """Of what it was begun with, which makes it another training than others."""
    outcome: NotRequired[str | None]
    """How the training ended; None: it has not."""
    digest: NotRequired[str]
    """Of all the rest, as `digest` makes it."""


def read_record(folder: Path) -> Record:
    """The record of the run in a folder, whatever version of ganzoo wrote it.

    Raises:
        GanzooError: there is no run, its record is damaged, or a later version of ganzoo wrote it.
    """
    path = folder / "run.json"
    try:
        record = json.loads(read_note(path))
        missing = {"variant", "config", "training", "data"} - record.keys()
    except OSError as error:
        what = "does not exist" if not folder.exists() else "is not a run directory"
        raise GanzooError(f"{folder} {what}: `ganzoo runs` lists the runs in a folder") from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise GanzooError(f"{path} is damaged: it is not JSON") from error
    if _is_later(record):
        raise written_later(path)
    if missing:
        raise GanzooError(f"{path} is damaged: it lacks {', '.join(sorted(missing))}")
    try:
        upgraded = _upgraded(record)
        variant = upgraded["variant"]
        _ = (
            f"{variant['plugin']}:{variant['name']}",
            data_spec(upgraded),
            samples(upgraded),
            rules(upgraded),
        )
        _ = dict(upgraded.get("plugins", {variant["plugin"]: variant["version"]}))
        _ = upgraded["training"]["steps"], dict(upgraded["config"])
        _check_types(upgraded, _KINDS)
        _check_types(upgraded["training"], _TRAINING)
        _check_types(upgraded["data"], {"content": (list,), "rules": (int,)})
        if not all(isinstance(value, _SETTING) for value in upgraded["training"].values()):
            raise TypeError("training")
        _check_fields(data_spec(upgraded))
        _ = json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (
        *(AttributeError, IndexError, KeyError, TypeError, ValueError),
        *(OverflowError, RecursionError, GanzooError),
    ) as error:
        raise GanzooError(f"{path} is damaged: it is not what was written") from error
    return upgraded


def _is_later(record: Mapping[str, Any]) -> bool:
    """Whether it may say what nobody here understands."""
    data = record.get("data")
    by = data.get("rules") if isinstance(data, dict) else None
    return any(
        isinstance(told, int) and told > known
        for told, known in ((record.get("format"), FORMAT), (by, RULES))
    )


_TEXT, _MAYBE, _NUMBER = (str,), (str, type(None)), (int, type(None))
_KINDS: dict[str, tuple[type, ...]] = {
    "format": (int,),
    "config": (dict,),
    "training": (dict,),
    "data": (dict,),
    "plugins": (dict,),
    "versions": (dict,),
    "processes": (int,),
    "created": _TEXT,
    "before": (list,),
    "fingerprint": _TEXT,
    "outcome": _MAYBE,
    "digest": _TEXT,
    "device": _TEXT,
    "mode": _TEXT,
    "mode_because": _TEXT,
    "matmul": _TEXT,
    "quality_protocol": _TEXT,
    "quality_better": (dict,),
}
_TRAINING = {
    "dataset": _TEXT,
    "data_root": _MAYBE,
    "image_size": _MAYBE,
    "pixels": _MAYBE,
    "few": _NUMBER,
    "steps": (int,),
    "seed": _NUMBER,
}
"""What those who read a record take for granted."""
_SETTING = (str, int, float, type(None))
"""What each common setting is; a variant's own may be lists."""


def _check_types(told: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise a TypeError, if something is there and of another type."""
    for key, kind in kinds.items():
        if key in told and (not isinstance(told[key], kind) or isinstance(told[key], bool)):
            raise TypeError(key)


def _check_fields(spec: DataSpec) -> None:
    """Raise a TypeError, if something that a field says of itself is of another type."""
    for field in (field for group in spec.groups for field in group):
        texts = (spec.name, field.name, field.kind, field.codec, *field.names)
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(field)
        if not all(type(side) is int and side > 0 for side in field.shape):
            raise TypeError(field)


def digest(record: Record) -> str:
    """What tells whether something has changed ``run.json`` since ganzoo wrote it."""
    rest = {key: told for key, told in record.items() if key != "digest"}
    return hashlib.blake2b(json.dumps(rest, sort_keys=True).encode(), digest_size=16).hexdigest()


def describe_data(dataset: Dataset, content: list[str]) -> DataRecord:
    """What is noted of the data that a run is trained on: the fields, how many samples, and which.

    Args:
        dataset: the training split.
        content: a digest of each group.
    """
    told = dataset.spec.to_dict()
    return {
        "name": told["name"],
        "groups": told["groups"],
        "samples": _counts(dataset),
        "content": content,
        "rules": RULES,
    }


def rules(record: Record) -> int:
    """By which the files of a run are found, split and held out."""
    return int(record["data"].get("rules", BY_NAME))


def pixels(record: Record) -> Pixels:
    """How the image files of a run are read."""
    wanted = parse_pixels(record["training"].get("pixels"))
    return replace(wanted, managed=rules(record) > BY_NAME)


def data_spec(record: Record) -> DataSpec:
    """What the run's variant was told about its data."""
    return DataSpec.from_dict(record["data"])


def samples(record: Record) -> tuple[int, ...]:
    """How many samples each group has."""
    return tuple(map(int, record["data"]["samples"]))


def root_of(path: Path, record: Record, given: Path | None = None) -> Path | None:
    """Where the data of a run are: as the user says now, else where they were.

    Args:
        path: of the run.
        record: of the run.
        given: what the user says now.

    Raises:
        GanzooError: it was the user's, and is not there any more, or a run of before or a stranger
            does not say what was in it.
    """
    from ganzoo.plugins import catalog  # imports torch

    told, name = (record["training"].get(key) for key in ("data_root", "dataset"))
    if given is not None or not told:
        return given
    why = "" if "content" in record["data"] else "does not say which samples they were"
    why = why if Path(told).exists() else f"there is no '{told}' any more"
    if catalog.is_of_the_user(str(name)) and why:
        raise GanzooError(
            f"{path} was trained on '{told}', and {why}: name the place of that with --data-root"
        )
    return Path(told)


def check_unchanged(
    path: Path, record: Record, dataset: Dataset, content: list[str], named: bool = True
) -> None:
    """Refuse other data than a run was started with: what counts is the samples, not their name.

    A field that the record does not know, such as the labels of a second domain, which runs of API
    1 did not note, is none of those that it was started with.

    Args:
        path: of the run.
        record: of the run.
        dataset: the training split as it is now.
        content: a digest of each of its groups.
        named: runs from before contents were noted are held to the name.

    Raises:
        GanzooError: a field, a number of samples or a sample differs.
    """
    before, now = data_spec(record), dataset.spec
    known = record["data"].get("content")
    changes: list[tuple[str, object, object]] = []
    if known is None and named:
        changes.append(("name", before.name, now.name))
    for field in before.fields.values():
        same = now.fields.get(field.name)
        for what in ("kind", "shape", "names", "codec"):
            was, found = getattr(field, what), getattr(same, what, None)
            changes.append((f"{what} of '{field.name}'", was, found))
    changes.append(("number of samples", [*samples(record)], _counts(dataset)))
    for what, was, found in changes:
        if was != found:
            raise GanzooError(
                f"the data set '{now.name}' has changed since {path} was started: its {what} was "
                f"{_said(was)} and is {_said(found)}"
            )
    if known is not None and known != content:
        raise GanzooError(
            f"the data set '{now.name}' has changed since {path} was started: it has as many "
            "samples to train on, but other ones, or in another order: bring back the files and "
            "their names as they were, or name with --data-root the folder where they are"
        )


def _counts(dataset: Dataset) -> list[int]:
    """How many samples each group has."""
    return [len(dataset.tensors[group[0].name]) for group in dataset.spec.groups]


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "empty"
    return str(value) or "empty"


def _upgraded(record: dict[str, Any]) -> Record:
    """The record as this version writes it."""
    data = record["data"]
    upgraded: Any = record if "groups" in data else record | {"data": _data_of_api_1(data)}
    whole: Record = upgraded
    return whole


def _data_of_api_1(data: Mapping[str, Any]) -> DataRecord:
    """Of a shape, the names of the classes, and perhaps of two domains, to groups of fields."""
    shape, counts = tuple(data["shape"]), [data["samples"]]
    names = tuple(data.get("class_names") or map(str, range(data["classes"])))
    spec = DataSpec.of_shape(shape, names, data["name"])
    if data.get("domains", 1) > 1:
        spec = DataSpec.unpaired(spec, DataSpec.of_shape(shape), data["name"])
        counts.append(data["other_samples"])
    told = spec.to_dict()
    return {"name": told["name"], "groups": told["groups"], "samples": counts}
