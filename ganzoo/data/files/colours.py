"""Colours of an image file: what a profile means, in sRGB, and 16 bits, of which Pillow gives 8."""

import io
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.files.formats import open_image

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_NEAR = 2
"""Levels of 255 by which grays and primaries of a profile that calls itself sRGB may be others."""
_SRGB_GAMMA, _SAME_GAMMA = 1 / 2.2, 0.05
"""What a PNG in sRGB names as its power of light, and the part of it by which others differ."""
_GRAY_WITH_OPACITY = "LA;16B"
_COLOURS = re.compile(r"((?:RGB|RGBX|RGBA|CMYK);16)([BLN])")
"""What Pillow calls pixels of 16 bits in a file, and the order of their bytes."""
_PHOTOMETRIC, _WHITE_IS_0 = 262, 0
"""A tag of TIFF, and what it says of gray that is upside down."""
_PLANAR, _PLANES, _BITS = 284, 2, 258
"""Tags of TIFF: how the colours lie, of which this is one after the other; and their bits."""
_NATIVE = sys.byteorder[0].upper()
_OTHER = {"B": "L", "L": "B", "N": {"B": "L", "L": "B"}[_NATIVE]}
"""The order in which the lower byte of a pixel is taken for its upper one."""


def in_srgb(image: "Image.Image") -> tuple["Image.Image", bool]:
    """The image with the colours that its profile means, and whether it has one that is of no use.

    What has none is sRGB, or gray as sRGB has it. Of gray of 16 bits none is of use that means
    something else, as nothing here converts that.
    """
    from PIL import ImageCms

    profile = image.info.get("icc_profile", b"")
    if profile is None:  # it is damaged
        return image, True
    if not profile and (gamma := gamma_of(image)):
        return _lit(image, gamma)
    if not (profile or image.mode == "LAB"):
        return image, False
    try:
        if profile and _means_srgb(profile):
            return image, False
        if image.mode.startswith(("I", "F")):
            return image, True
        own = (
            ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if profile
            else ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        )
        return _converted(image, own), False
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError):
        return image, True


def gamma_of(image: "Image.Image") -> float:
    """The power of light that the pixels are, where a PNG names one that is not sRGB's; else 0."""
    gamma = image.info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in image.info or not 0.01 < gamma < 100:
        return 0.0
    return gamma if abs(gamma / _SRGB_GAMMA - 1) > _SAME_GAMMA else 0.0


def _lit(image: "Image.Image", gamma: float) -> tuple["Image.Image", bool]:
    """An image whose pixels are a power of light, in sRGB (IEC 61966-2-1); and whether it is not,
    as nothing here converts gray of 16 bits."""
    if image.mode.startswith(("I", "F")):
        return image, True
    gray = image.mode in ("1", "L", "LA")
    whole = image.convert(
        ("LA" if gray else "RGBA") if image.has_transparency_data else "L" if gray else "RGB"
    )
    light = np.linspace(0, 1, 256) ** (1 / gamma)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table, same = np.rint(255 * levels).astype(int).tolist(), [*range(256)]
    return whole.point(
        [v for band in whole.getbands() for v in (same if band == "A" else table)]
    ), False


@lru_cache(maxsize=64)
def _means_srgb(profile: bytes) -> bool:
    """Whether a profile says that it is of sRGB, and has its grays and primaries.

    Raises:
        PyCMSError: it cannot be used.
        OSError: it is none.
    """
    from PIL import Image, ImageCms

    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" not in (own.profile.profile_description or ""):
        return False
    grays = np.linspace(0, 255, 18).astype(np.uint8)
    if own.profile.xcolor_space.strip() == "GRAY":
        probe = Image.fromarray(grays[None])
    else:
        primaries = 255 * np.eye(3, dtype=np.uint8)
        colours = np.concatenate((np.stack([grays] * 3, 1), primaries, 255 - primaries))
        probe = Image.fromarray(colours[None])
    found = np.asarray(_converted(probe, own)).astype(int)
    return bool((abs(found - np.asarray(probe)) <= _NEAR).all())


