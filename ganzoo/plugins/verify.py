"""Whether the targets of the installed plugins can be used, for those who list them.

To know that, a target must be imported, and torch with it. So what was seen is remembered, in the
user's cache, until something changes that it depends on: a file of the target's package, what is
installed beside it, the version of its distribution, of ganzoo or of Python. The core's own
targets are trusted.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganzoo.artifacts.files import read_note, write_json
from ganzoo.artifacts.places import cache_folder, make_cache_folder
from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import CORE, KINDS, Plugin
from ganzoo.plugins.registered import Registered, S, is_strict, load_target
from ganzoo.spec import VariantSpec

Watch = Callable[[], AbstractContextManager[Callable[[str], None]]]


def unheard() -> AbstractContextManager[Callable[[str], None]]:
    """A `Watch` whom nobody hears."""
    return nullcontext(lambda message: None)


def verified(rows: Sequence[Registered[S]], watch: Watch = unheard) -> list[Registered[S]]:
    """The rows, each with the `Registered.flaw` of its target, which is then nobody's rival.

    Args:
        rows: of the registry.
        watch: gives somebody to tell what is being done, where that takes time.

    Raises:
        GanzooError: a target has a flaw and ``GANZOO_STRICT_PLUGINS`` is set.
    """
    memory = Memory()
    unseen = [row for row in rows if memory.flaw(row) is None]
    if unseen:
        with watch() as report:
            for row in unseen:
                report(f"looking at {row.qualified}, which is new or has changed")
                memory.look(row)
        memory.save()
    seen = [replace(row, flaw=memory.flaw(row) or "") for row in rows]
    flawed = {(type(row.spec), row.spec.name, row.plugin) for row in seen if row.flaw}
    for row in seen:
        if row.flaw and is_strict():
            raise row.refusal
    return [replace(row, rivals=_sound_rivals(row, flawed)) for row in seen]


def _sound_rivals(
    row: Registered[Any], flawed: Collection[tuple[type, str, Plugin]]
) -> tuple[Plugin, ...]:
    kind, name = type(row.spec), row.spec.name
    return tuple(rival for rival in row.rivals if (kind, name, rival) not in flawed)


class Memory:
    """What is known of targets: read once, added to, and written by `save`.

    In the file, by the place of the package and the name of the target: the ``state`` in which it
    was seen, its ``flaw``, and the ``settings`` of a variant.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError):
            content = json.loads(read_note(_path()))
            if isinstance(content, dict) and all(isinstance(v, dict) for v in content.values()):
                self._known = content
        self._around = _surroundings()
        self._package = cache(_package)  # as it is before anything of it is imported

    def flaw(self, row: Registered[Any]) -> str | None:
        """What is wrong with a target, empty where all is well; None: it must be looked at."""
        if row.plugin.dist == CORE or not row.plugin.usable:
            return ""
        place, name, state = self._identity(row)
        seen = self._known.get(place, {}).get(name)
        if not isinstance(seen, dict) or seen.get("state") != state:
            return None
        flaw = seen.get("flaw")
        return flaw if isinstance(flaw, str) else None

    def look(self, row: Registered[Any]) -> None:
        """Import a target, to see what is wrong with it."""
        place, name, state = self._identity(row)
        flaw, settings = "", []
        try:
            found = load_target(row.spec)
            if isinstance(row.spec, VariantSpec):
                from ganzoo.config import options  # of no use to those who only list

                settings = [
                    {
                        "name": one.name,
                        "doc": one.doc,
                        "switch": one.type is bool,
                        "choices": [*one.choices],
                    }
                    for one in options(found.Config).values()
                ]
        except GanzooError as error:
            flaw = " ".join(str(error).split())
        seen = {"state": state, "flaw": flaw, "settings": settings}
        self._known.setdefault(place, {})[name] = seen

    def settings(self, row: Registered[VariantSpec]) -> list[dict[str, Any]] | None:
        """Of each setting of a variant name, doc, whether it is a switch, and choices.

        None: it must be looked at.
        """
        if self.flaw(row) is None:
            return None
        place, name, _ = self._identity(row)
        found: list[dict[str, Any]] | None = self._known[place][name].get("settings")
        return found

    def save(self) -> None:
        """Write the file, if that can be done; what is there no more is forgotten."""
        kept = {place: seen for place, seen in self._known.items() if Path(place).exists()}
        with suppress(OSError):
            make_cache_folder()
            write_json(_path(), kept)

    def _identity(self, row: Registered[Any]) -> tuple[str, str, list[str]]:
        """The place and the name of a target, and all that its flaw depends on."""
        place, files = self._package(row.spec.target.partition(":")[0].partition(".")[0])
        name = f"{KINDS[type(row.spec)]} {row.qualified} at {row.spec.target}"
        return place, name, [row.plugin.version, *self._around, *files]


def _path() -> Path:
    return cache_folder() / "verified.json"


def _surroundings() -> list[str]:
    """What the import of any target depends on: ganzoo, Python and what is installed."""
    sites = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    others = os.environ.get("PYTHONPATH", "")
    return [version(CORE), sys.version, others, *map(_stamp, sites)]


def _package(name: str) -> tuple[str, list[str]]:
    """Where a package or module is, and its files; it is not imported."""
    spec = None
    with suppress(ImportError, ValueError):
        spec = find_spec(name)
    if spec is None:
        return "", []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    place = folders[0] if folders else Path(spec.origin or "")
    return str(place), [_stamp(str(file)) for file in files or [place]]


def _stamp(path: str) -> str:
    """Another one as soon as the file, or what lies in the folder, is another."""
    with suppress(OSError):
        status = Path(path).stat()
        return f"{path} {status.st_size} {status.st_mtime_ns}"
    return path
