"""What every test finds, here and in the plugins: the same on any machine and for any user."""

import contextlib
import locale
import os
import random
import signal

import pytest
from hypothesis import HealthCheck, settings

# How many cores there are, and how many of them others use, changes the last bits of a float.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.pop("MKL_NUM_THREADS", None)

# What somebody has set for own runs, and what a scheduler says to one of many processes.
for name in [*os.environ]:
    if name.startswith(("GANZOO_", "TORCHINDUCTOR_")) or name.lower().endswith("_proxy"):
        del os.environ[name]
for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
    os.environ.pop(name, None)

# What somebody likes for a terminal.
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

# The user, for whom torch 2.11 names a folder: that of a container may have no name.
os.environ.setdefault("LOGNAME", os.environ.get("USER", "nobody"))

# The language, and with it how a text file is read that does not say it.
for name in ("PYTHONUTF8", "PYTHONIOENCODING"):
    os.environ.pop(name, None)
with contextlib.suppress(locale.Error):
    os.environ["LC_ALL"] = locale.setlocale(locale.LC_ALL, "C.UTF-8")

# Ctrl-C, which a shell has ignored by what it runs in the background, and by all that starts.
with contextlib.suppress(ValueError):  # in another thread
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no error, and nobody's test fails by a chance that nobody else has.
settings.register_profile(
    "anywhere", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("anywhere")


def pytest_configure(config: pytest.Config) -> None:
    """Hide the GPU, which ``--device auto`` would choose, from all tests but those that need one.

    Those are run by ``pytest -m gpu``.
    """
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(scope="session", autouse=True)
def cache_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is read from the home folder or left there, which may not even exist."""
    os.environ["GANZOO_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """No test draws what depends on the tests that ran before it."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
