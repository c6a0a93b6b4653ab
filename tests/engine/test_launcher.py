"""What is typed for several processes, in a folder that may be anybody's."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.engine.distributed import launcher

SCRIPT = Path(sys.executable).with_name("ganzoo")


@pytest.mark.skipif(not SCRIPT.exists(), reason="needs the command that pip installs")
def test_it_takes_no_module_from_where_it_is_typed(tmp_path: Path) -> None:
    """As Python does with ``-m ganzoo``."""
    for name in ("ganzoo", "torch", "json"):
        (tmp_path / f"{name}.py").write_text("open('in', 'w')\nraise ImportError")
    torchrun, *flags, program = shlex.split(launcher(2))
    assert (torchrun, program) == ("torchrun", "ganzoo")
    command = [sys.executable, "-P", "-m", "torch.distributed.run", "--standalone", *flags]
    done = subprocess.run(
        [*command, str(SCRIPT), "--version"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("ganzoo") == 2, done.stderr
    assert not (tmp_path / "in").exists()
