"""Context encoders: masks, losses by hand, and what is known stays as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_inpainting.masks import band_around, centre, random_regions
from ganzoo_inpainting.networks import Judge, make_generator
from ganzoo_inpainting.variant import ContextEncoder, ContextEncoderConfig, composite
from PIL import Image
from torch import Tensor, nn

import ganzoo as library
from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.cli import run as command
from ganzoo.convnets import doubled_sides
from ganzoo.plugins.equip import equipped

DATA = DataSpec.images((3, 16, 24))
TINY: dict[str, Any] = {"width": 4, "bottleneck": 8}


def make(data: DataSpec = DATA, **settings: Any) -> ContextEncoder:
    torch.manual_seed(0)
    return ContextEncoder(equipped(ContextEncoderConfig(**TINY | settings)), data)


def images(n: int = 4, *shape: int) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(n, *(shape or DATA.shape)) * 2 - 1


def test_the_papers_networks() -> None:
    """Figure 9: at 128 pixels a bottleneck of 4000, 64 to 512 maps."""
    data = DataSpec.images((3, 128, 128))
    with torch.device("meta"):
        net = make_generator(64, 4000, data, doubled_sides("x", data))
        judge = Judge(64, data, doubled_sides("x", data)[:-1])
    convs = [
        (layer.in_channels, layer.out_channels)
        for layer in net
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    down = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 512), (512, 4000)]
    up = [(4000, 512), (512, 512), (512, 256), (256, 128), (128, 64), (64, 3)]
    assert convs == down + up
    seen = [layer.out_channels for layer in judge.net if isinstance(layer, nn.Conv2d)]
    assert seen == [64, 128, 256, 512, 1]


def test_the_middle_is_a_half_of_each_side() -> None:
    missing = centre(images())
    assert missing.shape == (4, 1, 16, 24)
    assert missing.sum().item() == 4 * 8 * 12
    assert missing[:, :, 4:12, 6:18].all()


def test_random_regions_take_a_fifth_to_a_third() -> None:
    torch.manual_seed(0)
    missing = random_regions(torch.zeros(300, 3, 32, 48))
    share = missing.mean((1, 2, 3))
    assert 0.2 <= share.min() < 0.215
    assert 0.285 < share.max() <= 0.302
    assert missing.unique().tolist() == [0, 1]
    steps = missing.diff(dim=3).abs().mean()
    assert steps < 0.1  # regions, and no dust, of which a third would be edges
    assert missing.mean(0).min() > 0.05  # anywhere


def test_a_band_is_known_and_beside_what_is_missing() -> None:
    missing = torch.zeros(1, 1, 9, 9)
    missing[..., 3:6, 3:6] = 1
    band = band_around(missing, 2)
    assert band.sum() == 49 - 9
    assert not (band * missing).any()
    assert not band_around(missing, 0).any()


def test_the_reconstruction_by_hand() -> None:
    variant = make(overlap=1)
    image, made = images(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    missing = torch.zeros_like(image)
    missing[..., 2:4, 2:4] = 1
    total, count = 0.0, 0
    for row in range(8):
        for column in range(8):
            if 1 <= row < 5 and 1 <= column < 5:
                inside = 2 <= row < 4 and 2 <= column < 4
                total += (1 if inside else 10) * image[0, 0, row, column].item() ** 2
                count += 1
    found = variant.reconstruction(image, made, missing).item()
    assert found == pytest.approx(total / count, rel=1e-5)


@pytest.mark.parametrize("mask", ["centre", "random"])
def test_gs_loss_is_999_of_pixels_and_1_of_d(mask: str) -> None:
    variant = make(mask=mask)
    batch = Batch({"image": images()})
    total = variant.generator_loss(batch).detach()
    expected = 0.999 * batch.metrics["reconstruction"] + 0.001 * batch.metrics["deception"]
    torch.testing.assert_close(total, expected)
    fake = batch.shared["fake"]
    known = fake == batch.image
    assert 0.6 < known.float().mean() < 0.85


def test_g_learns_ten_times_as_fast() -> None:
    players = make().players()
    assert players["generator"].optim.lr == pytest.approx(10 * players["discriminator"].optim.lr)


def test_d_sees_the_middle_alone_where_that_is_missing() -> None:
    variant, image = make().eval(), images()
    other = image.clone()
    other[:, :, :4] = 0
    torch.testing.assert_close(variant.judge(image), variant.judge(other))
    whole = make(mask="random").eval()
    assert (whole.judge(image) - whole.judge(other)).abs().max() > 1e-4


def test_g_sees_nothing_of_what_is_missing() -> None:
    variant, image = make().eval(), images()
    missing, other = centre(image), image.clone()
    other[:, :, 4:12, 6:18] = 1
    torch.testing.assert_close(
        variant.restore(image * (1 - missing), missing),
        variant.restore(other * (1 - missing), missing),
    )


def test_what_is_known_is_kept_to_the_last_bit() -> None:
    image, made = images() * 1e-7 + 0.1, images()
    missing = random_regions(image)
    whole = composite(image, made, missing)
    everywhere = missing.expand_as(image) > 0
    assert torch.equal(whole[~everywhere], image[~everywhere])
    assert torch.equal(whole[everywhere], made[everywhere])


@pytest.mark.parametrize("shape", [(1, 28, 28), (4, 32, 64), (3, 16, 16)])
def test_every_shape(shape: tuple[int, int, int]) -> None:
    for mask in ("centre", "random"):
        variant, image = make(DataSpec.images(shape), mask=mask), images(3, *shape)
        assert variant.restore(image, centre(image)).shape == image.shape
        assert variant.judge(image).shape == (3,)


def test_the_band_is_as_wide_as_in_the_paper() -> None:
    assert make(DataSpec.images((3, 128, 128))).overlap == 4
    assert make(DataSpec.images((3, 32, 32))).overlap == 1
    assert make(overlap=0).overlap == 0


def test_what_it_is_not_made_for() -> None:
    for shape in ((3, 50, 50), (2,), (1, 8, 8)):
        with pytest.raises(GanzooError, match="context-encoder"):
            make(DataSpec.of_shape(shape))


def test_recipes() -> None:
    small, large = (DataSpec.images((3, side, side)) for side in (32, 128))
    assert ContextEncoder.recipe(small)["bottleneck"] == 200
    assert "bottleneck" not in ContextEncoder.recipe(large)
    assert ContextEncoderConfig().bottleneck == 4000


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train with random masks, and restore an image of the size and one of another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Path("photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(20):
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(f"photos/{number}.png")
    data = ["--dataset", "folder", "--data-root", "photos", "--image-size", "16"]
    small = ["--width", "4", "--bottleneck", "8", "--batch-size", "4", "--steps", "2"]
    assert command(["train", "context-encoder", *data, *small, "--mask", "random"]) == 0
    mask = np.zeros((16, 16), np.uint8)
    mask[3:9, 5:7] = 255
    Image.fromarray(mask).save("mask.png")
    (run,) = Path("runs").iterdir()
    assert command(["restore", str(run), "photos/0.png", "--mask", "mask.png", "--out", "o"]) == 0
    before, after = (np.asarray(Image.open(name)) for name in ("photos/0.png", "o/0.png"))
    assert np.array_equal(before[mask == 0], after[mask == 0])
    assert not np.array_equal(before[mask > 0], after[mask > 0])
    scores = library.open_run(run).evaluate(10, metrics=["restoration"])
    assert scores["restored_l1"] > 0
