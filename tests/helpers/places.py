"""Where things lie."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
SHARED = ROOT.parent / "shared/data"
"""Real data sets, which are not everywhere: who reads them skips where they are not."""
