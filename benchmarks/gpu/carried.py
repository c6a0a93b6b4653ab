"""The tree as if it were installed: its plugins' metadata, and wheels that were carried along."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path


def install_wheels(wheels: Path, site: Path) -> str:
    """Unpack wheels into a folder, each by itself, so that none hinders another.

    Returns:
        What could not be unpacked, in words; nothing where all could.
    """
    failed = []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for wheel in sorted(wheels.glob("*.whl")):
        done = subprocess.run(
            [*pip, "--no-index", "--no-deps", "--no-compile", "--target", str(site), str(wheel)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["pip failed"]
            failed.append(f"{wheel.name}: {lines[-1]}")
    return "; ".join(failed)


def describe_packages(site: Path) -> list[Path]:
    """Write metadata of the package and its plugins, by which entry points are found.

    Returns:
        The folders that a process needs on its path: the metadata and the packages.
    """
    folders = [Path(), *sorted(Path("plugins").glob("*/"))]
    for folder in folders:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        points = project.get("entry-points", {}).get("ganzoo", {})
        lines = [f"{name} = {target}\n" for name, target in points.items()]
        info.joinpath("entry_points.txt").write_text("".join(["[ganzoo]\n", *lines]))
    return [site, *folders]
