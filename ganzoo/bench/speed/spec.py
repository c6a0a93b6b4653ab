"""What is compared, in words that a process can be told: no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ganzoo.engine.modes.names import TF32

ENGINE, TYPICAL, CAREFUL = "engine", "typical script", "careful loop"
"""The kinds of contestants."""
MODES = ("eager", "compile", "graph", "graph+compile")
"""The engine's modes; the last captures compiled phases."""


@dataclass(frozen=True)
class Game:
    """What all contestants play: the same networks, losses, data and batches."""

    variant: str
    dataset: str | None = None
    """None: the variant's own default."""
    data_root: str | None = None
    image_size: str | None = None
    pixels: str | None = None
    """How image files are read."""
    batch_size: int | None = None
    """None: what suits the data."""
    device: str = "auto"
    settings: dict[str, str] = field(default_factory=dict)
    """The variant's own settings, as they are typed."""


@dataclass(frozen=True)
class Entrant:
    """Who plays."""

    kind: str = ENGINE
    mode: str = "eager"
    precision: str = "fp32"

    @property
    def needs_cuda(self) -> bool:
        """Whether there is no such thing on a CPU."""
        return self.mode.startswith("graph") or self.precision == TF32

    def __str__(self) -> str:
        return f"{self.mode} {self.precision}" if self.kind == ENGINE else self.kind


BASELINES = {"typical": Entrant(TYPICAL), "careful": Entrant(CAREFUL)}
"""Their keys stand in the rows."""


def to_dict(game: Game, entrant: Entrant) -> dict[str, Any]:
    """As JSON has it; `from_dict` reads it."""
    return {"game": asdict(game), "entrant": asdict(entrant)}


def from_dict(told: dict[str, Any]) -> tuple[Game, Entrant]:
    """What `to_dict` wrote."""
    return Game(**told["game"]), Entrant(**told["entrant"])
