"""The interface that a plugin author implements: a variant says *what* is played.

A variant is a set of networks, the players who own them, and the phases in which the players move.
The engine decides *how* that is run: eagerly or captured, on which device, on how many of them.
Two rules keep one iteration pure, so that every way of running it is the same game:

1. what changes during training is a device tensor (a buffer, a dial of `Variant.schedules`) or
   part of the plan (which phases are due, how often, the stage);
2. no loss reads a tensor on the host: no ``.item()``, no Python random, no list as a replay
   buffer, no indexing by a boolean mask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from ganzoo.artifacts.pictures import COLUMNS
from ganzoo.data.kinds import sample_kind
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset
    from ganzoo.engine.engine import Engine
    from ganzoo.engine.iterate import Plan


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015; the engine makes it fused."""

    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class RMSprop:
    """Tieleman & Hinton 2012, without momentum."""

    lr: float
    alpha: float = 0.99
    eps: float = 1e-8


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum."""

    lr: float
    momentum: float = 0.0


OptimSpec = Adam | RMSprop | SGD


@dataclass(frozen=True)
class Player:
    """Networks that share one optimizer."""

    nets: tuple[str, ...]
    """Attribute names on the variant."""
    optim: OptimSpec
    """How the player learns."""
    ema: float = 0.0
    """Decay, an iteration, of the moving average of its weights that samples are drawn from;
    0: the weights themselves."""


@dataclass(frozen=True)
class Phase:
    """One kind of update, of one player."""

    name: str
    """Of its loss in the log: ``"critic"`` is logged as ``critic_loss``."""
    player: str
    """Who moves: a key of `Variant.players`."""
    loss: Callable[[Batch], Tensor]
    """What the player minimises: device tensors in, a scalar out."""
    every: int = 1
    """Due at every so manieth iteration (lazy regularisation)."""
    repeat: int | Callable[[int], int] = 1
    """Consecutive updates, each on a fresh batch (n_critic); or how many, by iteration."""
    after: Callable[[], None] | None = None
    """In-place tensor work after each update, such as weight clipping."""
    second_order: bool = False
    """Whether the loss differentiates a gradient (gradient penalty)."""


@dataclass
class Batch:
    """One batch of one iteration, shared by the phases that are due."""

    data: dict[str, Tensor]
    """Device tensors by name, as the data set has them; images are float32 in [-1, 1]."""
    shared: dict[str, Tensor] = field(default_factory=dict)
    """Detached tensors that an earlier phase leaves for a later one (the fakes)."""
    metrics: dict[str, Tensor] = field(default_factory=dict)
    """Detached scalars to be logged; the host reads them only when it logs. What some names mean
    to the watchdog (``real_score``, ``fake_score``, ``gradient_penalty``):
    `ganzoo.training.watchdog`."""

    @property
    def image(self) -> Tensor:
        """(n, channels, height, width) in [-1, 1], or points (n, dimensions)."""
        return self.data["image"]

    @property
    def label(self) -> Tensor:
        """int64 (n,)."""
        return self.data["label"]

    def __len__(self) -> int:
        return next(iter(self.data.values())).shape[0]


class Variant(nn.Module, ABC):
    """A GAN: networks, players and phases.

    Networks, pools and running means are submodules and buffers, so they are moved to the device
    and checkpointed without further ado.
    """

    Config: ClassVar[type]
    """Dataclass of `ganzoo.option` fields; each becomes a flag of ``ganzoo train NAME``."""
    published: ClassVar[tuple[str, ...]] = ("generator",)
    """The networks that `forward` needs: they are what ``weights.safetensors`` holds."""
    conditional: ClassVar[bool] = False
    """Whether `forward` draws samples of a requested label."""
    held_out: ClassVar[bool] = False
    """Whether `measure` wants the test split while it trains."""
    judged_by: ClassVar[tuple[str, ...]] = ()
    """Measures of its paper that ``ganzoo evaluate`` adds to the usual ones: ``("parzen",)``."""
    batchwise: ClassVar[bool] = False
    """Whether a sample's loss depends on the rest of its batch by design (feature matching,
    minibatch statistics), so that ``--accumulate`` trains it differently."""
    capturable: ClassVar[bool] = True
    """False where `iterate` is overridden by a game whose order is decided by data."""

    def __init__(self, config: Any, data: DataSpec) -> None:
        """Build the networks for the data.

        Args:
            config: an instance of `Config`.
            data: the shape of a sample and the number of labels.

        Raises:
            GanzooError: the variant cannot be trained on such data, and why.
        """
        super().__init__()
        self.config = config
        self.data = data

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        """What suits the data, where the user sets nothing else.

        Returns:
            ``steps`` (iterations), ``batch_size``, and any setting of `Config` for which such data
            want another value than the default.
        """
        return {"steps": 3000, "batch_size": 64}

    @abstractmethod
    def players(self) -> dict[str, Player]:
        """Who plays, by name."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The updates of one iteration, in order."""

    def streams(self, dataset: Dataset) -> list[dict[str, Tensor]]:
        """What batches are drawn from: groups of aligned tensors, each with an order of its own.

        A batch holds as many samples of each stream, and the fields of all of them. A stream that
        is shorter than a batch is repeated until it fills one.

        Returns:
            Tensors of `dataset`, by the names that they have in `Batch.data`; no name twice. By
            default its groups, under the names of their fields.
        """
        return dataset.streams

    def sample_latent(self, n: int) -> Tensor:
        """`n` latents from the prior, (n, ...), on the variant's device.

        Raises:
            GanzooError: the variant draws nothing from noise, and does not override this.
        """
        raise GanzooError(
            f"{type(self).__name__} draws no samples from noise: see `ganzoo --help` for what else "
            "its runs can do"
        )

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Samples: images (n, channels, height, width) in [-1, 1], or points (n, dimensions)."""
        raise NotImplementedError(f"{type(self).__name__} has a sample_latent, but no forward")

    def gallery(self, examples: dict[str, Tensor]) -> Tensor:
        """What a person looks at while it trains, called each time from the same random state.

        By default samples of fixed latents, a class in each row where the variant is conditional.

        Args:
            examples: the first samples of each stream, as they are in a batch.

        Returns:
            Samples of the data's kind, as `forward` makes them; of images, ten make a row.
        """
        latent = self.sample_latent(sample_kind(self.data).shown)
        if not self.conditional:
            return self(latent)
        row = torch.arange(len(latent), device=self.device) // COLUMNS
        return self(latent, row % self.data.classes)

    def measure(self, test: Dataset) -> dict[str, float]:
        """What it measures of itself on the test split, where `held_out`: logged by name.

        Called in eval mode, with averaged weights and without gradients.
        """
        return {}

    def stage(self, images_seen: int) -> Hashable:
        """What the structure of an iteration depends on besides the due phases."""
        return 0

    def schedules(self) -> dict[str, Callable[[float], float]]:
        """Dials that follow training, as functions of its progress in [0, 1].

        ``"NAME.lr"`` is the factor on the learning rate of player NAME; any other name is a
        0-d buffer of the variant.
        """
        return {}

    def iterate(self, engine: Engine, plan: Plan) -> dict[str, Tensor]:
        """One iteration; override it (and clear `capturable`) only where data decides the order.

        Returns:
            The iteration's metrics: detached scalars on the device.
        """
        return engine.play(plan)

    @property
    def device(self) -> torch.device:
        """Where the variant's tensors are."""
        return next(self.parameters()).device

    if TYPE_CHECKING:

        def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor: ...
