"""What a step is told by its environment, and where it puts what it finds."""

from __future__ import annotations

import os
from pathlib import Path

REHEARSING = bool(os.environ.get("GPU_REHEARSAL"))
"""Whether the CPU is in the GPU's place."""
DEVICE = "cpu" if REHEARSING else "cuda"
STEM = "rehearsal" if REHEARSING else "gpu"
"""With which the names of all files begin that are to be brought home."""
WHOLE = "whole"
"""A file that is in a folder of `compiled_code` when all is compiled."""


def work() -> Path:
    """The folder of what steps leave to each other."""
    return Path(os.environ["GPU_WORK"])


def compiled_code(game: str) -> Path:
    """The folder of torch's cache for a game.

    Each has its own: a step that is killed while it compiles can leave half a file in it.
    """
    return work() / "compiled" / game.replace(" ", "-")


def results() -> Path:
    """The folder of what is brought home."""
    return Path(os.environ["GPU_RESULTS"])


def found(text: str) -> None:
    """Add lines to this step's part of the page, in Markdown."""
    print(text, flush=True)
    with Path(os.environ["GPU_FOUND"]).open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def fenced(text: str) -> str:
    """Lines as they were printed."""
    return f"```\n{text.rstrip()}\n```"