def _converted(image: "Image.Image", profile: "ImageCms.ImageCmsProfile") -> "Image.Image":
    """The image in sRGB, gray where it was, and as transparent."""
    from PIL import ImageCms

    opaque = image
    alpha = None
    if image.has_transparency_data:
        whole = image.convert("LA" if image.mode in ("L", "LA", "1") else "RGBA")
        alpha, opaque = whole.getchannel("A"), whole.convert(whole.mode[:-1])
    elif image.mode in ("P", "1"):
        opaque = image.convert("RGB" if image.mode == "P" else "L")
    found = ImageCms.profileToProfile(
        opaque,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert found is not None  # it is not changed in place
    made = found.convert("L") if opaque.mode == "L" else found
    if alpha is not None:
        made.putalpha(alpha)
    return made


def is_deep(opened: "Image.Image") -> bool:
    """Whether the pixels of a file that is opened, and not read yet, are colours of 16 bits.

    Gray of 16 bits is none, but with opacity, or where one gray is transparent.

    Raises:
        ValueError: it is gray of more than 8 bits whose 0 is white, which Pillow takes for black;
            or its channels lie one after the other, and have 16 bits or are gray and opacity,
            which Pillow mixes up.
    """
    tags = getattr(opened, "tag_v2", {})
    bits = tags.get(_BITS, (8,))
    if tags.get(_PLANAR) == _PLANES and (len(bits) == 2 or (len(bits) > 2 and max(bits) > 8)):
        raise ValueError("its channels lie in planes: save it with interleaved ones")
    if opened.mode.startswith("I"):
        if tags.get(_PHOTOMETRIC) == _WHITE_IS_0:
            raise ValueError("its gray of 16 bits has white as 0: save it with black as 0")
        return hidden_in(opened) is not None
    raw = _raw(opened)
    return raw == _GRAY_WITH_OPACITY or bool(_COLOURS.fullmatch(raw))


def hidden_in(opened: "Image.Image") -> tuple[int, ...] | int | None:
    """The colour, or the gray, of 16 bits that is transparent; None: there is none."""
    hidden = opened.info.get("transparency")
    if isinstance(hidden, tuple) and opened.mode == "RGB":
        return hidden
    return hidden if isinstance(hidden, int) and opened.mode.startswith("I") else None


def mode_in(opened: "Image.Image") -> str:
    """Pillow's name for what its pixels are, with gray and opacity, which it takes for colours,
    or of which it has the opacity apart."""
    gray = opened.mode.startswith("I") and hidden_in(opened) is not None
    return "LA" if gray or _raw(opened) == _GRAY_WITH_OPACITY else opened.mode


def words_in(path: Path, opened: "Image.Image") -> np.ndarray:
    """The pixels of such a file, uint16 (height, width, channels).

    Args:
        path: of the file.
        opened: the file, which is read.
    """
    if opened.mode.startswith("I"):
        return np.asarray(opened).astype(np.uint16)[:, :, None]
    if _raw(opened) == _GRAY_WITH_OPACITY:
        _set_raw(opened, "RGBA")  # four bytes a pixel, two of them gray
        both = np.asarray(opened)
        return _joined(both[:, :, ::2], both[:, :, 1::2])
    name, order = _COLOURS.fullmatch(_raw(opened)).groups()  # type: ignore[union-attr]
    with open_image(path) as again:
        _set_raw(again, name + _OTHER[order])
        lower = np.asarray(again)
    return _joined(np.asarray(opened), lower)


def _joined(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    words: np.ndarray = upper.astype(np.uint16) * 256 + lower
    return words


def _raw(opened: "Image.Image") -> str:
    """How the pixels lie in the file."""
    tiles = getattr(opened, "tile", ())
    told = tiles[0].args if tiles else ""
    return str(told if isinstance(told, str) else (told or ("",))[0])


def _set_raw(opened: "Image.Image", raw: str) -> None:
    """Have a file be read as if its pixels lay in another way."""
    opened.tile = [  # type: ignore[attr-defined]
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))
        for tile in opened.tile  # type: ignore[attr-defined]
    ]
