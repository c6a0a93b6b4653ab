"""What tests of plugins use: their sources, and where they are built and installed."""
