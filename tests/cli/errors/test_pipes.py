"""Pipes and devices in every place where a user can name a file: nothing waits without end."""

import os
from pathlib import Path

import pytest
from helpers.cli import TINY
from helpers.refusals import refused

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names"),
]


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (("report", "tiny", "--out", "pipe"), "pipe is no report, and is left as it is"),
        (("evaluate", "--samples", "pipe", "--dataset", "ring8"), "it is a pipe or the like"),
        (("train", "vanilla", *TINY, "--config", "pipe"), "nobody writes settings"),
    ],
)
def test_a_pipe_that_nobody_writes_to(
    tiny: Path, args: tuple[object, ...], saying: str | tuple[str, ...]
) -> None:
    os.mkfifo("pipe")
    refused(*args, saying=saying)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="open files have no names")
def test_settings_from_a_pipe_of_a_shell() -> None:
    """As of ``--config <(...)``, which can be read once."""
    read, write = os.pipe()
    os.write(write, b"batch-siz = 5")
    os.close(write)
    saying = ("no setting 'batch-siz': did you mean 'batch-size'?", "/dev/fd/")
    refused("train", "vanilla", *TINY, "--config", f"/dev/fd/{read}", saying=saying)
    os.close(read)
