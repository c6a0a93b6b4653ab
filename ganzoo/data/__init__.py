"""Data sets, one module a source, and how they are fed to the engine."""
