"""The latent of something that was given: a search by gradients through the generator."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo.artifacts.files import whole_folder
from ganzoo.artifacts.places import check_place, mark
from ganzoo.data.files.opened import limited, look
from ganzoo.data.files.wanted import Pixels
from ganzoo.data.kinds import kind_of
from ganzoo.data.sample_files import read_samples
from ganzoo.draws import drawing_apart
from ganzoo.engine.optimizers.plain import plain
from ganzoo.errors import GanzooError
from ganzoo.library.asked import place
from ganzoo.library.given import Given, as_files
from ganzoo.library.samples import Samples, joined
from ganzoo.library.writing import MANIFEST
from ganzoo.runs.generate import CHUNK, Drawing, Latents, draw_latents
from ganzoo.spec import Field
from ganzoo.variant import Variant

STARTS = 8
"""Latents, the nearest of `CHUNK` that were drawn, from which the search begins."""
RATE = 0.1
"""Of Adam, which falls to 0 as half a cosine."""
LATENT, RECORD = "latent.safetensors", "projection.json"


@dataclass(frozen=True, eq=False)
class Projection:
    """What was found."""

    target: Samples
    """What was looked for, as the run has it."""
    found: Samples
    """What the generator makes of the latent."""
    latent: Tensor
    """(1, ...), as `ganzoo.Variant.forward` takes it."""
    before: float
    """The distance of the nearest sample that was drawn: the root of the mean squared difference
    of the values, of which those of images are in [-1, 1]."""
    after: float
    """That of what was found."""

    def __repr__(self) -> str:
        return f"<projection: distance {self.before:.4g} before, {self.after:.4g} after>"

    @property
    def label(self) -> int | None:
        """The class in which it was found, of a variant that draws classes."""
        return self.found.labels[0] if self.found.labels else None

    def save(self, out: Path | str) -> None:
        """Write a folder of what was given, what was found, and the latent.

        Args:
            out: the folder, which must not exist.

        Raises:
            GanzooError: it exists already, or cannot be written.
        """
        out = place(out)
        check_place(out)
        if out.exists():
            raise GanzooError(f"{out} exists already: choose another --out")
        record = {**self.found.origin, "before": self.before, "after": self.after}
        if self.label is not None:
            record |= {"label": self.label, "class": self.found.classes[0]}
        header = {name: str(self.found.origin[name]) for name in ("run", "step", "weights")}
        tensors = {"latent": self.latent.contiguous()}
        if self.label is not None:
            tensors["label"] = torch.tensor([self.label])
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with whole_folder(out) as folder:
                suffix = ".png" if self.target.kind == "image" else ""
                self.target.save(folder / f"given{suffix}")
                self.found.save(folder / f"found{suffix}")
                (folder / "beside.png").write_bytes(self._repr_png_())
                save_file(tensors, folder / LATENT, metadata=header)
                # safetensors lets nobody else read it, whatever the umask says.
                (folder / LATENT).chmod(folder.stat().st_mode & 0o666)
                (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
                mark(folder)
        except OSError as error:
            raise GanzooError(
                f"the latent cannot be written to {out} ({error.strerror}): choose another --out"
            ) from error

    def _repr_png_(self) -> bytes:
        """What was given, and beside it what was found."""
        both = joined([self.target, self.found])
        return both.png(columns=2, scale=both.shown_scale)


def read_target(field: Field, given: Given, wanted: Pixels) -> tuple[Tensor, str]:
    """One sample as networks see it, (1, ...), and what it is called.

    Args:
        field: what samples are like.
        given: an image; or the folder or ``.npz`` that ``ganzoo sample`` wrote of a sample of
            another kind.
        wanted: how files of images are read.

    Raises:
        GanzooError: it cannot be read.
    """
    kind = kind_of(field.kind)
    if isinstance(given, Samples):
        return given.made[:1], given.names[0]
    path = Path(given) if isinstance(given, str | Path) else None
    if path is not None and not path.exists():
        raise GanzooError(f"there is no '{path}': name a file or a folder of {kind.words}")
    drawn = path is not None and (path.suffix == ".npz" or (path / MANIFEST).is_file())
    if path is not None and (drawn or field.kind != "image"):
        stored = read_samples(field, path)
        _check_alone(len(stored), given)
        return kind.prepared(stored), path.stem
    if field.kind != "image":
        raise GanzooError(f"this run makes {kind.words}: name a file of such, as it draws them")
    with as_files(given, lambda message: None) as (folder, files):
        _check_alone(len(files), given)
        channels, height, width = field.shape
        with limited(wanted):
            found = look(folder / files[0], channels, (height, width), wanted=wanted)
    if isinstance(found, str):
        raise GanzooError(f"'{given}' cannot be looked for: {found}")
    return kind.prepared(torch.from_numpy(found.pixels.copy())[None]), Path(files[0]).stem


def _check_alone(count: int, given: Given) -> None:
    if count != 1:
        raise GanzooError(f"'{given}' holds {count:,} samples: name one of them")


def project(
    variant: Variant,
    target: Tensor,
    drawing: Drawing,
    steps: int,
    name: str,
    origin: dict[str, Any],
) -> Projection:
    """Look for the latent of which a variant in eval mode makes what is most like the target.

    The nearest of many latents are moved by Adam on the squared difference, of images at several
    sizes, and held where the prior draws: within the norm of the longest latent for a normal one,
    within the range of each number for a uniform one.

    Args:
        variant: its networks are left as they are.
        target: (1, ...), as `Variant.forward` makes it.
        drawing: of the latents at which it is begun.
        steps: how many.
        name: of the target.
        origin: of what is found.

    Raises:
        GanzooError: no gradient leads from its samples to its latents.
    """
    drawn = draw_latents(variant, range(CHUNK), drawing)
    target = target.to(variant.device)
    _check_gradient(variant, drawn)
    with torch.no_grad():
        distances = distance(variant(*drawn), target)
    nearest = distances.argsort()[:STARTS]
    before = distances[nearest[0]].item()
    labels = None if drawn.labels is None else drawn.labels[nearest]
    z = drawn.z[nearest].clone().requires_grad_()
    best = _best(variant, Latents(z.detach(), labels), target)
    adam = plain(torch.optim.Adam)([z], lr=RATE)
    for step in range(steps):
        adam.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
        loss = _loss(variant(z, labels), target).sum()
        (z.grad,) = torch.autograd.grad(loss, [z])
        adam.step()
        with torch.no_grad():
            z.copy_(held(variant.prior, z, drawn.z))
    found = _best(variant, Latents(z.detach(), labels), target)
    if found[0] > best[0]:
        found = best
    after, latent, label, made = found
    data = variant.data
    whole = Samples(data.sample, target.cpu(), (name,), (), (), data.class_names, origin)
    classes = () if label is None else (int(label),)
    return Projection(
        whole,
        replace(whole, made=made.cpu(), labels=classes),
        latent.cpu(),
        before,
        after,
    )


def _check_gradient(variant: Variant, drawn: Latents) -> None:
    whole = kind_of(variant.data.kind).whole
    one = drawn.z[:1].clone()
    if whole or not one.is_floating_point():
        leads = False
    else:
        label = None if drawn.labels is None else drawn.labels[:1]
        leads = variant(one.requires_grad_(), label).requires_grad
    if not leads:
        raise GanzooError(
            f"a sample of '{variant.data.name}' is made of symbols, through which no gradient "
            "leads to its latent: only what is made of numbers, such as images, can be looked for"
        )


def distance(made: Tensor, target: Tensor) -> Tensor:
    """The root of the mean squared difference of each of some samples from one, (n,)."""
    return (made - target).float().flatten(1).square().mean(1).sqrt()


def held(prior: str, z: Tensor, drawn: Tensor) -> Tensor:
    """Latents brought back to where a prior draws, of which there are some."""
    if prior == "normal":
        norms = torch.linalg.vector_norm(z.flatten(1), dim=1)
        longest = torch.linalg.vector_norm(drawn.flatten(1), dim=1).max()
        shrunk: Tensor = (longest / norms.clamp(min=1e-9)).clamp(max=1)
        return z * shrunk.view(-1, *[1] * (z.dim() - 1))
    return torch.minimum(torch.maximum(z, drawn.amin(0)), drawn.amax(0))


def _loss(made: Tensor, target: Tensor) -> Tensor:
    """The squared difference of each, of images also at half and a quarter of their size."""
    loss = (made - target).flatten(1).square().mean(1)
    if made.dim() == 4:
        for _ in range(2):
            if min(made.shape[2:]) < 8:
                break
            made, target = avg_pool2d(made, 2), avg_pool2d(target, 2)
            loss = loss + (made - target).flatten(1).square().mean(1)
    return loss


@torch.no_grad()
def _best(
    variant: Variant, latents: Latents, target: Tensor
) -> tuple[float, Tensor, Tensor | None, Tensor]:
    """The distance, the latent, the label and the sample that are nearest."""
    made = variant(*latents)
    distances = distance(made, target)
    at = int(distances.argmin())
    label = None if latents.labels is None else latents.labels[at]
    return distances[at].item(), latents.z[at : at + 1], label, made[at : at + 1]


def read_latent(variant: Variant, path: Path, drawing: Drawing, weights: str) -> Latents:
    """A latent that `Projection.save` wrote.

    Args:
        variant: whose latent it is.
        path: of the folder, or of `LATENT` in it.
        drawing: whose label goes before that in which it was found.
        weights: the digest of those of the variant.

    Raises:
        GanzooError: it is none, or of other weights, by which it is another image.
    """
    file = path / LATENT if path.is_dir() else path
    try:
        if not file.is_file():  # a pipe or the like, whose writer may never come
            raise FileNotFoundError(file)
        with safe_open(file, framework="pt") as opened:
            told = opened.metadata() or {}
        tensors = load_file(file)
        z, run, step, whose = tensors["latent"], told["run"], told["step"], told["weights"]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise GanzooError(
            f"'{path}' is neither the number of a sample nor a latent that `ganzoo project` wrote"
        ) from error
    with drawing_apart(variant.device):
        wanted = variant.sample_latent(1)
    if whose != weights or (z.shape, z.dtype) != (wanted.shape, wanted.dtype):
        raise GanzooError(
            f"'{path}' is a latent of '{run}' at step {step}, and other weights make another image "
            "of it: project the image by this checkpoint"
        )
    label = tensors.get("label")
    if drawing.label is not None:
        label = torch.tensor([drawing.label])
    if not variant.conditional:
        label = None
    elif label is None or label.numel() != 1 or not 0 <= int(label) < variant.data.classes:
        raise GanzooError(f"'{path}' has no class of this run: give one by --label")
    else:
        label = label.reshape(1).long()
    where = variant.device
    return Latents(z.to(where), None if label is None else label.to(where))
