"""What is refused: with status 2, in one line, and nothing is touched."""

from pathlib import Path

from PIL import Image

from helpers.cli import Result, ganzoo, tree

STATE, WEIGHTS = "state.safetensors", "weights.safetensors"


def checkpoint(run: Path, step: int = 5) -> Path:
    return run / "checkpoints" / f"{step:08d}"


def refused(*args: object, saying: str | tuple[str, ...]) -> None:
    """Assert that ``ganzoo ARGS`` is refused with these words, and changes no file."""
    before = tree(Path())
    check(ganzoo(*args), saying)
    assert tree(Path()) == before


def check(result: Result, saying: str | tuple[str, ...], status: int = 2) -> None:
    assert result.status == status, result.out + result.err
    assert result.err.count("\n") == 1
    assert result.err.startswith("ganzoo: error: ")
    assert result.err.endswith("\n")
    assert "Traceback" not in result.out + result.err
    for words in (saying,) if isinstance(saying, str) else saying:
        assert words in result.err


def write_images(folder: Path, size: int, count: int = 12) -> None:
    folder.mkdir()
    for i in range(count):
        Image.new("L", (size, size), 20 * i).save(folder / f"{i:02d}.png")


def resume(run: Path) -> tuple[object, ...]:
    return ("train", "--resume", run, "--steps", 10)
