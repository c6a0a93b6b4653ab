"""SRGAN and ESRGAN: losses in closed form, stages, degradations, and the command line."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_srgan.degradations import Jpeg, RealDegradation, blurred, kernels, noisy
from ganzoo_srgan.variant import ADVERSARIAL, ESRGAN, PIXELS, SRGAN, ESRGANConfig, SRGANConfig
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

import ganzoo as library
from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.cli import run as command
from ganzoo.library.making.tiles import in_tiles, tiling_of
from ganzoo.networks.resizing import larger, smaller
from ganzoo.plugins.equip import equipped
from ganzoo.schedules import Progress

DATA = DataSpec.images((3, 16, 24))
TINY: dict[str, Any] = {"width": 4, "blocks": 1, "factor": 2}


def make(cls: type[SRGAN] = SRGAN, **settings: Any) -> SRGAN:
    torch.manual_seed(0)
    config = ESRGANConfig if cls is ESRGAN else SRGANConfig
    return cls(equipped(config(**TINY | settings)), DATA)


def images(n: int = 4, height: int = 16, width: int = 24) -> Tensor:
    """Smooth ones."""
    torch.manual_seed(1)
    small = torch.rand(n, 3, 4, 4) * 2 - 1
    return interpolate(small, (height, width), mode="bicubic").clamp(-1, 1)


class Says(torch.nn.Module):
    """A discriminator of one number."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = torch.nn.Parameter(torch.tensor(logit))
        self.features = torch.nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        return self.logit.expand(len(image))


def test_a_relativistic_d_that_cannot_tell_loses_ln_2_on_both_sides() -> None:
    variant = make(ESRGAN, lambda_pixels=0, lambda_features=0, lambda_adversarial=1)
    variant.discriminator = Says(3.7)  # type: ignore[assignment]
    batch = Batch({"image": images()})
    assert variant.generator_loss(batch).item() == pytest.approx(math.log(2))
    assert variant.discriminator_loss(batch).item() == pytest.approx(math.log(2))


def test_real_and_fake_swapped_turn_ds_loss_into_gs() -> None:
    loss, half = make(ESRGAN).loss, ESRGAN.share
    real, fake = torch.randn(5), torch.randn(5)
    ours = half * loss.generator(fake, real)
    torch.testing.assert_close(ours, half * loss.discriminator(fake, real))
    by_hand = torch.stack(
        [
            -0.5 * torch.log(torch.sigmoid(fake - real.mean())).mean(),
            -0.5 * torch.log(1 - torch.sigmoid(real - fake.mean())).mean(),
        ]
    ).sum()
    torch.testing.assert_close(ours, by_hand)


@pytest.mark.parametrize("cls", [SRGAN, ESRGAN])
def test_gs_loss_is_the_weighted_sum(cls: type[SRGAN]) -> None:
    variant = make(cls, lambda_pixels=0.5, lambda_features=2, lambda_adversarial=0.1).eval()
    batch = Batch({"image": images()})
    total = variant.generator_loss(batch)
    said = batch.metrics
    expected = (
        0.5 * said["pixels_distance"] + 2 * said["features_distance"] + 0.1 * said["deception"]
    )
    torch.testing.assert_close(total.detach(), expected)
    fake = variant.generator(smaller(batch.image, 2))
    difference = fake - batch.image
    power = 2 if cls is SRGAN else 1
    torch.testing.assert_close(said["pixels_distance"], difference.abs().pow(power).mean().detach())
    seen = variant.discriminator.features
    apart = (seen(fake) - seen(batch.image)).abs().pow(power).mean()
    torch.testing.assert_close(said["features_distance"], apart.detach())


