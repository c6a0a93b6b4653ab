"""Flips and crops: each image is one of its reflections and moves, each as likely as any other."""

from collections import Counter

import pytest
import torch
from torch import Tensor

from ganzoo.data.augment import Augmentation


def reflected(i: int, size: int) -> int:
    """Where a position beyond the border is seen."""
    if i < 0:
        return -i
    return 2 * (size - 1) - i if i >= size else i


def changed(image: Tensor, mirror: bool, down: int, right: int) -> Tensor:
    """(channels, height, width), pixel by pixel: what stands at (y, x) of the moved, then
    mirrored image."""
    channels, height, width = image.shape
    out = torch.empty_like(image)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                column = width - 1 - x if mirror else x
                from_y, from_x = reflected(y + down, height), reflected(column + right, width)
                out[c, y, x] = image[c, from_y, from_x]
    return out


def numbered(n: int, channels: int, height: int, width: int) -> Tensor:
    """Images in which no two pixels of a channel are alike, and no two channels."""
    one = torch.arange(channels * height * width, dtype=torch.uint8)
    return one.view(1, channels, height, width).repeat(n, 1, 1, 1)


def moved(augmentation: Augmentation, images: Tensor) -> Tensor:
    n, _, height, width = images.shape
    return augmentation.draw(n, height, width, images.device)(images)


def pixels(image: Tensor) -> bytes:
    return image.numpy().tobytes()


CASES = [(True, 0), (False, 1), (True, 1), (False, 3), (True, 2)]


@pytest.mark.parametrize(("flip", "crop"), CASES)
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 5, 4)])
def test_each_image_is_changed_as_the_slow_loop_changes_it_and_all_ways_are_as_likely(
    flip, crop, shape
):
    torch.manual_seed(0)
    moves = range(-crop, crop + 1)
    ways = [(m, y, x) for m in ((False, True) if flip else (False,)) for y in moves for x in moves]
    images = numbered(200 * len(ways), *shape)
    out = moved(Augmentation(flip, crop), images)
    assert out.dtype == torch.uint8
    assert out.shape == images.shape
    # Some ways look alike, such as a move by a whole image to the left or right.
    expected = Counter(pixels(changed(images[0], *way)) for way in ways)
    found = Counter(map(pixels, out))
    assert found.keys() == expected.keys()
    for look, number in expected.items():
        assert abs(found[look] - 200 * number) < 70 * number**0.5  # five standard deviations


def test_images_of_one_batch_differ_in_what_is_done_to_each_alone():
    torch.manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 6, 6), dtype=torch.uint8)
    out = moved(Augmentation(True, 2), images)
    for image, result in zip(images, out, strict=True):
        ways = [(m, y, x) for m in (False, True) for y in range(-2, 3) for x in range(-2, 3)]
        assert any(torch.equal(result, changed(image, *way)) for way in ways)


def test_the_images_given_are_left_as_they_are():
    images = numbered(8, 1, 4, 4)
    before = images.clone()
    moved(Augmentation(True, 3), images)
    assert torch.equal(images, before)


def test_only_what_is_asked_for_is_an_augmentation():
    assert not Augmentation()
    assert Augmentation(flip=True)
    assert Augmentation(crop=1)
