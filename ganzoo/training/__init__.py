"""One training, from what the user asked for to its last checkpoint."""
