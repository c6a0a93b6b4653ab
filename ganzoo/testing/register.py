"""A process that registers one plugin and says what that took: ``register.py DIST ENTRY``.

It is run as a file, since importing `ganzoo.testing` imports torch, which it watches out for.
"""

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

from ganzoo.plugins.discovery import installed
from ganzoo.plugins.registry import Registry

HEAVY = ("torch", "torchvision")
_BETWEEN = (
    "importlib",
    "importlib.metadata",
    "ganzoo.plugins.discovery",
    "ganzoo.plugins.registry",
    "__main__",
)
"""Modules that call the plugin's and are not on its way to torch."""


class _Heavy(KeyboardInterrupt):  # which goes through whoever guards imports
    """Ends the registration, which its author's code does not notice."""

    def __init__(self, package: str, way: list[tuple[str, str, int]]) -> None:
        super().__init__(package)
        self.package = package
        self.way = way
        """(module, file, line) of each import on the way, the plugin's first."""


class _Lookout(MetaPathFinder):
    """Finds nothing, and raises where a heavy package is looked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Look at the name of what is imported."""
        if fullname not in HEAVY:
            return None
        way: list[tuple[str, str, int]] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            module, file = str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
            if module not in _BETWEEN and not file.startswith("<"):
                way.insert(0, (module, file, frame.f_lineno))
            frame = frame.f_back
        raise _Heavy(fullname, way)


def main() -> None:
    """Print a JSON object: what failed, which heavy package was imported how, what was printed."""
    dist, entry = sys.argv[1:]
    chosen = [found for found in installed() if (found.dist, found.name) == (dist, entry)]
    error = "" if chosen else "it is not installed"
    package, way = "", list[tuple[str, str, int]]()
    said = io.StringIO()
    sys.meta_path.insert(0, _Lookout())
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            error += "".join(plugin.error for plugin in Registry(chosen).plugins)
        except _Heavy as heavy:
            package, way = heavy.package, heavy.way
    about = {"error": error, "package": package, "way": way, "said": said.getvalue()}
    sys.stdout.write(json.dumps(about))


if __name__ == "__main__":
    main()
