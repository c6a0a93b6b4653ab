"""What the installed plugins offer, by name: collisions, statuses, and loading what is named."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any

from ganzoo.errors import GanzooError, UnknownError, unknown
from ganzoo.plugins.discovery import (
    KINDS,
    Candidate,
    Plugin,
    Spec,
    Status,
    installed,
    load_plugin,
    normal,
)
from ganzoo.plugins.registered import Registered, S, is_strict, names_of
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
)

_PREFERRED: ContextVar[Collection[str]] = ContextVar("preferred", default=())


class Registry:
    """Everything that the installed plugins offer, by name."""

    plugins: list[Plugin]
    """The core first, then by distribution; what became of each is its status."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        """Load the candidates one by one.

        Raises:
            GanzooError: one has a problem and ``GANZOO_STRICT_PLUGINS`` is set.
        """
        self.plugins = []
        for candidate in candidates:
            siblings = [plugin for plugin in self.plugins if plugin.dist == candidate.dist]
            plugin = load_plugin(
                candidate, [spec for sibling in siblings for spec in sibling.specs]
            )
            if is_strict() and not plugin.usable and plugin.status is not Status.DISABLED:
                raise _refusal(plugin) from plugin.cause
            self.plugins.append(plugin)
        for row in self.rows():
            if is_strict() and row.rivals:
                raise GanzooError(f"{row.plugin} offers '{row.spec.name}': {row.error}")

    def variant(self, name: str) -> Registered[VariantSpec]:
        """The variant that the user calls `name`, which may be ``distribution:name``.

        Raises:
            GanzooError: there is none, there are several, or its plugin cannot be used.
        """
        return self._find(VariantSpec, name)

    def dataset(self, name: str) -> Registered[DatasetSpec]:
        """The data set of that name; see `variant`."""
        return self._find(DatasetSpec, name)

    def loss(self, name: str) -> Registered[LossSpec]:
        """The loss of that name; see `variant`."""
        return self._find(LossSpec, name)

    def regulariser(self, name: str) -> Registered[RegulariserSpec]:
        """The regulariser of that name; see `variant`."""
        return self._find(RegulariserSpec, name)

    def augmentation(self, name: str) -> Registered[AugmentationSpec]:
        """The augmentation of that name; see `variant`."""
        return self._find(AugmentationSpec, name)

    def evaluator(self, name: str) -> Registered[EvaluatorSpec]:
        """The evaluator of that name; see `variant`."""
        return self._find(EvaluatorSpec, name)

    def extractor(self, name: str) -> Registered[ExtractorSpec]:
        """The extractor of that name; see `variant`."""
        return self._find(ExtractorSpec, name)

    def logger(self, name: str) -> Registered[LoggerSpec]:
        """The logger of that name; see `variant`."""
        return self._find(LoggerSpec, name)

    def executor(self, name: str) -> Registered[ExecutorSpec]:
        """The executor of that name; see `variant`."""
        return self._find(ExecutorSpec, name)

    def named(self, name: str) -> list[Registered[Any]]:
        """All that the user calls `name`, one of each kind at most; see `variant`.

        Raises:
            GanzooError: there is nothing of that name in any kind, or all that has it has a flaw.
        """
        found: list[Registered[Any]] = []
        refused: list[GanzooError] = []
        for kind in KINDS:
            try:
                found.append(self._find(kind, name))
            except UnknownError:
                continue
            except GanzooError as error:
                refused.append(error)
        if refused and not found:
            raise refused[0]
        if not found:
            usable = [row for row in self.rows() if row.plugin.usable]
            *first, last = KINDS.values()
            raise self._unknown(f"{', '.join(first)} or {last}", name, usable)
        return found

    def variants(self) -> list[Registered[VariantSpec]]:
        """All variants by name, those that cannot be used included."""
        return self._rows(VariantSpec)

    def datasets(self) -> list[Registered[DatasetSpec]]:
        """All data sets by name, those that cannot be used included."""
        return self._rows(DatasetSpec)

    def losses(self) -> list[Registered[LossSpec]]:
        """All losses by name, those that cannot be used included."""
        return self._rows(LossSpec)

    def regularisers(self) -> list[Registered[RegulariserSpec]]:
        """All regularisers by name, those that cannot be used included."""
        return self._rows(RegulariserSpec)

    def augmentations(self) -> list[Registered[AugmentationSpec]]:
        """All augmentations by name, those that cannot be used included."""
        return self._rows(AugmentationSpec)

    def evaluators(self) -> list[Registered[EvaluatorSpec]]:
        """All evaluators in the order in which they are registered, the core's first.

        Those that cannot be used are included.
        """
        return self._in_order(EvaluatorSpec)

    def extractors(self) -> list[Registered[ExtractorSpec]]:
        """All extractors, in the order of `evaluators`; those that cannot be used are included."""
        return self._in_order(ExtractorSpec)

    def loggers(self) -> list[Registered[LoggerSpec]]:
        """All loggers by name, those that cannot be used included."""
        return self._rows(LoggerSpec)

    def executors(self) -> list[Registered[ExecutorSpec]]:
        """All executors by name, those that cannot be used included."""
        return self._rows(ExecutorSpec)

    def rows(self) -> list[Registered[Any]]:
        """All of every kind."""
        return [
            *self.variants(),
            *self.datasets(),
            *self.losses(),
            *self.regularisers(),
            *self.augmentations(),
            *self.evaluators(),
            *self.extractors(),
            *self.loggers(),
            *self.executors(),
        ]

    def _in_order(self, kind: type[S]) -> list[Registered[S]]:
        order = [spec for plugin in self.plugins for spec in plugin.specs]
        return sorted(self._rows(kind), key=lambda row: order.index(row.spec))

    def _rows(self, kind: type[S]) -> list[Registered[S]]:
        offers = [
            (spec, plugin)
            for plugin in self.plugins
            for spec in plugin.specs
            if isinstance(spec, kind)
        ]
        rows = []
        for spec, plugin in offers:
            same_name = [other for offer, other in offers if offer.name == spec.name]
            usable = [other for other in same_name if other.usable]
            rivals = [other for other in usable if other is not plugin] if plugin in usable else []
            rows.append(Registered(spec, plugin, tuple(rivals)))
        return sorted(rows, key=lambda row: (row.spec.name, row.plugin.dist))

    def _find(self, kind: type[S], asked: str) -> Registered[S]:
        if not isinstance(asked, str):  # as a program may give it
            raise GanzooError(f"{asked!r} names no {KINDS[kind]}: give a text")
        dist, _, name = asked.rpartition(":")
        usable = [row for row in self._rows(kind) if row.plugin.usable]
        found = [
            row
            for row in usable
            if row.spec.name == name and normal(dist) in ("", normal(row.plugin.dist))
        ]
        if len(found) > 1:
            preferred = [row for row in found if row.plugin.dist in _PREFERRED.get()]
            found = preferred if len(preferred) == 1 else found
        if len(found) > 1:
            from ganzoo.plugins.verify import (
                verified,  # which imports this module, and their targets
            )

            sound = [row for row in verified(found) if row.usable]
            found = sound if len(sound) == 1 else found
        if len(found) == 1:
            return found[0]
        if found:
            raise GanzooError(
                f"{names_of([row.plugin for row in found])} each offer a {KINDS[kind]} '{name}': "
                f"choose by typing {' or '.join(row.qualified for row in found)}"
            )
        failed = [plugin for plugin in self.plugins if not plugin.usable]
        for plugin in failed:
            if _would_offer(plugin, kind, dist, name):
                problem = f"there is no {KINDS[kind]} '{asked}': {_refusal(plugin)}"
                raise GanzooError(problem) from plugin.cause
        raise self._unknown(KINDS[kind], asked, usable)

    def _unknown(self, kind: str, asked: str, usable: Sequence[Registered[Any]]) -> UnknownError:
        """What to say of a name that nothing has, when these are the names that there are."""
        dist = asked.rpartition(":")[0]
        names = {row.qualified if dist else row.spec.name for row in usable}
        failed = [plugin for plugin in self.plugins if not plugin.usable]
        if dist and normal(dist) not in {normal(plugin.dist) for plugin in self.plugins}:
            hint = f" ({dist} is not installed)"
        else:
            hint = f" (not in use: {names_of(failed)}, see `ganzoo plugins`)" if failed else ""
        return unknown(kind, asked, names, hint)


@cache
def registry() -> Registry:
    """What is installed, loaded once."""
    return Registry(installed())


@contextlib.contextmanager
def preferring(dists: Collection[str]) -> Iterator[None]:
    """Have a name that several offer mean, within the block, what one of these offers.

    A run's names, such as that of its data set, go on meaning what they meant when it was started.
    """
    token = _PREFERRED.set(dists)
    try:
        yield
    finally:
        _PREFERRED.reset(token)


def _would_offer(plugin: Plugin, kind: type[Spec], dist: str, name: str) -> bool:
    """Whether an unusable plugin is the one that the user means."""
    if dist:
        return normal(plugin.dist) == normal(dist)
    known = [spec.name for spec in plugin.specs if isinstance(spec, kind)]
    return name in known or name in (plugin.name, normal(plugin.dist).removeprefix("ganzoo-"))


def _refusal(plugin: Plugin) -> GanzooError:
    return GanzooError(f"{plugin} is {plugin.status}: {plugin.error}; {plugin.remedy}")
