"""Finding what is installed: each entry point is imported by itself and asked what it offers.

Whatever goes wrong with one is its status and a sentence. The core's own data sets and losses are
a plugin like any other.

Environment variables:
    GANZOO_DISABLE: comma-separated plugins that are not even imported, each as the name of an
        entry point, of a distribution, or as ``distribution:entry``.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from importlib import import_module, metadata
from itertools import combinations
from pathlib import Path
from reprlib import repr as abridged
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import GanzooError, unknown
from ganzoo.plugins.guarded import guarded
from ganzoo.spec import (
    API,
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
    LossSpec,
    Need,
    RegulariserSpec,
    VariantSpec,
)

CORE = "ganzoo-core"
Spec = (
    VariantSpec
    | DatasetSpec
    | LossSpec
    | RegulariserSpec
    | AugmentationSpec
    | EvaluatorSpec
    | ExtractorSpec
    | LoggerSpec
    | ExecutorSpec
)
HOOKS: dict[str, type[Spec]] = {
    "ganzoo_register_variants": VariantSpec,
    "ganzoo_register_datasets": DatasetSpec,
    "ganzoo_register_losses": LossSpec,
    "ganzoo_register_regularisers": RegulariserSpec,
    "ganzoo_register_augmentations": AugmentationSpec,
    "ganzoo_register_evaluators": EvaluatorSpec,
    "ganzoo_register_extractors": ExtractorSpec,
    "ganzoo_register_loggers": LoggerSpec,
    "ganzoo_register_executors": ExecutorSpec,
}
KINDS: dict[type[Spec], str] = {
    VariantSpec: "variant",
    DatasetSpec: "data set",
    LossSpec: "loss",
    RegulariserSpec: "regulariser",
    AugmentationSpec: "augmentation",
    EvaluatorSpec: "evaluator",
    ExtractorSpec: "extractor",
    LoggerSpec: "logger",
    ExecutorSpec: "executor",
}


class Status(StrEnum):
    """How a plugin, or one name that it offers, is doing; from the best to the worst."""

    OK = "ok"
    SLOW = "slow"
    DUPLICATE = "duplicate"
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    BROKEN = "broken"


@dataclass(frozen=True)
class Candidate:
    """An entry point that has not been imported yet; the fields are those of a `Plugin`."""

    name: str
    dist: str
    version: str
    load: Callable[[], Any]
    """Imports the object that implements the hooks."""


@dataclass(frozen=True)
class Plugin:
    """An entry point after the attempt to load it."""

    name: str
    """Of the entry point."""
    dist: str
    """The distribution that it came with."""
    version: str
    """Of the distribution."""
    status: Status = Status.OK
    error: str = ""
    """What is wrong, one line; empty where all is well."""
    specs: tuple[Spec, ...] = ()
    """All that it offers; nothing, where it is broken or disabled."""
    cause: BaseException | None = field(default=None, repr=False, compare=False)
    """The exception that broke it."""

    @property
    def usable(self) -> bool:
        """Whether what it offers can be used."""
        return self.status in (Status.OK, Status.SLOW)

    @property
    def remedy(self) -> str:
        """What can be done about its status; empty where all is well."""
        match self.status:
            case Status.SLOW:
                return "its author should import torch only in the module that the target names"
            case Status.BROKEN:
                return f"`pip uninstall {self.dist}` removes it"
            case Status.DISABLED:
                return "remove it from GANZOO_DISABLE"
            case Status.INCOMPATIBLE:
                newer = any(spec.api > API for spec in self.specs)
                return f"try `pip install --upgrade {CORE if newer else self.dist}`"
            case _:
                return ""

    def __str__(self) -> str:
        return f"{self.dist} {self.version}"


def installed() -> list[Candidate]:
    """The core and the entry points of all installed distributions, none of them imported."""
    version = "unknown"
    with contextlib.suppress(metadata.PackageNotFoundError):  # a checkout that is not installed
        version = metadata.version(CORE)
    core = Candidate("builtin", CORE, version, lambda: import_module("ganzoo.plugins.builtin"))
    found = []
    for entry in metadata.entry_points(group="ganzoo"):
        dist = version = ""
        with contextlib.suppress(Exception):  # what an interrupted uninstallation leaves
            assert entry.dist is not None
            about = entry.dist.metadata  # parsed at each access
            dist, version = about["Name"], about["Version"]
        found.append(Candidate(entry.name, dist or entry.name, version or "unknown", entry.load))
    return [core, *sorted(found, key=lambda candidate: (candidate.dist, candidate.name))]


def load_plugin(candidate: Candidate, taken: Sequence[Spec]) -> Plugin:
    """Import a candidate and ask it what it offers, which must not be in `taken`."""
    label = f"{candidate.dist}:{candidate.name}"
    result = partial(Plugin, candidate.name, candidate.dist, candidate.version)
    disabled = {normal(word) for word in os.environ.get("GANZOO_DISABLE", "").split(",")}
    if disabled & {normal(candidate.name), normal(candidate.dist), normal(label)}:
        return result(Status.DISABLED, "disabled by GANZOO_DISABLE")
    torch_was_there = "torch" in sys.modules
    try:
        with guarded():
            specs = _offers(candidate.load(), label, taken)
    except (Exception, SystemExit) as error:
        cause = error.__cause__ if isinstance(error, GanzooError) else error
        return result(Status.BROKEN, sentence(error), cause=cause)
    for spec in specs:
        if spec.api != API:
            error_text = f"built for API {spec.api}, this is {API}"
            return result(Status.INCOMPATIBLE, error_text, specs)
        if isinstance(spec, VariantSpec) and isinstance(spec.needs, str):
            return result(Status.INCOMPATIBLE, _of_api_1(spec), specs)
    if "torch" in sys.modules and not torch_was_there:
        return result(Status.SLOW, "it imports torch, for which every command now waits", specs)
    return result(specs=specs)


def _of_api_1(spec: VariantSpec) -> str:
    return (
        f"built for API 1, this is {API}: the needs of '{spec.name}' are a sentence, and must be "
        'fields, as in needs=((Need(("image",)), Need(("label",))),)'
    )


def _offers(plugin: Any, label: str, taken: Sequence[Spec]) -> tuple[Spec, ...]:
    """What the hooks of an imported plugin return.

    A plugin manager for each plugin keeps what one does, and half does, from the others.
    """
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, label)
    hooks = manager.get_hookcallers(plugin)
    if not hooks:
        raise GanzooError("it implements no hook: mark its functions with @ganzoo.hookimpl")
    offered: list[Spec] = []
    for hook in hooks:
        for implementation in hook.get_hookimpls():
            if hook.name in HOOKS:
                offered += _call(hook.name, implementation.function)
            elif not implementation.optionalhook:
                raise unknown("hook", hook.name, HOOKS)
    for spec, other in combinations([*taken, *offered], 2):
        if type(spec) is type(other) and spec.name == other.name:
            raise GanzooError(f"it offers the {KINDS[type(spec)]} '{spec.name}' twice")
    return tuple(offered)


def _call(hook: str, function: Callable[..., object]) -> list[Spec]:
    """What one hook returns, checked, since a plugin can return anything."""
    kind = HOOKS[hook]
    try:
        returned = function()
        specs = list(returned) if isinstance(returned, Iterable) else None
    except (Exception, SystemExit) as error:
        raise GanzooError(f"{hook} raised {sentence(error)}") from error
    if specs is None or isinstance(returned, str):
        raise GanzooError(f"{hook} returned {abridged(returned)}, not a list of {kind.__name__}")
    for spec in specs:
        if type(spec) is not kind:
            raise GanzooError(f"{hook} returned {abridged(spec)} in place of a {kind.__name__}")
        for item in fields(spec):
            value = getattr(spec, item.name)
            if isinstance(item.type, type) and not isinstance(value, item.type):
                raise GanzooError(
                    f"{hook} returned a {kind.__name__} whose {item.name} is {abridged(value)}, "
                    f"not of type {item.type.__name__}"
                )
        if isinstance(spec, VariantSpec) and not _are_needs(spec.needs):
            raise GanzooError(
                f"{hook} returned a VariantSpec whose needs are {abridged(spec.needs)}, not a "
                "tuple of groups, each a tuple of Need"
            )
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", spec.name):
            raise GanzooError(
                f"{hook} returned the name {abridged(spec.name)}, "
                "which is not made of lower-case letters, digits and single dashes"
            )
    return specs


def _are_needs(needs: Any) -> bool:
    """Whether it is of that form, or the sentence that it was in API 1."""
    return isinstance(needs, str) or (
        isinstance(needs, tuple)
        and all(isinstance(group, tuple) for group in needs)
        and all(isinstance(need, Need) for group in needs for need in group)
    )


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def sentence(error: BaseException) -> str:
    """An exception in one line, with the innermost line of the plugin's code."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # its own text is broken too
        text = "it cannot say what is wrong"
    if isinstance(error, GanzooError):
        return text
    import traceback  # only what is wrong waits for it

    where = [
        f" ({Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_NOT_THE_PLUGINS)
    ]
    return f"{type(error).__name__}: {text}{where[-1] if where else ''}"


_NOT_THE_PLUGINS = (
    "<",
    str(Path(__file__).parents[1]),
    str(Path(os.__file__).parent / "importlib"),
)
