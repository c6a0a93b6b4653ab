"""How fast: our loop beside two others of the same game."""
