"""Randomness that is the same however a batch is split, and in every precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from ganzoo.testing.check import NotApplicable


class KnownNoise(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Every draw depends on its number and its shape alone, and each row on its sample.

    Args:
        part: which of the parts of a batch is computed; it draws the rows of its samples of what
            the whole batch draws.
        parts: how many there are.
        size: samples a part; None: no draw is divided.
        exact: whether whatever is asked for in float32 is made in float64.
    """

    def __init__(
        self, part: int = 0, parts: int = 1, size: int | None = None, *, exact: bool = False
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._part, self._parts, self._size, self._exact = part, parts, size, exact
        self._draws = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one operation, or draw in its place."""
        if self._exact:
            args, kwargs = tree_map(_doubled, (args, kwargs or {}))
        if torch.Tag.nondeterministic_seeded not in func.tags or _leaves_dropout_out(func, args):
            return func(*args, **(kwargs or {}))
        self._draws += 1
        return self._drawn(func, args, dict(kwargs or {}))

    def _drawn(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What `func` draws; it is run too, for the kind of tensor that it makes."""
        name = func.name()
        if name == "aten::native_dropout":
            source, p, _ = args
            kept = self._uniform(source.shape) >= p
            return source * kept / (1 - p), kept
        given = dict(zip((a.name for a in func._schema.arguments), args, strict=False)) | kwargs
        if name == "aten::bernoulli":
            given["p"] = args[0].clone()
        result: Tensor = func(*args, **kwargs)
        kind = name.removeprefix("aten::").partition(".")[0].rstrip("_").removesuffix("_like")
        return result.copy_(torch.as_tensor(self._values(kind, result.shape, given)))

    def _values(self, kind: str, shape: torch.Size, given: dict[str, Any]) -> Any:
        """float64 draws of a distribution, whose parameters go by torch's names."""
        match kind:
            case "randn" | "normal":
                return given.get("mean", 0.0) + given.get("std", 1.0) * self._normal(shape)
            case "rand" | "uniform":
                low, high = given.get("from", 0.0), given.get("to", 1.0)
                return low + (high - low) * self._uniform(shape)
            case "randint" | "random" if "high" in given or "to" in given:
                low = given.get("low", given.get("from", 0))
                high = given["high"] if "high" in given else given["to"]
                return low + ((high - low) * self._uniform(shape)).floor()
            case "randperm" if self._size is None:
                return self._uniform(shape).argsort()
            case "randperm":  # of samples, which meet others in a part than in the whole
                return torch.arange(*shape)
            case "exponential":
                return -torch.log1p(-self._uniform(shape)) / given.get("lambd", 1.0)
            case "bernoulli":
                return self._uniform(shape) < given.get("p", 0.5)
        raise NotApplicable(f"its random numbers are made by {kind}(), which cannot be repeated")

    def _normal(self, shape: torch.Size) -> Tensor:
        return self._rows(torch.randn, shape)

    def _uniform(self, shape: torch.Size) -> Tensor:
        return self._rows(torch.rand, shape)

    def _rows(self, draw: Callable[..., Tensor], shape: torch.Size) -> Tensor:
        generator = torch.Generator().manual_seed(self._draws)
        size = self._size
        if not shape or size is None or shape[0] % size:
            return draw(shape, generator=generator, dtype=torch.float64)
        # A part may draw several times as many rows as it has samples, as by randn(2 * n, d).
        rows = shape[0] * self._parts
        whole = draw(rows, *shape[1:], generator=generator, dtype=torch.float64)
        return whole.view(-1, self._parts, size, *shape[1:])[:, self._part].reshape(shape)


def _leaves_dropout_out(func: Any, args: tuple[Any, ...]) -> bool:
    """Whether it is an attention that could drop weights at random, and does not."""
    names = [argument.name for argument in func._schema.arguments]
    return "dropout_p" in names and not any(args[names.index("dropout_p") :][:1])


def _doubled(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value


@contextmanager
def in_float64() -> Iterator[None]:
    """A block in which tensors of no stated type are float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
