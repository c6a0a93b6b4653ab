"""Batches whose images are augmented: all of a sample alike, anew in each replay."""

import pytest
import torch
from helpers.data.feeding import CPU, Tape, feeding, pictures

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.errors import GanzooError


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("options", [{"flip": True}, {"crop": 2}, {"flip": True, "crop": 1}])
def test_the_images_of_a_sample_are_augmented_alike_and_nothing_else_is(resident, options):
    with (
        feeding(pictures(40), 40, resident=resident, **options) as feed,
        feeding(pictures(40), 40, resident=True) as plain,
    ):
        torch.manual_seed(3)
        ours, theirs = feed.draw(), plain.draw()
        assert torch.equal(ours["label"], theirs["label"])
        assert torch.equal(ours["heat"], theirs["heat"])
        torch.manual_seed(3)
        stored = ((theirs["image"] + 1) * 127.5).round().to(torch.uint8)
        augment = Augmentation(**options)
        again = augment.draw(40, 3, 4, CPU)(stored).to(torch.float32).div_(127.5).sub_(1)
        assert torch.equal(ours["image"], again)
        assert torch.equal(ours["other"], again)
        assert not torch.equal(ours["image"], theirs["image"])


@pytest.mark.parametrize("resident", [True, False])
def test_a_replayed_draw_augments_anew(resident):
    with feeding(pictures(8), 8, resident=resident, flip=True, crop=2) as feed:
        feed.stage(1)
        with Tape() as tape:
            first = feed.draw()["image"]
        feed.drawn = 0
        feed.stage(1)
        assert not torch.equal(tape.replay(first), first)


@pytest.mark.parametrize("options", [{"flip": True}, {"crop": 1}])
def test_what_are_no_images_cannot_be_augmented(options):
    points = Dataset.of("points", torch.zeros(10, 2), torch.arange(10))
    with pytest.raises(GanzooError) as error:
        make_feed(points, 2, device=CPU, seed=0, **options)
    assert (
        str(error.value) == "--flip and --crop change images, and 'points' has none: leave them out"
    )


def test_a_crop_as_large_as_the_image_is_an_error():
    make_feed(pictures(4), 2, device=CPU, seed=0, crop=2).draw()
    with pytest.raises(GanzooError) as error:
        make_feed(pictures(4), 2, device=CPU, seed=0, crop=3)
    assert str(error.value) == (
        "--crop 3 is too much for the images of 'pictures', which are 3x4: choose at most 2"
    )
