"""From a run to a folder that others can use: written, opened again and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ganzoo.artifacts.files import whole_folder, write_json
from ganzoo.artifacts.places import MARK, check_place, mark
from ganzoo.data.kinds import sample_kind
from ganzoo.errors import GanzooError, shortage, unknown
from ganzoo.export.card import Told, card
from ganzoo.export.formats import FORMATS, OPSET, Format
from ganzoo.export.network import Network, Subject
from ganzoo.export.use import LATENTS
from ganzoo.export.web import PACKAGE, PAGE, RUNTIME, page
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs.load import load
from ganzoo.runs.run import Run

HUGGINGFACE = "huggingface"
"""A folder as that hub wants it: its card begins with facts, and its files have usual names."""
NAMES = (*FORMATS, HUGGINGFACE)
"""What ``--format`` takes."""
SIZES = (1, 2, 5)
"""Of the batches that are compared."""
CLOSE = 1e-3
"""The greatest difference from the original, in units of its largest number: float32 that is added
up in another order."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    files: Mapping[str, str]
    """By name what each is."""
    worst: float
    """The greatest difference from the original in any batch."""


def export(
    path: Path,
    form: str,
    out: Path,
    which: str = "last",
    report: Callable[[str], None] = lambda message: None,
    truncation: float = 1.0,
    asked: Mapping[str, object] | None = None,
) -> Exported:
    """Export a run.

    Args:
        path: of the run.
        form: one of `NAMES`.
        out: the folder, which must not be there yet, or be empty.
        which: checkpoint: ``"last"``, ``"best"`` or a step.
        report: is told what is being done.
        truncation: ψ of `Variant.truncated`, with which the network draws.
        asked: what its translations should be like, by the names of the variant's controls.

    Raises:
        GanzooError: something that is needed is missing, the folder is in use, the run has no such
            network, or one cannot be exported; nothing is left behind.
    """
    if form not in NAMES:
        raise unknown("format", str(form), NAMES)
    chosen = FORMATS["torch" if form == HUGGINGFACE else form]
    chosen.check()
    if form == "safetensors" and (truncation != 1 or asked):
        flag = "--set" if asked else "--truncation"
        raise GanzooError(
            f"{flag} becomes a part of the program, and safetensors holds weights alone: use "
            "--format onnx, torch or huggingface"
        )
    check_place(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GanzooError(f"{out} exists already: choose another --out")
    run = Run.open(path)
    loaded = load(run, torch.device("cpu"), which)
    subject = Subject(loaded.variant, truncation, asked or {})
    networks = subject.networks
    with preferring(run.plugins):
        row = registry().variant(run.variant)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(out) as folder:
            written: dict[str, str] = {}
            worst = 0.0
            for network in networks:
                forms = [chosen, FORMATS["safetensors"]] if form == HUGGINGFACE else [chosen]
                for one in forms:
                    name = network.name + one.suffix
                    report(f"writing {name}, which may take a minute")
                    one.write(network, folder / name)
                    written[name] = one.why
                    report(f"reading {name} again, and comparing what it makes")
                    worst = max(worst, _compare(network, one, folder / name))
            written |= _beside(run, subject, folder, loaded.step, chosen)
            mark(folder)
            written[MARK] = "marks the folder, so that it is never taken for data to train on"
            told = Told(loaded.step, form, written, worst, SIZES, form == HUGGINGFACE)
            text = card(run, row, subject, chosen, told)
            (folder / "README.md").write_text(text, encoding="utf-8")
    except (OSError, SafetensorError) as error:
        if short := shortage(error):
            raise GanzooError(short) from error
        reason = getattr(error, "strerror", None) or error
        raise GanzooError(f"{out} cannot be written ({reason}): choose another --out") from error
    return Exported(out, {"README.md": "how to use it, and what it is", **written}, worst)


def _compare(network: Network, form: Format, path: Path) -> float:
    """The greatest difference of what is read again from the original.

    Raises:
        GanzooError: it is more than rounding.
    """
    opened, worst = form.open(network, path), 0.0
    for size in SIZES:
        inputs = network.sample_inputs(size)
        original, again = network(*inputs), opened(*inputs)
        if again.shape != original.shape or not torch.isfinite(again).all():
            raise _unequal(network, form, "what it makes has another shape, or is not finite")
        difference = (again - original).abs().max().item()
        if difference > CLOSE * max(1.0, original.abs().max().item()):
            raise _unequal(network, form, f"numbers differ by {difference:.2g}")
        worst = max(worst, difference)
    return worst


def _unequal(network: Network, form: Format, what: str) -> GanzooError:
    return GanzooError(
        f"the network '{network.name}' is not the same when it is read again as {form.name} "
        f"({what}), and nothing is written: another --format may do"
    )


def _beside(run: Run, subject: Subject, folder: Path, step: int, form: Format) -> dict[str, str]:
    """Write what a network is used with."""
    name = run.settings["variant"]["name"]
    written = {"config.json": "settings, data, inputs and versions, for programs"}
    data = subject.variant.data
    if subject.networks[0].inputs[0] == "latent":
        if not subject.prior:
            np.save(folder / LATENTS, subject.shipped.numpy())
            written[LATENTS] = f"{len(subject.shipped):,} latents of its prior"
        shown = subject.networks[0](*subject.networks[0].sample_inputs(sample_kind(data).shown))
        _draw(subject, shown, folder / "samples.png")
        written["samples.png"] = "samples that it has drawn"
    if form.name == "onnx" and (text := page(subject, name, f"generator{form.suffix}")):
        (folder / PAGE).write_text(text, encoding="utf-8")
        written[PAGE] = (
            f"a web page that draws, with {', '.join(RUNTIME[:-1])} and {RUNTIME[-1]} of the npm "
            f"package {PACKAGE} beside it: README.md has the commands"
        )
    write_json(folder / "config.json", _config(run, subject, step, form))
    return written


def _draw(subject: Subject, samples: Tensor, path: Path) -> None:
    kind = sample_kind(subject.variant.data)
    made = samples if kind.whole else samples.float()
    kind.draw(subject.variant.data.sample, made, path, None, 10)


def _config(run: Run, subject: Subject, step: int, form: Format) -> dict[str, Any]:
    networks = {
        network.name + form.suffix: {
            name: [*example.shape[1:2], None, None] if network.multiple else [*example.shape[1:]]
            for name, example in zip(network.inputs, network.sample_inputs(1), strict=True)
        }
        for network in subject.networks
    }
    latent = subject.networks[0].inputs[0] == "latent"
    return {
        "variant": run.settings["variant"],
        "config": run.settings["config"],
        "data": subject.variant.data.to_dict(),
        "step": step,
        "networks": networks,
        "truncation": subject.truncation if latent else None,
        "asked": dict(subject.asked),
        "prior": (subject.prior or LATENTS) if latent else None,
        "versions": {**form.versions, **({"opset": str(OPSET)} if form.name == "onnx" else {})},
    }
