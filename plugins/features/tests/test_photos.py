"""What `photos` sees, and whether the distances of what it sees mean anything."""

from itertools import pairwise

import torch
from ganzoo_features.network import SIDE
from ganzoo_features.photos import photos
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import Dataset, DataSpec
from ganzoo.data.made import glyphs, ink
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.make import AUTO, chosen_features
from ganzoo.metrics.features.source import ExtractorRequest
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.testing import check_extractor

CPU = torch.device("cpu")


def drawn(labels: Tensor, seed: int) -> Tensor:
    """Coloured ink on textured paper, uint8 (n, 3, 32, 32)."""
    generator = Generator().manual_seed(seed)
    return ink.write(glyphs.draw(labels, (SIDE, SIDE), generator), generator)


IMAGES = drawn(torch.arange(400) % 5, 0)
"""Of five classes."""
OTHERS = drawn(5 + torch.arange(200) % 5, 1)
"""Of five other ones."""


def made() -> Extractor:
    request = ExtractorRequest(Dataset.images("drawings", IMAGES), None, CPU, print)
    return photos.make(request)


def distances(changed: list[Tensor]) -> list[float]:
    """Of a half of the images to the other half, after each of several changes."""
    see = made()
    real = see(IMAGES[:200]).hidden
    return [frechet_distance(real, see(images).hidden) for images in changed]


def rises(values: list[float]) -> bool:
    return all(before < after for before, after in pairwise(values))


def blurred(images: Tensor, times: int) -> Tensor:
    floats = images.float()
    for _ in range(times):
        floats = avg_pool2d(floats, 3, 1, 1, count_include_pad=False)
    return floats.round().to(torch.uint8)


def noisy(images: Tensor, strength: float) -> Tensor:
    noise = torch.randn(images.shape, generator=Generator().manual_seed(2))
    return (images + strength * noise).round().clamp(0, 255).to(torch.uint8)


def test_it_conforms() -> None:
    check_extractor("photos")


def test_the_distance_of_two_halves_is_next_to_nothing_beside_that_of_noise() -> None:
    real, other = drawn(torch.arange(1000) % 5, 0).chunk(2)  # more than there are features
    see = made()
    seen = [see(images).hidden for images in (real, other, torch.randint_like(other, 256))]
    nothing, noise = (frechet_distance(seen[0], one) for one in seen[1:])
    assert nothing < 0.02 * noise


def test_the_distance_rises_with_blur() -> None:
    assert rises(distances([blurred(IMAGES[200:], times) for times in (0, 1, 2, 4, 8)]))


def test_the_distance_rises_with_noise() -> None:
    assert rises(distances([noisy(IMAGES[200:], strength) for strength in (0, 8, 16, 32, 64)]))


def test_the_distance_rises_with_the_share_of_another_class() -> None:
    mixed = [torch.cat([IMAGES[200 + n :], OTHERS[:n]]) for n in (0, 50, 100, 150, 200)]
    assert rises(distances(mixed))


def test_the_distance_rises_as_fewer_images_are_repeated() -> None:
    repeated = [IMAGES[200 : 200 + n].repeat(200 // n, 1, 1, 1) for n in (200, 50, 20, 5, 1)]
    assert rises(distances(repeated))


def test_the_same_is_seen_each_time() -> None:
    first, again = made(), made()
    assert first.name == again.name
    assert torch.equal(first(IMAGES).hidden, again(IMAGES).hidden)
    assert first(IMAGES).probabilities is None  # ten classes, which are none of these data's


def test_gray_images_are_coloured_ones_without_colour() -> None:
    gray = IMAGES[:9, :1]
    see = made()
    assert torch.equal(see(gray).hidden, see(gray.repeat(1, 3, 1, 1)).hidden)


def test_what_is_transparent_lies_on_white() -> None:
    see, opaque = made(), torch.full((9, 1, SIDE, SIDE), 255, dtype=torch.uint8)
    images = IMAGES[:9]
    assert torch.equal(see(torch.cat([images, opaque], 1)).hidden, see(images).hidden)
    hidden = see(torch.cat([images, torch.zeros_like(opaque)], 1)).hidden
    white = see(torch.full_like(images, 255)).hidden
    assert torch.equal(hidden, white)


def test_images_of_other_sizes_are_brought_to_its_own_without_aliases() -> None:
    see = made()
    assert see.resizing == "bilinear, antialiased, to 32x32"
    stripes = torch.zeros(1, 3, 64, 96, dtype=torch.uint8)
    stripes[..., ::2] = 255
    gray = torch.full((1, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    plain = interpolate(stripes.float(), SIDE, mode="nearest").to(torch.uint8)
    seen, expected, aliased = (see(images).hidden for images in (stripes, gray, plain))
    assert (seen - expected).norm() < 0.5 * (aliased - expected).norm()


def test_it_is_taken_for_images_without_labels() -> None:
    assert chosen_features(AUTO, DataSpec.images((3, 64, 64))) == "photos"
    assert chosen_features(AUTO, DataSpec.images((3, 64, 64), 10)) == "classifier"
    assert photos.lacks(DataSpec.points(2)) == "sees images alone"


def test_an_empty_set_has_no_features() -> None:
    assert made()(IMAGES[:0]).hidden.shape == (0, 320)
