"""What a variant shows: how it is drawn, and what of it counts as samples."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from PIL import Image
from torch import Tensor

from ganzoo import DataSpec, Field, Gallery, GanzooError
from ganzoo.artifacts.pictures import add_caption
from ganzoo.data.kinds import kind_of
from ganzoo.training.exhibits import Exhibits

IMAGES = DataSpec.images((3, 8, 8))


def draw(images: Tensor, path: Path, columns: int, caption: str = "") -> None:
    kind_of("image").draw(IMAGES.sample, images, path, None, columns)
    add_caption(path, caption)


def noise(n: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) - 1


def test_a_tensor_is_a_gallery_of_samples() -> None:
    images = noise(4)
    gallery = Gallery.of(images)
    assert gallery.samples is images
    assert Gallery.of(gallery) is gallery


def test_columns_and_caption_are_drawn(tmp_path: Path) -> None:
    draw(noise(6), tmp_path / "plain.png", 3)
    draw(noise(6), tmp_path / "told.png", 3, "above, and below")
    plain, told = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("plain", "told"))
    assert plain.shape == (2 * 10 - 2, 3 * 10 - 2, 3)
    assert np.array_equal(told[:18], plain)
    assert told.shape[1] == plain.shape[1]
    assert told[18:].max() > 200


def test_a_long_caption_is_broken_into_lines(tmp_path: Path) -> None:
    heights = []
    for words in (3, 30):
        draw(noise(20), tmp_path / "told.png", 10, "word " * words)
        heights.append(Image.open(tmp_path / "told.png").height)
    assert heights[1] > 2 * 8 + 2 + 4 * (heights[0] - 2 * 8 - 2) / 2


def test_rows_have_ten_places_each_and_what_is_empty_is_black_and_not_made() -> None:
    given, made = noise(10), noise(3, seed=1)
    gallery = Gallery.of_rows([given, made], made=[False, True])
    assert torch.equal(gallery.images[:13], torch.cat((given, made)))
    assert gallery.images.shape == (20, 3, 8, 8)
    assert (gallery.images[13:] == -1).all()
    assert torch.equal(gallery.samples, made)


def test_inputs_do_not_count_as_samples() -> None:
    """A translator that draws one image for all, beside what it was given."""
    given, constant = noise(10), noise(1, seed=1).expand(10, -1, -1, -1)
    both = torch.cat((given, constant))
    examples = {"image": noise(10, seed=2)}
    assert Exhibits(IMAGES, examples).diversity(Gallery(both)) > 0.4  # type: ignore[operator]
    assert Exhibits(IMAGES, examples).diversity(Gallery(both, made=[False] * 10 + [True] * 10)) == 0
    # a translator's data may have names of their own
    pair = DataSpec.unpaired(IMAGES, IMAGES)
    domains = {"a": noise(10, seed=3), "b": given}
    assert Exhibits(pair, domains).diversity(Gallery(both)) is None
    assert Exhibits(pair, domains).diversity(Gallery(both, made=[False] * 10 + [True] * 10)) == 0


def test_what_is_made_is_compared_with_the_field_that_it_is_like() -> None:
    """Pairs of gray images and coloured ones, of which the coloured ones are made."""
    gray, colour = noise(10)[:, :1], noise(10, seed=1)
    shown = torch.cat((gray.expand(-1, 3, -1, -1), colour))
    fields = Field("source", "image", gray.shape[1:]), Field("target", "image", colour.shape[1:])
    exhibits = Exhibits(DataSpec((fields,)), {"source": gray, "target": colour})
    assert exhibits.diversity(Gallery(shown, made=[False] * 10 + [True] * 10)) == pytest.approx(1)


def test_what_is_no_gallery_is_refused() -> None:
    with pytest.raises(GanzooError, match="2 whether"):
        Gallery(noise(3), made=[True, False])
    with pytest.raises(GanzooError, match="0 columns"):
        Gallery(noise(3), columns=0)


def test_a_variant_may_return_one() -> None:
    toy = Toy(ToyConfig(), points().spec)
    assert len(Gallery.of(toy.gallery({})).images) == 2000
