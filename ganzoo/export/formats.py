"""The forms that networks are exported in: each is written, and opened again as others will."""

from __future__ import annotations

import io
import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.func import functional_call

from ganzoo.errors import GanzooError, shortage
from ganzoo.export.network import Making, Network

OPSET = 20
"""Of ONNX: new enough for all that the variants here compute, and old enough for what reads it."""
EXAMPLES = 3
"""Samples in the batch by which a network is followed; not 1, which could be taken for constant."""
TORCH_SUFFIX, ONNX_SUFFIX, WEIGHTS_SUFFIX = ".pt2", ".onnx", ".safetensors"

OWNER = "variant."
"""Begins the names of all tensors of a network's module."""

Opened = Callable[..., Tensor]
"""A network that was opened again."""


class Format(ABC):
    """A form of networks."""

    name: str
    """As typed after ``--format``."""
    suffix: str
    """Of the file of a network."""
    modules: tuple[str, ...] = ()
    """What must be installed."""
    why: str
    """What it is for, in a line."""

    def check(self) -> None:
        """See whether it can be written here.

        Raises:
            GanzooError: something is not installed; and how it is.
        """
        missing = [name for name in self.modules if find_spec(name) is None]
        if missing:
            raise GanzooError(
                f"--format {self.name} needs {' and '.join(missing)}: "
                "pip install 'ganzoo-core[onnx]'"
            )

    @property
    def versions(self) -> Mapping[str, str]:
        """Of what writes it."""
        return {name: version(name) for name in ("torch", *self.modules)}

    @abstractmethod
    def write(self, network: Network, path: Path) -> None:
        """Write a network into a file."""

    @abstractmethod
    def open(self, network: Network, path: Path) -> Opened:
        """Read the file, by what others have.

        Args:
            network: the original, where the file holds weights alone.
            path: what was written.
        """


class Torch(Format):
    """A program of torch's, as `torch.export` writes it."""

    name, suffix = "torch", TORCH_SUFFIX
    why = "a program that torch alone runs, in Python"

    def write(self, network: Network, path: Path) -> None:
        program = followed(network)
        program.example_inputs = None  # they would be pickled
        with _quiet():
            content = io.BytesIO()  # as torch says of a full disk what nobody understands
            torch.export.save(program, content)
            path.write_bytes(content.getvalue())

    def open(self, network: Network, path: Path) -> Opened:
        with _quiet():
            module = torch.export.load(path).module()
        return _without_gradients(module)


class Onnx(Format):
    """A graph that other programs and languages run."""

    name, suffix = "onnx", ONNX_SUFFIX
    modules = ("onnx", "onnxscript", "onnxruntime")
    why = "a graph for other programs and languages, web pages among them"

    def write(self, network: Network, path: Path) -> None:
        with _quiet():
            program = torch.onnx.export(
                followed(network),
                network.sample_inputs(EXAMPLES),
                input_names=network.inputs,
                output_names=[network.output],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
            assert program is not None
            program.save(path)

    def open(self, network: Network, path: Path) -> Opened:
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

        def run(*inputs: Tensor) -> Tensor:
            named = zip(network.inputs, inputs, strict=True)
            (made,) = session.run(None, {name: each.numpy() for name, each in named})
            return torch.from_numpy(made)

        return run


class Weights(Format):
    """Named tensors, for whoever has the networks' code."""

    name, suffix = "safetensors", WEIGHTS_SUFFIX
    why = "weights alone, by name, for who builds the network"

    def write(self, network: Network, path: Path) -> None:
        save_file(_tensors(network), path)

    def open(self, network: Network, path: Path) -> Opened:
        tensors = {OWNER + name: tensor for name, tensor in load_file(path).items()}

        def run(*inputs: Tensor) -> Tensor:
            with torch.no_grad():
                made: Tensor = functional_call(network.module, tensors, inputs, strict=True)
            return made

        return run


FORMATS: Mapping[str, Format] = {form.name: form for form in (Onnx(), Torch(), Weights())}
"""By name."""


def followed(network: Network) -> Any:
    """The program that `torch.export` makes of a network, for any number of samples, and of images
    of any size where it takes such.

    Raises:
        GanzooError: it cannot be followed.
    """
    inputs = network.sample_inputs(EXAMPLES)
    free: dict[int, Any] = {0: torch.export.Dim("n", min=1)}
    if network.multiple:
        for place, name in ((2, "rows"), (3, "columns")):
            free[place] = network.multiple * torch.export.Dim(name, min=2)
    shapes: Any = (free,) * len(inputs)
    if isinstance(network.module, Making):  # which takes any number of arguments
        shapes = (shapes,)
    try:
        with torch.no_grad(), _quiet():
            return torch.export.export(network.module, inputs, dynamic_shapes=shapes)
    except Exception as error:  # whatever the networks of plugins cannot do
        if shortage(error):
            raise
        reason = " ".join(str(error).split())[:300]
        raise GanzooError(
            f"torch.export cannot follow the network '{network.name}': its author can see why by "
            f"calling it, and --format safetensors writes its weights alone ({reason})"
        ) from error


def _tensors(network: Network) -> dict[str, Tensor]:
    """Parameters and buffers by name; one that has several names under each."""
    return {
        name.removeprefix(OWNER): tensor.detach().clone().contiguous()
        for name, tensor in network.module.state_dict().items()
    }


def _without_gradients(module: Any) -> Opened:
    def run(*inputs: Tensor) -> Tensor:
        with torch.no_grad():
            made: Tensor = module(*inputs)
        return made

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporters tell their authors' news to everybody's terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
