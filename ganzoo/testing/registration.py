"""What registering any plugin must not do, whatever it offers."""

import json
import linecache
import os
import subprocess
import sys
from pathlib import Path

from ganzoo.plugins.discovery import Plugin
from ganzoo.testing.check import Failure

_CHILD = Path(__file__).with_name("register.py")
_SHOWN = 60
"""Characters of what was printed that are repeated."""


def check_registration(plugin: Plugin) -> None:
    """Register a plugin again, in a process of its own.

    Raises:
        Failure: that fails, imports torch or torchvision, or prints something.
    """
    child = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", str(_CHILD), plugin.dist, plugin.name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        reason = (child.stderr.strip() or f"exit status {child.returncode}").splitlines()[-1]
        raise Failure(f"registering {plugin} ends the process that does it: {reason}")
    found = json.loads(child.stdout)
    if found["error"]:
        raise Failure(f"{plugin} does not register in a fresh process: {found['error']}")
    if found["package"]:
        raise Failure(_heavy(found["package"], found["way"]))
    said = " ".join(found["said"].split())
    if said:
        raise Failure(
            f"registering {plugin} prints '{said[:_SHOWN]}': leave that out, since every command "
            "would print it"
        )


def _heavy(package: str, way: list[tuple[str, str, int]]) -> str:
    """Who imports it, and what to do."""
    module, file, line = way[0]
    code = linecache.getline(file, line).strip()
    through = list(dict.fromkeys(name for name, _, _ in way[1:] if name != module))
    by_way = f" (by way of {', '.join(through)})" if through else ""
    return (
        f"importing {module} brings in {package}{by_way}, at {Path(file).name}:{line}: `{code}`: "
        "import it in the module that the target names, since every command would wait for it"
    )