def test_pixels_alone_come_first() -> None:
    variant = make(pretrain=0.25)
    levels = [variant.stage(Progress(now, 8, 0)).level for now in range(8)]
    assert levels == [PIXELS] * 2 + [ADVERSARIAL] * 6
    for level, due in ((PIXELS, [1, 0, 0]), (ADVERSARIAL, [0, 1, 1])):
        variant.level = level
        found = [phase.repeat(0) for phase in variant.phases() if callable(phase.repeat)]
        assert found == due
    assert make(pretrain=0).stage(Progress(0, 1, 0)).level == ADVERSARIAL
    assert make(pretrain=1).stage(Progress(99, 100, 0)).level == PIXELS


def test_learning_rates_are_halved_four_times() -> None:
    (halved, _) = make().schedules().values()
    shares = [halved(share) for share in (0, 0.124, 0.125, 0.25, 0.5, 0.75, 0.99)]
    assert shares == [1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16]


def test_a_ramp_made_smaller_is_a_ramp() -> None:
    """Each small pixel is the mean of those that it covers, but where the kernel is cut off."""
    ramp = torch.linspace(-1, 1, 64).expand(1, 1, 64, 64)
    for factor in (2, 4):
        small = smaller(ramp, factor)[0, 0, 8]
        expected = ramp[0, 0, 0].view(-1, factor).mean(1)
        torch.testing.assert_close(small[4:-4], expected[4:-4], rtol=0, atol=1.01 / 255)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_small_images_are_pillows(factor: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 36, 3), np.uint8)
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1
    small = ((smaller(image, factor)[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
    size = (36 // factor, 24 // factor)
    pillows = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    assert np.abs(small - pillows).max() <= 1
    assert larger(smaller(image, factor), factor).shape == image.shape


def shown(image: Tensor) -> np.ndarray:
    """(height, width, channels) from 0 to 255, not rounded."""
    array: np.ndarray = ((image + 1) * 127.5).permute(1, 2, 0).numpy()
    return array


@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows(quality: int, channels: int) -> None:
    """But for rounding to whole numbers on the way, and what lies in the middle between two."""
    image = ((images(1, 40, 56)[:, :channels] + 1) * 127.5).round() / 127.5 - 1
    ours = shown(Jpeg(channels)(image, torch.tensor([float(quality)]))[0])
    whole = shown(image[0]).round().astype(np.uint8)
    file = io.BytesIO()
    picture = Image.fromarray(whole[:, :, 0] if channels == 1 else whole)
    picture.save(file, "JPEG", quality=quality, subsampling=0)
    theirs = np.asarray(Image.open(file)).reshape(whole.shape)
    lost = np.abs(theirs.astype(float) - whole).mean()
    assert np.abs(ours - theirs).mean() < (0.5 if channels == 1 else 1)
    assert np.abs(ours - whole).mean() == pytest.approx(lost, rel=0.25, abs=0.1)


def test_kernels_are_means_and_keep_a_ramp() -> None:
    for factor in (2, 3, 4):
        tables = kernels(24 * factor, factor)
        torch.testing.assert_close(tables.sum(2), torch.ones(3, 24))
        ramp = torch.arange(24.0 * factor)
        inner = (tables @ ramp)[:, 3:-3]
        expected = ramp.view(-1, factor).mean(1)[3:-3].expand(3, -1)
        torch.testing.assert_close(inner, expected, rtol=0, atol=1e-3)


def test_blur_and_noise() -> None:
    torch.manual_seed(0)
    flat = torch.full((3, 3, 16, 16), 0.3)
    torch.testing.assert_close(blurred(flat, 4), flat)
    point = torch.zeros(4, 3, 31, 31)
    point[:, :, 15, 15] = 1
    spread = blurred(point, 4)
    torch.testing.assert_close(spread.sum((2, 3)), torch.ones(4, 3))
    assert len(spread.amax((1, 2, 3)).unique()) == 4  # each its own
    noise = noisy(torch.zeros(400, 3, 8, 8)) / 2
    strength = noise.std((1, 2, 3)) * 255
    assert 0.8 < strength.min() < strength.max() < 36
    same = (noise[:, 0] == noise[:, 1]).all(2).all(1).float().mean()
    assert same == pytest.approx(0.4, abs=0.08)


def test_degraded_images_are_small_and_like_what_they_were() -> None:
    degrade, image = RealDegradation(4, DataSpec.images((3, 32, 48))), images(20, 32, 48)
    torch.manual_seed(0)
    small = degrade(image)
    assert small.shape == (20, 3, 8, 12)
    assert small.abs().max() <= 1
    apart = (small - smaller(image, 4)).abs().mean((1, 2, 3))
    assert 0.01 < apart.min() < apart.max() < 0.6
    assert not list(degrade.parameters())
    torch.manual_seed(0)
    alone = RealDegradation(4, DataSpec.images((3, 32, 48)))(image)
    torch.testing.assert_close(alone, small)


@pytest.mark.parametrize("cls", [SRGAN, ESRGAN])
def test_an_image_in_tiles_is_that_of_the_whole(cls: type[SRGAN]) -> None:
    variant, image = make(cls).eval(), images(1, 61, 75)
    with torch.no_grad():
        whole = variant.enlarge(image)
        tiling = tiling_of(variant, (8, 12), 60, 2)
        tiles = in_tiles(variant.enlarge, image, tiling, lambda made: made)
    assert tiling.exact
    torch.testing.assert_close(tiles, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "factor", "problem"),
    [
        ((2,), 2, r"srgan needs images, and 'data' has points"),
        ((3, 8, 32), 2, r"at least 16 pixels a side and multiples of 2"),
        ((3, 33, 32), 2, r"multiples of 2, and 'data' has 3x33x32: try --image-size 32"),
        ((1, 28, 28), 8, r"multiples of 8"),
    ],
)
def test_what_it_is_not_made_for(shape: tuple[int, ...], factor: int, problem: str) -> None:
    with pytest.raises(GanzooError, match=problem):
        SRGAN(equipped(SRGANConfig(factor=factor)), DataSpec.of_shape(shape))


def test_recipes() -> None:
    small, large = (DataSpec.images((3, side, side)) for side in (32, 128))
    assert SRGAN.recipe(small)["blocks"] == 2
    assert ESRGAN.recipe(small)["blocks"] == 1
    assert SRGAN.recipe(large) == ESRGAN.recipe(large) == {"steps": 400_000, "batch_size": 16}
    assert (SRGANConfig().blocks, ESRGANConfig().blocks, SRGANConfig().factor) == (16, 23, 4)


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By pixels, from there on with D, between both, and with degradations."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Path("photos").mkdir()
    for number, image in enumerate(images(20, 16, 24)):
        Image.fromarray(shown(image).round().astype(np.uint8)).save(f"photos/{number}.png")
    data = ["--dataset", "folder", "--data-root", "photos", "--image-size", "16x24"]
    common = [*data, "--factor", "2", "--width", "2", "--blocks", "1", "--batch-size", "4"]
    pixels = ["--pretrain", "1", "--steps", "3", "--out", "pixels"]
    assert command(["train", "esrgan", *common, *pixels]) == 0
    adversarial = ["--init", "pixels:generator", "--pretrain", "0", "--degradations", "real"]
    onward = ["--steps", "3", "--out", "gan", "--evaluate-every", "3"]
    assert command(["train", "esrgan", *common, *adversarial, *onward]) == 0
    logged = library.open_run("gan").metrics
    assert any("discriminator_loss" in row for row in logged)
    assert any("quality/enlarged_psnr" in row for row in logged)
    assert not any("discriminator_loss" in row for row in library.open_run("pixels").metrics)
    Image.new("L", (11, 7), 90).save("x.png")
    asked = ["enlarge", "gan", "x.png", "--out", "large", "--interpolate", "pixels:0.2"]
    assert command(asked) == 0
    assert Image.open("large/x.png").size == (22, 14)
