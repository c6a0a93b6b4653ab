"""Films: pictures of one size, one after the other, in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.artifacts.files import creating
from ganzoo.artifacts.signed import signature
from ganzoo.errors import GanzooError

FRAME_MS = 40
"""Of each picture: a multiple of what a GIF can say, hundredths of a second."""
SUFFIXES = GIF, WEBP, MP4 = ".gif", ".webp", ".mp4"


def check_film(path: Path) -> None:
    """See whether a film can be written into a file of that name.

    Raises:
        GanzooError: its name ends in none of `SUFFIXES`, or what writes such files is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise GanzooError(f"--out {path} must be a name ending in {', '.join(SUFFIXES)}")
    if suffix == WEBP:
        from PIL import features

        if not features.check("webp"):
            raise GanzooError("this Pillow cannot write WebP: choose a name ending in .gif")
    if suffix == MP4:
        try:
            import av  # noqa: F401
        except ImportError as error:
            raise GanzooError(
                "MP4 needs PyAV, which is not installed: `pip install 'ganzoo-core[film]'`, or "
                "choose a name ending in .gif or .webp"
            ) from error


def write_film(frames: Sequence[Image.Image], path: Path, *, loop: bool) -> None:
    """Write a film, whole or not at all.

    Args:
        frames: gray or in colour, all of one size.
        path: whose suffix says how, see `check_film`.
        loop: whether it is shown again and again; else once.

    Raises:
        OSError: it cannot be written.
    """
    first, *rest = frames
    suffix = path.suffix.lower()
    with creating(path) as temporary:
        match suffix:
            case ".gif":
                repeated: dict[str, Any] = {"loop": 0} if loop else {}
                first, *rest = (_with_palette(frame) for frame in frames)
                first.save(
                    temporary,
                    save_all=True,
                    append_images=rest,
                    duration=FRAME_MS,
                    **repeated,
                    **signature(suffix),
                )
            case ".webp":
                first.save(
                    temporary,
                    save_all=True,
                    append_images=rest,
                    duration=FRAME_MS,
                    loop=0 if loop else 1,
                    lossless=True,
                    **signature(suffix),
                )
            case _:
                _write_mp4(frames, temporary)


def _with_palette(frame: Image.Image) -> Image.Image:
    """A picture of at most 256 colours, chosen for it; gray ones have no more."""
    return frame if frame.mode == "L" else frame.quantize(256, dither=Image.Dither.NONE)


def _write_mp4(frames: Sequence[Image.Image], path: Path) -> None:
    """As H.264, whose sides must be even: an odd one is repeated."""
    import av

    width, height = (side + side % 2 for side in frames[0].size)
    with av.open(str(path), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=1000 // FRAME_MS, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            even = Image.new("RGB", (width, height))
            even.paste(frame.convert("RGB").resize((width, height), Image.Resampling.NEAREST))
            film.mux(stream.encode(av.VideoFrame.from_image(even)))
        film.mux(stream.encode())
