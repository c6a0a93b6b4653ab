"""What the campaign trains on, the smallest trainings of each variant, and what they leave."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.torch import load_file

from faults.child import forked
from ganzoo.config import options
from ganzoo.plugins.registry import registry
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.spec import VariantSpec

SIDE, CLASSES, EACH = 28, 5, 8
STEPS = 6
EVERY = ("--log-every", 2, "--sample-every", 3, "--checkpoint-every", 2)
HOW = ("--mode", "eager", "--threads", 1, "--batch-size", 4, "--image-size", SIDE)
SMALLER: dict[str, Any] = {
    "width": 2,
    "latent_dim": 4,
    "blocks": 1,
    "labels": 10,
    "generator_widths": "4",
    "discriminator_widths": "4",
}


def make_images(folder: Path) -> None:
    """``folder/photos``, with labels, and ``folder/two``, unpaired."""
    draw = np.random.default_rng(0)
    places = [f"photos/{name}" for name in range(CLASSES)] + ["two/trainA", "two/trainB"]
    for place in places:
        (folder / place).mkdir(parents=True)
        for number in range(EACH * (2 if "two" in place else 1)):
            pixels = draw.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / place / f"{number}.png")


def variants() -> list[str]:
    """The names of all that are installed and can be used."""
    return [row.spec.name for row in registry().variants() if row.plugin.usable]


def training(name: str, data: Path) -> list[object]:
    """The arguments of the smallest training of a variant."""
    registered = registry().variant(name)
    known = options(registered.load().Config)
    flags: list[object] = []
    for key, value in SMALLER.items():
        if key in known:
            if isinstance(value, int):
                value = max(value, int(known[key].minimum or value))
            flags += [known[key].flag, value]
    where = _where(registered.spec, data)
    return ["train", name, *where, *HOW, *flags, "--steps", STEPS, *EVERY]


def _where(spec: VariantSpec, data: Path) -> list[object]:
    """Files of a variant's data, where it takes what there are; else it has those drawn for it."""
    if len(spec.needs) > 1:
        return ["--dataset", "unpaired", "--data-root", data / "two"]
    fields = {need.field for need in spec.needs[0]}
    if "attributes" in fields:
        return []
    made = "/edges" if "source" in fields else ""
    return ["--dataset", f"folder{made}", "--data-root", data / "photos"]


def left_alone(name: str, run: Path, data: Path) -> dict[str, object]:
    """What the training of a variant leaves that nothing happens to.

    Raises:
        RuntimeError: it fails by itself, so that a campaign would find nothing.
    """
    done = forked([*training(name, data), "--out", run], run.with_name("log"))
    if done.status != 0:
        raise RuntimeError(f"{name} does not train: {done.said[-500:]}")
    return left_by(run)


def left_by(run: Path) -> dict[str, object]:
    """All that a run leaves that should not depend on how it went."""
    files: dict[str, object] = {
        str(path.relative_to(run)): path.read_bytes()
        for path in [
            *run.glob("samples/*.png"),
            *run.glob("checkpoints/*/manifest.json"),
            run / "metrics.jsonl",
            run / "samples.gif",
        ]
        if path.exists()
    }
    names = {
        str(path.relative_to(run))
        for folder in (run, run / "samples", run / "checkpoints")
        for path in folder.iterdir()
    }
    return files | {"names": names}


def whole_checkpoint(run: Path) -> bool | None:
    """Whether the newest checkpoint can be read; None: there is none yet."""
    if not (run / "run.json").exists():
        return None
    newest = checkpoint.latest(Run.open(run).checkpoints)
    if newest is None:
        return None
    manifest = json.loads((newest / checkpoint.MANIFEST).read_text())
    for name in (checkpoint.STATE, checkpoint.WEIGHTS):
        load_file(newest / name)
        checkpoint.read(newest, name)
    return bool(manifest["step"] == int(newest.name))
