"""What a program does with ganzoo: train, open a run, and use it. The commands do it by the same.

See the page on Python: ``ganzoo/library/README.md``.
"""
