"""How the metrics of iterations come to the host: many at once, and on CUDA without waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.engine.device import Arriving, bring_to_host
from ganzoo.engine.distributed import mean_over_ranks


@dataclass(frozen=True)
class Sent:
    """Metrics of some iterations on their way to the host."""

    names: Sequence[tuple[int, tuple[str, ...]]]
    """What each iteration gave, with its number."""
    values: Arriving

    @classmethod
    def of(cls, rows: Sequence[tuple[int, Mapping[str, Tensor]]]) -> Sent:
        """Send off, in one transfer, the mean over all processes of what iterations gave."""
        flat = torch.stack([value for _, row in rows for value in row.values()])
        names = [(number, tuple(row)) for number, row in rows]
        return cls(names, bring_to_host(mean_over_ranks(flat)))

    def read(self) -> Iterator[tuple[int, str, float]]:
        """Number, name and value of each, in order; waits for those that are not there yet."""
        values = iter(self.values.wait().tolist())
        for number, names in self.names:
            for name in names:
                yield number, name, next(values)
