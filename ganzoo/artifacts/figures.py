"""Matplotlib as it is by itself, whatever it would be told by files where ganzoo is called.

It obeys a file ``matplotlibrc`` in the folder where a program is, which may be a stranger's: such a
file can have it start LaTeX, which reads other files into the pictures.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_DRAWING = threading.Lock()
"""Settings are those of all threads."""


@contextlib.contextmanager
def usual_figures() -> Iterator[None]:
    """Have matplotlib draw and save figures by its own settings; it need not be imported yet."""
    with _DRAWING:
        if "matplotlib" not in sys.modules and os.path.lexists("matplotlibrc"):
            with contextlib.chdir(Path(__file__).parent):  # it may be a pipe, and would be read
                import matplotlib
        import matplotlib

        usual = dict(matplotlib.rcParamsDefault)
        del usual["backend"]  # of windows, in which nothing is shown here
        with matplotlib.rc_context(usual):
            yield
