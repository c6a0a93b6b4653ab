"""How a game is run: `iterate.py` is the page that explains how everything trains."""
