"""Pillow's limit of pixels, which is one for all threads of a process."""

from contextlib import ExitStack

from PIL import Image

from ganzoo.data.files.opened import limited
from ganzoo.data.files.wanted import parse_pixels


def test_it_is_there_again_after_blocks_that_overlap() -> None:
    usual, huge = Image.MAX_IMAGE_PIXELS, parse_pixels("huge")
    assert usual is not None
    first, second = ExitStack(), ExitStack()
    first.enter_context(limited(huge))
    second.enter_context(limited(huge))
    first.close()
    assert Image.MAX_IMAGE_PIXELS is None
    second.close()
    assert usual == Image.MAX_IMAGE_PIXELS
