"""How far samples of any numbers are from the data."""
