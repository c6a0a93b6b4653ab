"""What tests of measurements use: rows that nobody has measured, and a stand-in for ganzoo."""
