"""Where ganzoo keeps what it can make again."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where the caches are: ``$GANZOO_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("GANZOO_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("ganzoo")
