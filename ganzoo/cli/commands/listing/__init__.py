"""The commands that say what there is."""
