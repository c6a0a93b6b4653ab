"""Real wheels in real environments, which borrow torch from the one that runs the tests."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{dist}"
version = "{version}"
dependencies = ["ganzoo-core"]

[project.entry-points.ganzoo]
{entry} = "{module}"
"""


def write_plugin(
    folder: Path, dist: str, init: str, variant: str = "", version: str = "1.0"
) -> Path:
    """Write the project of a plugin.

    Args:
        folder: where projects are kept; this one is written to ``folder/dist``.
        dist: ``ganzoo-tiny``: its module is ``ganzoo_tiny``, its entry point ``tiny``.
        init: the source of ``ganzoo_tiny/__init__.py``.
        variant: the source of ``ganzoo_tiny/variant.py``.
        version: of the distribution.

    Returns:
        The project's folder.
    """
    project = folder / dist
    module = dist.replace("-", "_")
    package = project / module
    package.mkdir(parents=True)
    text = PYPROJECT.format(
        dist=dist, version=version, module=module, entry=dist.removeprefix("ganzoo-")
    )
    (project / "pyproject.toml").write_text(text)
    (package / "__init__.py").write_text(init)
    (package / "variant.py").write_text(variant)
    return project


def build_wheels(projects: list[Path], out: Path) -> list[Path]:
    """Build a wheel of each project into the folder `out`; the wheels in the same order."""
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    pip("wheel", *offline, "--wheel-dir", str(out), *map(str, projects))
    return [next(out.glob(f"{one.name.replace('-', '_')}-*.whl")) for one in projects]


def pip(*arguments: str, python: Path = Path(sys.executable)) -> None:
    """Run this environment's pip, for an interpreter that may have none of its own."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", *arguments]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)


@dataclass(frozen=True)
class Environment:
    """A virtual environment layered over the one that runs the tests."""

    root: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        windows = sys.platform == "win32"
        return self.root / ("Scripts/python.exe" if windows else "bin/python")

    def install(self, *wheels: Path) -> None:
        """Install wheels, without what they depend on."""
        pip("install", "--no-deps", "--no-index", *map(str, wheels), python=self.python)

    def uninstall(self, dist: str) -> None:
        """Uninstall a distribution."""
        pip("uninstall", "--yes", dist, python=self.python)

    def run(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's python in a folder, with additional environment variables."""
        own = {"COLUMNS": "200", "OMP_NUM_THREADS": "1", "GANZOO_CACHE": str(self.root / "cache")}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GANZOO_")}
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd,
            env=inherited | own | variables,
            capture_output=True,
            text=True,
            check=False,
        )


def layered_environment(root: Path) -> Environment:
    """Make an environment that sees all that is installed here, editable installs included."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    env = Environment(root)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([env.python, "-c", ask], capture_output=True, text=True, check=True)
    parents = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    lines = [f"import site; site.addsitedir({parent!r})\n" for parent in sorted(parents)]
    Path(own.stdout.strip(), "parent.pth").write_text("".join(lines))
    return env


def separate_environment(root: Path) -> Environment:
    """Make an environment that sees what is installed here, except ganzoo and its plugins."""
    env = layered_environment(root)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([env.python, "-c", ask], capture_output=True, text=True, check=True)
    site = Path(own.stdout.strip())
    (site / "parent.pth").unlink()
    for parent in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(parent).iterdir():
            if "ganzoo" not in entry.name and not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)
    return env
