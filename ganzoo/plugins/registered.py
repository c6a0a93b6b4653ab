"""A name that a plugin offers: its status, and loading what it names.

Environment variables:
    GANZOO_STRICT_PLUGINS: ``1`` raises at the first plugin that cannot be used (for a CI job).
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import KINDS, Plugin, Spec, Status, sentence
from ganzoo.plugins.guarded import guarded
from ganzoo.spec import (
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
    LossSpec,
    RegulariserSpec,
    VariantSpec,
    resolve,
)

S = TypeVar(
    "S",
    VariantSpec,
    DatasetSpec,
    LossSpec,
    RegulariserSpec,
    AugmentationSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
)

_NOTES: ContextVar[dict[str, str] | None] = ContextVar("notes", default=None)


@dataclass(frozen=True)
class Registered(Generic[S]):
    """A spec and the plugin that offers it."""

    spec: S
    plugin: Plugin
    rivals: tuple[Plugin, ...] = ()
    """The other plugins that offer the same name."""
    flaw: str = ""
    """What is wrong with the spec's target, as far as `verify` was asked; see `load`."""

    @property
    def usable(self) -> bool:
        """Whether it can be used, as far as is known."""
        return self.plugin.usable and not self.flaw

    @property
    def status(self) -> Status:
        """Of this name: that of its plugin, broken or duplicate."""
        if self.flaw:
            return Status.BROKEN
        return Status.DUPLICATE if self.rivals else self.plugin.status

    @property
    def error(self) -> str:
        """What is wrong with this name, one line; empty where all is well."""
        if self.flaw:
            return self.flaw
        if self.rivals:
            return f"also offered by {names_of(self.rivals)}: type {self.qualified} for this one"
        return self.plugin.error

    @property
    def remedy(self) -> str:
        """What can be done about it, where `error` does not say so; empty where all is well."""
        if self.flaw:
            dist = self.plugin.dist
            return f"try `pip install --upgrade {dist}`, or remove it by `pip uninstall {dist}`"
        return "" if self.rivals else self.plugin.remedy

    @property
    def refusal(self) -> GanzooError:
        """The error for the user of a target that has a flaw."""
        kind = KINDS[type(self.spec)]
        return GanzooError(
            f"{kind} '{self.spec.name}' of {self.plugin} is broken: {self.flaw}; {self.remedy}"
        )

    @property
    def qualified(self) -> str:
        """The name that is unique even among duplicates: ``ganzoo-dcgan:dcgan``."""
        return f"{self.plugin.dist}:{self.spec.name}"

    def load(self) -> Any:
        """Import what the spec's target names; see `load_target`.

        Raises:
            GanzooError: that fails, or it is not what it must be.
        """
        try:
            found = load_target(self.spec)
        except GanzooError as error:
            raise replace(self, flaw=str(error)).refusal from error.__cause__
        notes = _NOTES.get()
        if notes is not None:
            notes[self.plugin.dist] = self.plugin.version
        return found


def load_target(spec: Spec) -> Any:
    """Import what a spec's target names, and check that it is what the spec's kind demands.

    Raises:
        GanzooError: what is wrong with it; its cause is the exception of a failed import.
    """
    try:
        with guarded():
            found = resolve(spec.target)
    except (Exception, SystemExit) as error:
        raise GanzooError(f"{spec.target} cannot be imported: {sentence(error)}") from error
    from ganzoo.plugins.targets import check_target  # imports torch, as what it checks has done

    check_target(spec, found)
    return found


@contextlib.contextmanager
def noting() -> Iterator[dict[str, str]]:
    """The distributions, with their versions, of all that is loaded within the block."""
    notes: dict[str, str] = {}
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def is_strict() -> bool:
    """Whether the first plugin with a problem is to raise."""
    return os.environ.get("GANZOO_STRICT_PLUGINS", "") not in ("", "0")


def names_of(plugins: Sequence[Plugin]) -> str:
    """Their names and versions, joined by 'and'."""
    return " and ".join(map(str, plugins))
