"""What a training of few images says and has besides."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from helpers.cli import Result, ganzoo
from torch import Tensor

from ganzoo import Dataset, DataSpec, GanzooError
from ganzoo.augmentations import Translation
from ganzoo.claims.read import read_claims
from ganzoo.claims.shipped import CLAIMS
from ganzoo.config import build, own_settings
from ganzoo.data.made import glyphs
from ganzoo.library.training import train
from ganzoo.plugins.registry import registry
from ganzoo.runs.run import Run
from ganzoo.training import watchdog
from ganzoo.training.few import FEW, augmented, watches_copies, words_of_few
from ganzoo.training.settings import Training
from ganzoo.training.watching import copies
from ganzoo.training.watching.copies import Copying

ROOT = Path(__file__).parents[3]
IMAGES = DataSpec.images((1, 8, 8))
SMALL = ("--generator-widths", "8", "--discriminator-widths", "8", "--image-size", "16")
TURNED_ON = (
    "as few as 300 images may be learned by heart: --augment diffaugment is on, by which the "
    "discriminator sees each one differently (--augment none turns it off), and copies of them "
    "among the samples are counted while it trains, which is said once they begin (sample_copies)"
)


def settings(name: str, **given: object) -> Any:
    return build(registry().variant(name).load().Config, given)


def images(count: int) -> Dataset:
    return Dataset.images("some", torch.zeros(count, 1, 8, 8, dtype=torch.uint8))


def few(*more: object) -> Result:
    flags = ("--dataset", "few-glyphs", "--few", 300, *SMALL, "--batch-size", 8, "--steps", 2)
    return ganzoo("train", "vanilla", *flags, *more)


def augment_of(path: Path) -> str | None:
    found: str | None = Run.open(path).settings["config"]["augment"]
    return found


def test_an_augmentation_is_turned_on_said_once_and_kept(tmp_path: Path) -> None:
    result = few("--out", tmp_path / "run")
    assert result.status == 0, result.err
    assert (result.out + result.err).count(TURNED_ON) == 1
    assert augment_of(tmp_path / "run") == "diffaugment"
    resumed = ganzoo("train", "--resume", tmp_path / "run", "--steps", 3)
    assert resumed.status == 0, resumed.err
    assert "by heart" not in resumed.out + resumed.err
    assert augment_of(tmp_path / "run") == "diffaugment"


def test_it_is_turned_off_by_name_and_what_is_chosen_is_kept(tmp_path: Path) -> None:
    for chosen, said in {
        "none": "--augment none has the discriminator see them as they are, and copies",
        "translation": "--augment translation is on, by which",
    }.items():
        result = few("--out", tmp_path / chosen, "--augment", chosen)
        assert result.status == 0, result.err
        assert f"as few as 300 images may be learned by heart: {said}" in result.out + result.err
        assert augment_of(tmp_path / chosen) == chosen


def test_a_dry_run_and_a_program_have_it_too(tmp_path: Path) -> None:
    assert TURNED_ON in few("--dry-run").out
    sizes = {"generator_widths": [8], "discriminator_widths": [8], "batch_size": 8, "steps": 1}
    given: dict[str, Any] = {"dataset": "few-glyphs", "few": 300, "image_size": "16", **sizes}
    run = train("vanilla", out=tmp_path / "run", progress=False, **given)
    assert augment_of(run.path) == "diffaugment"


def test_it_is_for_few_images_alone_whose_variant_takes_one() -> None:
    assert augmented(settings("dcgan"), IMAGES).augment == "diffaugment"
    assert augmented(settings("dcgan", augment="none"), IMAGES).augment == "none"
    assert augmented(settings("fastgan"), IMAGES) == settings("fastgan")
    assert augmented(settings("srgan"), IMAGES) == settings("srgan")  # it takes none
    config = settings("srgan")
    for many in (images(FEW), Dataset.points("points", torch.zeros(30, 2))):
        assert words_of_few(many, config, watched=True) == ""
    by_heart = "as few as 30 images may be learned by heart"
    assert words_of_few(images(30), config, watched=False) == by_heart
    assert words_of_few(images(30), settings("fastgan"), watched=False).startswith(
        f"{by_heart}: --augment colour,translation is on, "
    )


def test_what_does_not_suit_the_data_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    diffaugment = registry().augmentation("diffaugment").load()

    def refuse(self: object, data: DataSpec) -> None:
        raise GanzooError("not of such images")

    monkeypatch.setattr(diffaugment, "check", refuse)
    assert augmented(settings("dcgan"), IMAGES).augment == "translation"
    monkeypatch.setattr(Translation, "check", refuse)
    assert augmented(settings("dcgan"), IMAGES) == settings("dcgan")


@pytest.mark.parametrize("observes", ["diffaugment", "translation"])
def test_what_depends_on_the_loss_is_not_turned_on_unasked(
    monkeypatch: pytest.MonkeyPatch, observes: str
) -> None:
    monkeypatch.setattr(registry().augmentation(observes).load(), "observes", True)
    assert augmented(settings("dcgan"), IMAGES).augment != observes


def test_no_arm_of_a_shipped_claim_is_changed_by_it() -> None:
    """Or else what was recorded of it would be of another training."""
    arms = [
        arm
        for file in sorted(ROOT.glob(f"plugins/*/ganzoo_*/{CLAIMS}"))
        for claim in read_claims(file)
        for arm in claim.arms
        if "few" in arm.settings or "few" in str(arm.settings.get("dataset"))
    ]
    assert arms
    for arm in arms:
        cls = registry().variant(arm.variant).load()
        config = build(cls.Config, own_settings(cls.Config, arm.settings))
        assert augmented(config, IMAGES) == config


class Replay:
    """A generator that draws what it was given."""

    conditional, device, Sampling = False, torch.device("cpu"), None

    def __init__(self, samples: Tensor) -> None:
        self.samples, self.data = samples, DataSpec.images(tuple(samples.shape[1:]))

    def sample_latent(self, n: int) -> Tensor:
        return torch.randint(len(self.samples), (n,))

    def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.samples[latent].float() / 127.5 - 1


def test_changed_copies_of_few_are_counted_and_what_is_new_is_none() -> None:
    drawn = glyphs.draw(torch.arange(200) % 10, (28, 28), torch.Generator().manual_seed(0))
    few, new = drawn[:100], drawn[100:]
    copying = Copying(few, Training(steps=100, batch_size=8, sample_every=5))
    for samples, share in ((few.flip(-1), 1), (few // 2, 1), (new, 0)):
        assert copying.share(cast(Any, Replay(samples))) == share


@pytest.mark.parametrize(("batch_size", "looks"), [(8, 7), (64, 24), (4000, 24)])
def test_looks_are_at_grids_and_no_more_often_than_they_are_paid_for(
    batch_size: int, looks: int
) -> None:
    training = Training(steps=3000, batch_size=batch_size, sample_every=125)
    copying = Copying(images(9).fields["image"], training)
    grids = [*range(0, 3001, 125)]
    due = [step for step in grids if copying.is_due(step)]
    assert len(due) in (looks - 1, looks)
    assert due[-1] == 3000
    assert 0 not in due


def test_it_is_told_once_when_samples_begin_to_be_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Copying, "share", lambda self, variant: 0.4)
    monkeypatch.setattr(copies, "LOOKED_AT", 1)
    monkeypatch.setattr(watchdog, "LASTING_STEPS", 9)
    result = few("--out", tmp_path / "run", "--steps", 25, "--sample-every", 5)
    assert result.status == 0, result.err
    assert (result.out + result.err).count("the samples begin to be copies: 40%") == 1
    shares = [
        one["sample_copies"]
        for one in Run.open(tmp_path / "run").metrics()
        if "sample_copies" in one
    ]
    assert shares == [0.4] * 5


def test_where_quality_is_measured_or_nothing_is_drawn_copies_are_not_looked_for() -> None:
    drawing = cast(Any, Replay(images(9).fields["image"]))
    assert watches_copies(images(9), Training(), drawing)
    assert not watches_copies(images(9), Training(evaluate_every=9), drawing)
    assert not watches_copies(images(1), Training(), drawing)
    assert not watches_copies(images(FEW), Training(), drawing)

    def refuse(n: int) -> Tensor:
        raise GanzooError("it draws nothing from noise")

    drawing.sample_latent = refuse
    assert not watches_copies(images(9), Training(), drawing)
