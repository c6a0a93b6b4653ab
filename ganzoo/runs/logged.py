"""Names in ``metrics.jsonl`` that mean something to who reads it."""

QUALITY = "quality/"
"""Begins the names of the values that ``--evaluate-every`` logs."""
DIVERSITY = "sample_diversity"
"""How different the samples of a gallery are: see `ganzoo.training.watchdog.diversity`."""
