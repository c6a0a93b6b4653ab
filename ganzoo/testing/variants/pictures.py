"""What people get to see: the picture of a training, and files of samples."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ganzoo.artifacts.gallery import Gallery
from ganzoo.data.kinds import kind_of, sample_kind
from ganzoo.data.sample_files import read_samples, write_folder
from ganzoo.draws import seeded
from ganzoo.testing.check import Failure
from ganzoo.testing.variants.abilities import ROWS
from ganzoo.testing.variants.subject import (
    CPU,
    VariantChecks,
    VariantSubject,
    examples,
    play,
    whole_plan,
)
from ganzoo.training.exhibits import Exhibits
from ganzoo.variant import Variant

CHECKS = VariantChecks()


@CHECKS.check("picture", needs=("output",))
def picture(subject: VariantSubject) -> None:
    """What it shows is drawn, the same each time, and samples become files of their kind."""
    engine = subject.engine()
    play(engine, whole_plan(engine))
    with engine.averaged() as variant, TemporaryDirectory() as folder:
        _check_files(variant, Path(folder))
        shown = examples(variant, subject.dataset, sample_kind(variant.data).shown)
        before = {name: value.clone() for name, value in variant.state_dict().items()}
        first, again = (_gallery(variant, shown) for _ in range(2))
        for name, value in variant.state_dict().items():
            if not torch.equal(value, before[name]):
                raise Failure(
                    f"gallery() changes {name}, so that a training depends on how often it is "
                    "looked at: change nothing there"
                )
    if not torch.equal(first.images, again.images):
        raise Failure(
            "gallery() shows something else each time that it is called: draw what is random in it "
            "by torch's default generator, so that pictures of a training can be compared"
        )
    if not len(first.samples):
        raise Failure(
            "gallery() says that it made none of its pictures: give True in Gallery.made for those "
            "that are to be compared with the data"
        )
    if not isinstance(first.caption, str):
        raise Failure(f"the caption of gallery() is {first.caption!r}: give a text")
    with TemporaryDirectory() as folder:
        exhibits = Exhibits(variant.data, shown, subject.dataset.modes)
        exhibits.draw(first, Path(folder) / "gallery.png")
        exhibits.diversity(first)


def _gallery(variant: Variant, shown: dict[str, Tensor]) -> Gallery:
    with seeded(0, CPU):
        return Gallery.of(variant.gallery({name: value.clone() for name, value in shown.items()}))


def _check_files(variant: Variant, folder: Path) -> None:
    """See whether samples become files of their kind, and are read back as they were."""
    if type(variant).sample_latent is Variant.sample_latent:
        return
    label = torch.arange(ROWS) % variant.data.classes if variant.conditional else None
    made, field = variant(variant.sample_latent(ROWS), label), variant.data.sample
    stored = kind_of(field.kind).restored(field, made)
    flaw = kind_of(field.kind).flaw(field, stored)
    if flaw:
        raise Failure(f"what forward() makes, stored as '{field.name}', {flaw}")
    write_folder([(made, label)], field, folder / "samples")
    found = read_samples(field, folder / "samples")
    if found.shape != stored.shape:
        raise Failure(
            f"samples that are written as files and read again are {tuple(found.shape)} in place "
            f"of {tuple(stored.shape)}: make them as the field '{field.name}' of the data is"
        )
