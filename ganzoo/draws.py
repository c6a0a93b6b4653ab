"""Torch's default generators, of which a process has one set for all its threads, by turns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

_TURN = threading.RLock()


@contextmanager
def alone() -> Iterator[None]:
    """A block in which no other thread has a turn."""
    with _TURN:
        yield


@contextmanager
def drawing_apart(device: torch.device) -> Iterator[None]:
    """A block after which the default generators go on as if it had not been."""
    devices = [] if device.type == "cpu" else [torch.empty(0, device=device).device.index or 0]
    kind = device.type if devices else "cuda"
    with _TURN, torch.random.fork_rng(devices, device_type=kind):
        yield


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """A block in which the default generators start from `seed`, and after which they go on."""
    with drawing_apart(device):
        torch.manual_seed(seed)
        yield


@contextmanager
def drawing_anew() -> Iterator[None]:
    """A block that leaves the default generators elsewhere, which no training notices."""
    with _TURN:
        Draws.leave()
        yield


@dataclass
class SeededDraws:
    """Where the default generators stand for what begins with a seed and is drawn part by part.

    Between its turns they go on as if it had not been.
    """

    seed: int
    device: torch.device
    _left: dict[str, Tensor] | None = None
    """Where they stood when its last turn ended; None: it had none yet."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A block in which they go on from where they stood after its last turn."""
        with drawing_apart(self.device):
            if self._left is None:
                torch.manual_seed(self.seed)
            else:
                _write(self._left)
            yield
            self._left = _read(self.device)


@dataclass
class Draws:
    """Where the default generators stand for one training, whatever else draws between its turns.

    It begins with where they stand when it is made.
    """

    device: torch.device
    _left: dict[str, Tensor] | None = None
    """Where they stood when somebody else's turn came; None: nobody's has come since."""
    _busy: bool = False
    """Whether it is its turn now."""
    _whose: ClassVar[Draws | None] = None

    def __post_init__(self) -> None:
        with _TURN:
            Draws.leave()
            Draws._whose = self

    @staticmethod
    def leave() -> None:
        """Note where they stand for whoever had the last turn."""
        if Draws._whose is not None:
            Draws._whose._left = _read(Draws._whose.device)
            Draws._whose = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A block in which they go on from where they stood after its last turn."""
        with _TURN:
            if Draws._whose is not self:
                Draws.leave()
                if self._left is not None:
                    _write(self._left)
                Draws._whose = self
            self._busy = True
            try:
                yield
            finally:
                self._busy = False

    def rest(self) -> None:
        """Have its next turn begin where the last has ended, whoever draws in this thread before.

        As somebody who watches may. In its turn, as when a signal is answered, nothing is done.
        """
        with _TURN:
            if Draws._whose is self and not self._busy:
                Draws.leave()


def _read(device: torch.device) -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[str(device)] = torch.get_device_module(device).get_rng_state(device)
    return states


def _write(states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    for name in states.keys() - {"cpu"}:
        device = torch.device(name)
        torch.get_device_module(device).set_rng_state(states[name], device)
