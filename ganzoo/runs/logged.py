"""Names in ``metrics.jsonl`` and ``log.txt`` that mean something to who reads them."""

QUALITY = "quality/"
"""Begins the names of the values that ``--evaluate-every`` logs."""
DIVERSITY = "sample_diversity"
"""How different the samples of a gallery are: see `ganzoo.training.watchdog.diversity`."""
WATCHDOG = "watchdog"
"""Who says what stands behind it in a line of the log."""
