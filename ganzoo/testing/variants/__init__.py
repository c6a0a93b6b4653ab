"""The checks of variants."""
