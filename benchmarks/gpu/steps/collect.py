"""Which tests need a GPU, in groups: by variant, or by file."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from gpu.steps.told import found, work

MARK = "pytest.mark.gpu"
FOLDERS = ("tests", "plugins")
OPTIONS = ("-m", "gpu", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
"""Of pytest; instead of the project's, which name a plugin that may not be here."""


def group(node: str, variants: Iterable[str]) -> str:
    """What a test is about: the variant that its parameters begin with, else its file."""
    file, _, parameters = node.rstrip("]").partition("[")
    about = [name for name in variants if f"{parameters}-".startswith(f"{name}-")]
    return max(about, key=len, default=Path(file.partition("::")[0]).stem.removeprefix("test_"))


class Seen:
    """A plugin of pytest: the tests that were collected, and what was wrong."""

    def __init__(self, variants: Iterable[str]) -> None:
        self.variants = variants
        self.groups: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session) -> None:  # type: ignore[no-untyped-def]
        for item in session.items:
            self.groups[group(item.nodeid, self.variants)].append(item.nodeid)


def main() -> None:
    """Collect only from files that have such tests: nobody else's imports can fail."""
    try:
        import pytest

        from ganzoo.plugins.registry import registry
    except ImportError as error:
        sys.exit(f"no GPU test is run, as {error.name} is not here (carry its wheel along)")
    files = [
        str(file)
        for folder in FOLDERS
        for file in sorted(Path(folder).rglob("test_*.py"))
        if MARK in file.read_text(encoding="utf-8")
    ]
    seen = Seen([row.spec.name for row in registry().variants()])
    options = [*OPTIONS, "--collect-only", "--continue-on-collection-errors"]
    status = pytest.main([*options, *files], plugins=[seen])
    (work() / "tests.json").write_text(json.dumps(seen.groups))
    counts = ", ".join(f"{name} {len(nodes)}" for name, nodes in seen.groups.items())
    found(f"{sum(map(len, seen.groups.values()))} tests need a GPU: {counts}")
    sys.exit(status)


if __name__ == "__main__":
    main()
