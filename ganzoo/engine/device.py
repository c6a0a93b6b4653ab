"""Where tensors live, and the way from there to the host."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.engine.arithmetic import compute_exactly
from ganzoo.errors import GanzooError


def pick_device(name: str) -> torch.device:
    """The device that ``--device`` names, which from now on computes as ganzoo promises.

    See `find_device`.
    """
    device = find_device(name)
    compute_exactly(device)
    return device


def find_device(name: str) -> torch.device:
    """The device that ``--device`` names; ``auto``: the fastest that there is.

    Raises:
        GanzooError: torch cannot use it here.
    """
    available = found_devices()
    if name == "auto":
        name = available[0]
    if name not in available:
        raise GanzooError(
            f"--device {name} cannot be used here: torch finds only {', '.join(available)}; leave "
            "it out to have the fastest of these"
        )
    return torch.device(name)


def found_devices() -> list[str]:
    """What torch can use here, the fastest first."""
    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [device for device, there in usable.items() if there]


def check_defaults() -> None:
    """See whether networks that are built now are what ganzoo's are.

    Raises:
        GanzooError: the program has set torch to other defaults.
    """
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    if dtype != torch.float32:
        raise GanzooError(
            f"this program has set torch's default to {dtype}, and ganzoo computes in float32: "
            "call torch.set_default_dtype(torch.float32) before"
        )
    if device.type != "cpu":
        raise GanzooError(
            f"this program has set torch's default device to {device}, and ganzoo puts there what "
            "belongs there by itself: call torch.set_default_device('cpu'), and name device="
        )
    if any(map(torch.is_autocast_enabled, found_devices())):
        raise GanzooError(
            "this is called within torch.autocast, which would have networks compute in less than "
            "float32: call it outside, and name precision= to train so"
        )


@dataclass(frozen=True)
class Arriving:
    """A tensor on its way to the host."""

    tensor: Tensor
    arrived: torch.cuda.Event | None = None
    """None: it need not be waited for."""

    def wait(self) -> Tensor:
        """The tensor, when it is there."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.tensor


def bring_to_host(tensor: Tensor) -> Arriving:
    """Copy a tensor to the host, on CUDA while both go on."""
    if not tensor.is_cuda:
        return Arriving(tensor.cpu())
    there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    there.copy_(tensor, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()
    return Arriving(there, event)


def synchronise(device: torch.device) -> None:
    """Wait until a device has done all that it was told to."""
    if device.type != "cpu":
        torch.get_device_module(device).synchronize()


def memory_used(device: torch.device) -> int:
    """The most bytes used so far: of the device's memory on CUDA, else of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
