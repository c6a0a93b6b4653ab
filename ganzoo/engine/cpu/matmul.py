"""Which of torch's two libraries multiplies float32 matrices on the CPU.

torch multiplies them with MKL, which is tuned for Intel's processors: on AMD's, oneDNN took 0.8 to
0.95 of its time on Zen 4 and half of it on Zen 5. torch takes oneDNN by a setting that is called
"bf16". On most processors that is a mere label and the products are as accurate as before; where
the hardware has bf16 matrix units they may really be rounded to 8 bits. So a probe of some
milliseconds compares them with float64. The choice is by rule and not by a race, which two runs of
one seed could end differently.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError

Product = Callable[[Tensor, Tensor], Tensor]

ONEDNN, NATIVE = "onednn", "native"
SETTINGS = {ONEDNN: "bf16", NATIVE: "ieee"}
"""What torch calls each of them."""

LARGE = 1 << 17
"""Elements of a matrix: with 128 x 128, oneDNN took 1.4 of MKL's time, with 784 x 1024 less."""
LARGEST_ERROR = 1e-6
"""Relative, in the Frobenius norm: float32 stays below 6e-7, operands rounded to bf16 give 3e-3."""


def route_matmul(to: str | None = None, product: Product = torch.matmul) -> tuple[str, str]:
    """Route float32 matrix products on the CPU, for the whole process; convolutions stay as are.

    The two libraries differ in the last bits: a training that goes on must be given what was chosen
    when it began. Nothing is drawn from torch's generators.

    Args:
        to: ``"onednn"`` or ``"native"``; None: what suits the processor.
        product: multiplies two matrices by way of the setting.

    Returns:
        What was chosen, and why in a few words.

    Raises:
        GanzooError: `to` is oneDNN, whose products lack the accuracy of float32 on this machine.
    """
    chosen, because = to or NATIVE, "as before"
    if to is None:
        chosen, because = (ONEDNN, "MKL is slow here") if mkl_is_slow() else (NATIVE, "by default")
    if chosen == ONEDNN:
        error = _error_of_onednn(product)
        if error > LARGEST_ERROR:
            if to == ONEDNN:
                raise GanzooError(
                    "the run multiplied its matrices with oneDNN, and here its relative error is "
                    f"{error:.0e}: this machine differs from the one that the run was started on, "
                    "go on there or start a new run"
                )
            chosen, because = NATIVE, f"oneDNN's relative error would be {error:.0e}"
    _select(chosen)
    return chosen, because


def choose_matmul(module: nn.Module, before: str | None = None) -> tuple[str, str]:
    """Route the products of a module; see `route_matmul`.

    Args:
        module: whose matrices, if they are small, MKL multiplies faster on any processor.
        before: what was chosen when the training began; None: it begins.
    """
    largest = max((param.numel() for param in module.parameters() if param.dim() == 2), default=0)
    if before is None and largest < LARGE:
        _select(NATIVE)
        return NATIVE, "its matrices are small"
    return route_matmul(before)


def mkl_is_slow() -> bool:
    """Whether torch would use MKL on another maker's processor, and has oneDNN."""
    backends = torch.backends
    onednn: bool = backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    mkl: bool = backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if not onednn or not mkl:
        return False
    try:
        return "GenuineIntel" not in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def _select(library: str) -> None:
    torch.backends.mkldnn.matmul.fp32_precision = SETTINGS[library]  # type: ignore[attr-defined]


def _operands() -> list[tuple[Tensor, Tensor]]:
    """Those of a layer's forward pass and of both products of its backward pass."""
    generator = torch.Generator().manual_seed(0)
    x, weight, grad = (
        torch.randn(shape, generator=generator) for shape in ((64, 784), (256, 784), (64, 256))
    )
    return [(x, weight.t()), (grad, weight), (grad.t(), x)]


def _error_of_onednn(product: Product) -> float:
    """The largest relative error."""
    _select(ONEDNN)
    try:
        errors = []
        for a, b in _operands():
            exact = a.double() @ b.double()
            errors.append(float((product(a, b).double() - exact).norm() / exact.norm()))
        return max(errors)
    finally:
        _select(NATIVE)
