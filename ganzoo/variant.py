"""The interface that a plugin author implements: a variant says *what* is played.

A variant is a set of networks, the players who own them, and the phases in which the players move.
The engine decides *how* that is run: eagerly or captured, on which device, on how many of them.
Two rules keep one iteration pure, so that every way of running it is the same game:

1. what changes during training is a device tensor (a buffer, a dial of `Variant.dials`) or part of
   the plan (which phases and upkeeps are due, how often, the stage);
2. no loss reads a tensor on the host: no ``.item()``, no Python random, no list as a replay
   buffer, no indexing by a boolean mask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import torch
from torch import Tensor, nn

from ganzoo.artifacts.gallery import COLUMNS, Gallery
from ganzoo.data.kinds import sample_kind
from ganzoo.errors import GanzooError
from ganzoo.losses import PROBABILITIES, Scores
from ganzoo.schedules import ONLY_STAGE, Average, Plays, Progress, Stage, Upkeep
from ganzoo.spec import DataSpec

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset


def _needed() -> NoReturn:
    """Of a field without a default behind one that has one."""
    raise TypeError("a Player needs optim=..., and a Phase needs loss=...")


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015; the engine makes it fused."""

    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose decay of the weights is no part of the gradient (Loshchilov & Hutter 2019)."""

    weight_decay: float = 0.01


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
    """Networks that share one optimizer. Several players may have one network: each moves it."""

    nets: tuple[str, ...] = ()
    """Names of submodules of the variant; none: the one with the player's own name."""
    optim: OptimSpec = field(default_factory=_needed)
    """How the player learns."""
    ema: float | Average = 0.0
    """The moving average of its weights that samples are drawn from, or only its decay, an
    iteration; 0: the weights themselves."""
    clip_norm: float | None = None
    """The greatest norm of all its gradients together, to which greater ones are scaled down."""

    @property
    def average(self) -> Average:
        """The moving average of its weights; one without decay and half-life is none."""
        return self.ema if isinstance(self.ema, Average) else Average(self.ema)


