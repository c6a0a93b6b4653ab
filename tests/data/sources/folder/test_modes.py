"""Every mode of images as the eye sees it: on white, upright, in the size that is wanted."""

import threading
import time

import numpy as np
import pytest
import torch
from helpers.data.photos import BLUE, GREEN, RED, colours, loaded, plain, sixteen_bit
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo.data.files import opened
from ganzoo.spec import Field


def palette_image(**info):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([9, 9, 9, 10, 200, 30])
    image.info |= info
    return image


COLOURED = {
    "rgb.png": (plain("RGB", (10, 200, 30)), (10, 200, 30)),
    "opaque.png": (plain("RGBA", (10, 200, 30, 255)), (10, 200, 30)),
    "transparent.png": (plain("RGBA", (10, 200, 30, 0)), (255, 255, 255)),
    "half.png": (plain("RGBA", (0, 0, 255, 128)), (127, 127, 255)),
    "half.webp": (plain("RGBA", (0, 0, 255, 0)), (255, 255, 255)),
    "palette.png": (palette_image(), (10, 200, 30)),
    "palette.gif": (palette_image(), (10, 200, 30)),
    "transparent.gif": (palette_image(transparency=1), (255, 255, 255)),
    "transparent-palette.png": (palette_image(transparency=1), (255, 255, 255)),
    "palette.bmp": (palette_image(), (10, 200, 30)),
    "cmyk.tif": (plain("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
    "colour.ppm": (plain("RGB", (10, 200, 30)), (10, 200, 30)),
}
GRAY = {
    "gray.png": (plain("L", 77), (77,)),
    "gray.jpg": (plain("L", 77), (77,)),
    "gray.PGM": (plain("L", 77), (77,)),
    "white.png": (plain("1", 1), (255,)),
    "black.pbm": (plain("1", 0), (0,)),
    "see-through.png": (plain("LA", (0, 51)), (204,)),
    "sixteen.png": (sixteen_bit(128 * 257), (128,)),
    "sixteen.pgm": (sixteen_bit(128 * 257), (128,)),
    "sixteen.tiff": (sixteen_bit(128 * 257), (128,)),
    "brightest.png": (sixteen_bit(65535), (255,)),
    "dark.png": (sixteen_bit(255), (1,)),
}


@pytest.mark.parametrize("name", COLOURED)
def test_each_coloured_mode_is_rgb_on_white(folder, name):
    image, expected = COLOURED[name]
    image.save(folder / name, **({"lossless": True} if name.endswith("webp") else {}))
    dataset, _ = loaded(folder)
    assert dataset.fields["image"].dtype == torch.uint8
    assert dataset.spec.shape == (3, 8, 8)
    assert colours(dataset) == [expected]


@pytest.mark.parametrize("name", GRAY)
def test_each_gray_mode_has_one_channel(folder, name):
    image, expected = GRAY[name]
    image.save(folder / name)
    plain("L", 9).save(folder / "zz.png")
    dataset, _ = loaded(folder)
    assert dataset.fields["image"].dtype == torch.uint8
    assert dataset.spec.shape == (1, 8, 8)
    assert colours(dataset) == [expected, (9,)]


def test_sixteen_bits_are_kept_where_all_images_have_them(folder):
    for name, value in (("a.png", 0), ("b.tiff", 1), ("c.pgm", 40_000), ("d.png", 65_535)):
        sixteen_bit(value).save(folder / name)
    (folder / "e.png").write_text("no image")
    for _ in range(2):  # decoded, and from the cache
        dataset, _ = loaded(folder)
        assert dataset.fields["image"].dtype == torch.int16
        assert dataset.spec.sample == Field("image", "image", (1, 8, 8), (), "16 bits")
        assert colours(dataset) == [(value - 32_768,) for value in (0, 1, 40_000, 65_535)]


def test_sixteen_bits_are_scaled_exactly(folder):
    steps = np.repeat(np.uint16([[1000, 1001]]), 32, axis=0).repeat(16, axis=1)
    Image.fromarray(steps).save(folder / "steps.png")
    image = loaded(folder, (16, 16))[0].fields["image"][0, 0].long() + 32_768
    assert image[:, :6].unique().tolist() == [1000]
    assert image[:, 10:].unique().tolist() == [1001]


def test_sixteen_bits_of_the_other_split_count(folder):
    for number in range(10):
        sixteen_bit(1000).save(folder / f"{number}.png")
    plain("L", 9).save(folder / "9.png")  # held out
    assert loaded(folder)[0].fields["image"].dtype == torch.uint8


def test_one_coloured_image_makes_all_of_them_coloured(folder):
    for name, (image, _) in GRAY.items():
        image.save(folder / name)
    plain("RGB", RED).save(folder / "zz.png")
    dataset, _ = loaded(folder)
    by_name = sorted(GRAY)
    expected = [GRAY[name][1] * 3 for name in by_name] + [RED]
    assert colours(dataset) == [c for i, c in enumerate(expected) if i % 10 != 9]
    assert colours(loaded(folder, split="test")[0]) == [expected[9]]


def test_an_animation_is_its_first_frame(folder):
    first, second = plain("RGB", RED), plain("RGB", BLUE)
    first.save(folder / "moving.gif", save_all=True, append_images=[second])
    assert colours(loaded(folder)[0]) == [RED]


def test_a_camera_on_its_side_is_put_upright(folder):
    image = Image.fromarray(np.repeat(np.uint8([[0] * 32 + [255] * 32]), 64, axis=0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left of what is stored is the top
    image.save(folder / "turned.jpg", exif=exif, quality=95)
    pixels = loaded(folder, (16, 16))[0].fields["image"][0, 0].float()
    assert pixels[:6].max() < 10
    assert pixels[10:].min() > 245


def test_images_cover_the_size_and_are_cropped_around_their_centre(folder):
    stripes = np.repeat(np.uint8([[RED] * 20 + [GREEN] * 20 + [BLUE] * 20]), 20, axis=0)
    Image.fromarray(stripes).save(folder / "wide.png")
    Image.fromarray(stripes.transpose(1, 0, 2)).save(folder / "tall.png")
    assert colours(loaded(folder, (20, 20))[0]) == [GREEN, GREEN]
    wide = loaded(folder, (10, 30))[0].fields["image"]
    assert wide.shape == (2, 3, 10, 30)
    assert wide[1, :, 5, [2, 15, 27]].T.tolist() == [list(RED), list(GREEN), list(BLUE)]


def test_shrinking_is_antialiased(folder):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    Image.fromarray(checks.astype(np.uint8)).save(folder / "checks.png")
    pixels = loaded(folder, (8, 8))[0].fields["image"].float()
    assert (pixels - 127.5).abs().max() < 4


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 40), height=st.integers(1, 40), size=st.tuples(*[st.integers(1, 24)] * 2)
)
def test_any_size_becomes_any_other(tmp_path_factory, width, height, size):
    folder = tmp_path_factory.mktemp("sizes")
    plain("RGB", (10, 200, 30), (width, height)).save(folder / "a.png")
    dataset, _ = loaded(folder, size)
    assert dataset.spec.shape == (3, *size)
    assert colours(dataset) == [(10, 200, 30)]


def test_without_a_size_images_are_64x64_and_the_user_is_told(folder):
    plain("RGB", RED, (100, 80)).save(folder / "a.png")
    dataset, said = loaded(folder, None)
    assert dataset.spec.shape == (3, 64, 64)
    assert said == ["images are scaled to 64x64: --image-size chooses another size"]


@pytest.mark.parametrize(("large", "together"), [(15 * 16, 1), (16 * 16, 4)])
def test_very_large_images_are_decoded_one_after_another(folder, monkeypatch, large, together):
    for number in range(4):
        plain("RGB", (number, 0, 0)).save(folder / f"{number}.png")
    meeting, now, most = threading.Barrier(together), [], []
    upright = opened.in_srgb

    def decode(image):
        now.append(image)
        meeting.wait(60)
        time.sleep(0.1)  # in which another could begin
        most.append(len(now))
        meeting.wait(60)
        now.remove(image)
        return upright(image)

    monkeypatch.setattr(opened, "LARGE", large)
    monkeypatch.setattr(opened, "in_srgb", decode)
    dataset, _ = loaded(folder)
    assert colours(dataset) == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]
    assert most == [together] * 4
