"""The names of the modes and precisions, which the command line shows without importing torch."""

MODES = EAGER, COMPILE, GRAPH = "eager", "compile", "graph"
"""See `ganzoo.engine.modes.execution`."""
PRECISIONS = FP32, TF32, BF16 = "fp32", "tf32", "bf16"