@dataclass(frozen=True)
class Phase:
    """One kind of update, of one player."""

    name: str
    """Of its loss in the log: ``"critic"`` is logged as ``critic_loss``."""
    player: str = ""
    """Who moves: a key of `Variant.players`; empty: the one with the phase's own name."""
    loss: Callable[[Batch], Tensor] = field(default_factory=_needed)
    """What the player minimises: device tensors in, a scalar out."""
    every: int = 1
    """Due once in so many iterations, from the first on."""
    repeat: int | Callable[[int], int] = 1
    """Consecutive updates, each on a fresh batch (n_critic); or how many, by iteration."""
    after: Callable[[], None] | None = None
    """In-place tensor work after each update, made or skipped, such as weight clipping."""
    second_order: bool = False
    """Whether the loss differentiates a gradient (gradient penalty)."""
    when: Callable[[Batch], Tensor] | None = None
    """Whether the update is made: a 0-d boolean device tensor, asked for once the losses of all who
    move at once are known. The optimizer's state, too, is as if there had been none. Of several
    parts of a batch (micro-batches, processes) at least half must say so."""
    together: bool = False
    """Moves at once with the phase before it: both have their gradients at the same weights."""
    fresh: bool = False
    """Sees batches of its own, and latents with them, and not those that the others share."""
    gain: float = 1.0
    """Its gradients count so many times; the loss is logged without it."""
    lazy: bool = False
    """A regulariser that is due only `every` so often, for speed: its gradients count as many
    times, and the player's optimizer, who so makes more steps than iterations, has learning rate
    and decays corrected (Karras et al. 2020, appendix B)."""

    def __post_init__(self) -> None:
        if not self.player:
            object.__setattr__(self, "player", self.name)


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
    # Not as a plain default: where a batch is made, torch 2.11 compiles no code that knows a Stage.
    stage: Stage = field(default_factory=lambda: ONLY_STAGE)
    """The iteration's `Variant.stage`."""

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
    Sampling: ClassVar[type | None] = None
    """Dataclass of `ganzoo.option` fields that say how `forward` and `sample_latent` draw samples:
    each becomes a flag of ``ganzoo sample``. `sampling` is one of them, the default in training."""
    published: ClassVar[tuple[str, ...]] = ("generator",)
    """The networks that `forward` needs: they are what ``weights.safetensors`` holds."""
    conditional: ClassVar[bool] = False
    """Whether `forward` draws samples of a requested label."""
    held_out: ClassVar[bool] = False
    """Whether `measure` wants the test split while it trains."""
    judged_by: ClassVar[tuple[str, ...]] = ()
    """Measures of its paper that ``ganzoo evaluate`` adds to the usual ones: ``("parzen",)``."""
    prior: str = "normal"
    """How `sample_latent` draws: a walk is straight if ``"uniform"``, else around the origin."""
    batchwise: ClassVar[bool] = False
    """Whether a sample's loss depends on the rest of its batch by design (feature matching,
    minibatch statistics), so that ``--accumulate`` trains it differently."""
    scores: Scores = PROBABILITIES
    """What the verdicts mean that its losses log as ``real_score`` and ``fake_score``."""
    frozen: ClassVar[tuple[str, ...]] = ()
    """Networks that phases read and nobody trains: always in eval mode, not in checkpoints, and
    known again by their hash."""
    synchronised: tuple[str, ...] = ()
    """Float buffers that are the mean over all processes, once an iteration, before upkeep."""
    without: ClassVar[Mapping[str, str]] = {}
    """Settings of others that it has not, by name, and why: ``{"loss": "there is one only"}``."""
    capturable: ClassVar[bool] = True
    """False where `iterate` is overridden by a game whose order is decided by data."""

    level: Any
    """Of its `stage`: what losses and `forward` look at, also where a checkpoint is loaded."""

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
        self.sampling: Any = None if self.Sampling is None else self.Sampling()

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

    def truncated(self, latent: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
        """Samples of latents brought nearer to the mean: better, and less diverse.

        By default z is scaled by `psi`, as is right where the prior's mean is 0.
        """
        return self(psi * latent, label)

    def gallery(self, examples: dict[str, Tensor]) -> Tensor | Gallery:
        """What a person looks at while it trains, called each time from the same random state.

        By default samples of fixed latents, a class in each row where the variant is conditional.

        Args:
            examples: the first samples of each stream, as they are in a batch.

        Returns:
            Samples of the data's kind, as `forward` makes them; of images, ten make a row. Or a
            `ganzoo.Gallery` of them, which says more.
        """
        latent = self.sample_latent(sample_kind(self.data).shown)
        if not self.conditional:
            return self(latent)
        labels = torch.arange(len(latent), device=self.device) // COLUMNS % self.data.classes
        return Gallery(self(latent, labels), labels=labels)

    def measure(self, test: Dataset) -> dict[str, float]:
        """What it measures of itself on the test split, where `held_out`: logged by name.

        Called in eval mode, with averaged weights and without gradients.
        """
        return {}

    def upkeep(self) -> list[Upkeep]:
        """Work that is due every few iterations without a loss, in order."""
        return []

    def stage(self, now: Progress) -> Stage:
        """What the structure of an iteration depends on besides what is due; see `level`."""
        return ONLY_STAGE

    def dials(self, now: Progress) -> Mapping[str, float]:
        """What follows training, by name; by default what `schedules` says.

        ``"NAME.lr"`` is the factor on the learning rate of player NAME, ``"NAME.beta2"`` the second
        decay of its Adam and ``"NAME.half_life"`` that of its average, in images; any other name is
        a 0-d buffer of the variant, which averaged networks have as it is, unaveraged.
        """
        return {name: dial(now.share) for name, dial in self._schedules.items()}

    def schedules(self) -> dict[str, Callable[[float], float]]:
        """Dials, by the names of `dials`, as functions of the progress in [0, 1] alone."""
        return {}

    @cached_property
    def _schedules(self) -> dict[str, Callable[[float], float]]:
        return self.schedules()

    def iterate(self, engine: Plays, plan: Any) -> dict[str, Tensor]:
        """One iteration; override it (and clear `capturable`) only where data decides the order.

        Returns:
            The iteration's metrics: detached scalars on the device.
        """
        return engine.play(plan)

    def train(self, mode: bool = True) -> Self:
        """Have all networks but frozen ones train."""
        super().train(mode)
        for net in self.frozen:
            self.get_submodule(net).eval()
        return self

    @property
    def device(self) -> torch.device:
        """Where the variant's tensors are."""
        return next(self.parameters()).device

    if TYPE_CHECKING:

        def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor: ...


def players_of(variant: Variant) -> dict[str, Player]:
    """Who plays, by name, each with the names of all its networks."""
    players = variant.players()
    return {name: replace(player, nets=player.nets or (name,)) for name, player in players.items()}
