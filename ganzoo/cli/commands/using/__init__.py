"""The commands that use what was trained."""
