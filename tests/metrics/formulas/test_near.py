"""Copies of training images that were mirrored, moved or coloured."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn.functional import interpolate, pad

from ganzoo.data.made import glyphs, ink
from ganzoo.metrics.images.memory import memorised, nearest
from ganzoo.metrics.images.near import nearest_changed


def written(count: int, side: int, seed: int) -> Tensor:
    """Coloured ink on textured paper, uint8 (count, 3, side, side)."""
    generator = Generator().manual_seed(seed)
    return ink.write(glyphs.draw(torch.arange(count) % 10, (side, side), generator), generator)


def rounded(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)


def moved(images: Tensor, down: int, right: int) -> Tensor:
    """With what lies at their edge repeated."""
    height, width = images.shape[-2:]
    wider = pad(images.float(), (2, 2, 2, 2), mode="replicate").to(torch.uint8)
    return wider[..., 2 + down :, 2 + right :][..., :height, :width]


def noisy(images: Tensor) -> Tensor:
    return rounded(images + 6 * torch.randn(images.shape, generator=Generator().manual_seed(1)))


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "mirrored": lambda images: images.flip(-1),
    "moved": lambda images: moved(images, 2, -2),
    "brighter": lambda images: rounded(images.float() + 30),
    "darker": lambda images: rounded(images.float() - 30),
    "fainter": lambda images: rounded(images * 0.7 + 38),
    "warmer": lambda images: rounded(images + torch.tensor([20.0, 0, -20]).reshape(3, 1, 1)),
    "all": lambda images: noisy(rounded(moved(images.flip(-1), 1, 2) * 0.9 + 10)),
}


def share(images: Tensor, training: Tensor) -> float:
    return memorised(nearest_changed(images, training)[0])


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_with_changes_that_hide_it_in_pixels(change: str, side: int) -> None:
    training = written(200, side, 0)
    copies = CHANGES[change](training[:50])
    assert share(copies, training) > 0.9
    assert (nearest_changed(copies, training)[1][:, 0] == torch.arange(50)).double().mean() > 0.95
    assert memorised(nearest(copies, training)[0]) < 0.5


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_images_of_any_channels_and_sides(channels: int) -> None:
    training = torch.randint(256, (30, channels, 20, 72), generator=Generator().manual_seed(0))
    training = training.to(torch.uint8)
    assert share(training.flip(-1), training) == 1
    assert share(training.flip(0, 1)[:, :, :4, :4], training[:, :, :4, :4]) >= 0  # the least


def test_new_images_are_no_copies() -> None:
    for draw in (written(400, 28, 1), written(400, 28, 1)[:, :1]):
        assert share(draw[200:], draw[:200]) == 0
    flat = torch.full((9, 1, 16, 16), 99, dtype=torch.uint8)
    assert share(flat, flat + torch.arange(9).reshape(9, 1, 1, 1).to(torch.uint8)) == 0


def test_copies_of_an_image_that_is_there_twice_are_found() -> None:
    training = written(50, 28, 0).repeat(2, 1, 1, 1)
    assert share(training[:50].flip(-1), training) == 1


PHOTOS = os.environ.get("CIFAR10_FOLDERS", "")


@pytest.mark.skipif(not PHOTOS, reason="CIFAR10_FOLDERS names no folder of CIFAR-10's classes")
def test_of_real_photos_copies_are_found_and_those_held_out_are_none() -> None:
    """CIFAR10_FOLDERS: a folder with the images of each class in a folder, as files."""
    files = sorted(Path(PHOTOS).expanduser().glob("*/*.*"))
    assert len(files) >= 1000, f"{PHOTOS} has {len(files)} files in folders"
    chosen = np.random.default_rng(0).permutation(len(files))[:1000]
    images = [np.asarray(Image.open(files[number]).convert("RGB")) for number in chosen]
    photos = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    training, held_out = photos[:500], photos[500:]
    assert share(held_out, training) < 0.01
    larger = interpolate(held_out[:100].float(), scale_factor=2, mode="bicubic")
    assert share(rounded(larger), rounded(interpolate(training.float(), scale_factor=2))) < 0.02
    for name, change in CHANGES.items():
        assert share(change(training[:100]), training) > 0.9, name
        assert memorised(nearest(change(training[:100]), training)[0]) < 0.9, name
