"""The run directory: what is known about one training, and what is drawn from it."""
