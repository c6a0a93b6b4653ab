"""A trained variant for those who do not have ganzoo."""
