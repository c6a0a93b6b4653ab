"""What the machine is, and which packages it lacks."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gpu.steps.told import DEVICE, REHEARSING, found, work

UNUSED = {
    "editables",
    "hatchling",
    "mypy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "playwright",
    "pytest-benchmark",
    "pytest-xdist",
    "ray",
    "ruff",
    "submitit",
    "tensorboard",
    "torch-fidelity",
}
"""Of the packages for tests, those that no GPU test uses."""


def lacking() -> list[str]:
    """The distributions that the steps need and that are not here."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = [re.split(r"[^\w-]", requirement)[0] for requirement in wanted]
    missing = []
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    return [name for name in missing if name not in UNUSED]


def main() -> None:
    """Say it; fail if something is missing."""
    problems = [os.environ["GPU_WHEELS"]] if os.environ.get("GPU_WHEELS") else []
    missing = lacking()
    if missing:
        problems.append(
            f"missing here: {', '.join(missing)}; carry their wheels along in .whl (python -m pip "
            f"download --no-deps -d .whl {' '.join(missing)}, with what they need in turn)"
        )
    found(f"- Python {platform.python_version()}, {platform.platform(terse=True)}")
    try:
        from ganzoo.bench.speed.compare import describe_machine

        machine = describe_machine(DEVICE)
        (work() / "machine.json").write_text(json.dumps(machine))
        peaks = ", ".join(
            f"{name} {flops / 1e12:,.1f}" for name, flops in machine["peak_flops"].items()
        )
        cuda = f", CUDA {machine['cuda']}" if machine["cuda"] else ""
        found(f"- {machine['device']}, {machine['cores']} cores; torch {machine['torch']}{cuda}")
        found("- its peaks do not matter here" if REHEARSING else f"- peak TFLOP/s: {peaks}")
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
    for problem in problems:
        found(f"- **{problem}**")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
