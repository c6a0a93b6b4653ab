"""Names that the command line shows without importing torch: devices, modes, precisions."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""See `ganzoo.engine.device.pick_device`."""
MODES = EAGER, COMPILE, GRAPH = "eager", "compile", "graph"
"""See `ganzoo.engine.modes.execution`."""
PRECISIONS = FP32, TF32, BF16 = "fp32", "tf32", "bf16"
