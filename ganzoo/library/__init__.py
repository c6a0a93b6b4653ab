"""What a program does with ganzoo: train, open a run, and use it. The commands do it by the same.

See the page on Python: ``ganzoo/library/README.md``.
"""

SPREAD = 0.3
"""Of the way to another sample, variations of one lie so far."""
FRAMES = 90
"""Of a walk."""
STEPS = 300
"""Of the search for a latent."""
