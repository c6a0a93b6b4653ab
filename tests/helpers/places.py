"""Where things lie."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared/data"
"""Real data sets, which are not everywhere: who reads them skips where they are not."""
