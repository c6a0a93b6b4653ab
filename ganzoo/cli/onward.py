"""What the user types to go on with a run."""

import shlex

from ganzoo.engine.distributed import launcher
from ganzoo.runs.run import Run


def resume_command(run: Run) -> str:
    """The command that goes on, with as many processes as before."""
    processes = run.settings.get("processes", 1)
    return f"{launcher(processes)} train --resume {shlex.quote(str(run.path))}"
