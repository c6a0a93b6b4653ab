"""The engine: a variant, its data and its learners, and the one state that they have together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from ganzoo.data.feed import Feed
from ganzoo.engine.arithmetic import arithmetic
from ganzoo.engine.distributed import process_count
from ganzoo.engine.frozen import check_fingerprints, freeze
from ganzoo.engine.iterate import Game, Gradients, iterate
from ganzoo.engine.learner import DIALS, Learner, distinct, laziness
from ganzoo.engine.modes.execution import (
    Execution,
    keep_float32_outputs,
    make_gradients,
    make_watching,
)
from ganzoo.engine.modes.graph import Graphs
from ganzoo.engine.modes.names import BF16, GRAPH
from ganzoo.engine.modes.recompute import recompute_activations
from ganzoo.engine.plan import Plan, make_plan
from ganzoo.engine.stages import enter, enter_again, has_stages
from ganzoo.errors import GanzooError, unknown
from ganzoo.schedules import Progress, Stage
from ganzoo.variant import Batch, Player, Variant, players_of

EAGERLY = Execution()
_ALONE = "Expected more than 1 value per channel when training"
"""What torch begins to say of a batch of one sample that is to be normalised by the batch."""


class Engine:
    """Runs the iterations of one variant on one device.

    Args:
        variant: on its device already, in train mode.
        feed: batches on the same device.
        iterations: how many the training will have; `Variant.dials` follow that progress.
        execution: how iterations are run.
        report: is told, in a sentence, of what cannot be run in that way.

    Raises:
        GanzooError: a phase names a player, or a player a network, that the variant lacks; the
            device has no such mode or precision; or a batch cannot be split as asked.
    """

    def __init__(
        self,
        variant: Variant,
        feed: Feed,
        iterations: int,
        execution: Execution = EAGERLY,
        report: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.variant = variant
        self.iterations = iterations
        self.execution = execution
        self.feed = self._feed(feed)
        self._feeds = {feed.batch_size: feed}
        self._default_size = feed.batch_size
        self.iteration = 0
        """Iterations made so far."""
        self._images_before = 0
        """Images seen that are not `feed.drawn` batches of the feed's present size."""
        players = players_of(variant)
        self._fingerprints = freeze(variant, players)
        self.learners = self._make_learners(players)
        self.phases = {phase.name: phase for phase in variant.phases()}
        upkeep = {work.name: work for work in variant.upkeep()}
        buffers = [variant.get_buffer(name) for name in variant.synchronised]
        self.game = Game(self.phases, self.learners, upkeep, buffers)
        self._stage = enter(variant, self.now)
        self._resize_batches()
        device = variant.device
        self.arithmetic = arithmetic(execution.precision, device)
        """Makes blocks in the precision of iterations; all else is float32."""
        if execution.precision == BF16:
            keep_float32_outputs(variant, players)
        if execution.recompute:
            recompute_activations(variant)
        gradients = make_gradients(execution, device, report)
        self._run: Callable[[Plan], dict[str, Tensor]]
        self.play_with(gradients)
        if execution.mode == GRAPH and variant.capturable:
            watching = make_watching(execution, gradients, variant)
            self._run = Graphs(self._play, gradients, watching, device, execution.kept, report)

    def _make_learners(self, players: dict[str, Player]) -> dict[str, Learner]:
        phases = self.variant.phases()
        for phase in phases:
            if phase.player not in players:
                raise unknown(f"player of phase '{phase.name}',", phase.player, players)
        averaged = [net for player in players.values() if player.ema for net in player.nets]
        for net in averaged:
            if averaged.count(net) > 1:
                raise GanzooError(f"two players average the network '{net}': give one of them ema=")
        dials = [name.rpartition(".") for name in self.variant.dials(self.now)]
        return {
            name: Learner(
                player,
                self.variant,
                laziness(phase for phase in phases if phase.player == name),
                [dial for owner, _, dial in dials if owner == name],
            )
            for name, player in players.items()
        }

    def _feed(self, feed: Feed) -> Feed:
        """The feed, if its batches can be split as asked."""
        processes, parts = process_count(), self.execution.accumulate
        if feed.batch_size // processes % parts:
            shared = f", shared by {processes} processes," if processes > 1 else ""
            raise GanzooError(
                f"--batch-size {feed.batch_size}{shared} cannot be split into --accumulate "
                f"{parts} equal parts"
            )
        return feed

    @property
    def images_seen(self) -> int:
        """Real images drawn so far."""
        return self._images_before + self.feed.drawn * self.feed.batch_size

    @property
    def now(self) -> Progress:
        """How far the training is."""
        return Progress(self.iteration, self.iterations, self.images_seen)

    @property
    def stage(self) -> Stage:
        """That of the iteration which was made last, or of the first."""
        return self._stage

    def _enter_stage(self) -> None:
        """Begin the stage that the next iteration is in, unless it is that already."""
        if self.variant.stage(self.now) == self._stage:
            return
        self._stage = enter(self.variant, self.now)
        self._resize_batches()
        for player in self._stage.resets:
            if player not in self.learners:
                stage = f"stage {self._stage.level}"
                raise unknown(f"player that {stage} resets,", player, self.learners)
            self.learners[player].forget()

    def _resize_batches(self) -> None:
        """Go on with batches of the stage's size, from the same place in the data."""
        size = self._stage.batch_size or self._default_size
        if size != self.feed.batch_size:
            if size not in self._feeds:
                self._feeds[size] = self._feed(self.feed.resized(size))
            self.feed.close()
            images, self.feed = self.images_seen, self._feeds[size]
            self.feed.drawn = images // size
            self._images_before = images % size

    def step(self) -> dict[str, Tensor]:
        """One iteration.

        Returns:
            Its metrics: detached scalars on the device, to be read within `Execution.kept`
            iterations.
        """
        plan = self.make_plan()
        self._set_dials(plan)
        try:
            with self.arithmetic():
                metrics = self.variant.iterate(self, plan)
        except ValueError as error:
            if not str(error).startswith(_ALONE):
                raise
            raise GanzooError(
                "a BatchNorm compares the samples of a batch, and finds one alone: choose a larger "
                "--batch-size, as far as there are data for it, or a smaller --accumulate"
            ) from error
        self.iteration += 1
        return metrics

    def make_plan(self) -> Plan:
        """What is due in the next iteration, whose stage is entered."""
        self._enter_stage()
        upkeep = self.game.upkeep.values()
        return make_plan(self.phases.values(), self.iteration, self._stage, upkeep)

    def play_with(self, gradients: Gradients) -> None:
        """From now on run iterations one by one, with gradients that are computed in that way."""
        self._run = partial(self._play, gradients=gradients)

    def play(self, plan: Plan) -> dict[str, Tensor]:
        """The iteration that `plan` describes, as `iterate` defines it, in the engine's mode."""
        self.feed.stage(plan.batches)
        return self._run(plan)

    def close(self) -> None:
        """Give back what runs in the background and what is captured; a later step starts anew."""
        self.feed.close()
        if isinstance(self._run, Graphs):
            self._run.close()

    def _play(self, plan: Plan, gradients: Gradients) -> dict[str, Tensor]:
        return iterate(plan, self.game, partial(self._draw, plan.stage), gradients)

    def _draw(self, stage: Stage) -> list[Batch]:
        """The next batch, as micro-batches."""
        fields = self.feed.draw()
        parts = self.execution.accumulate
        if parts == 1:
            return [Batch(fields, stage=stage)]
        split = {name: tensor.chunk(parts) for name, tensor in fields.items()}
        return [
            Batch({name: tensors[i] for name, tensors in split.items()}, stage=stage)
            for i in range(parts)
        ]

    def _set_dials(self, plan: Plan) -> None:
        now = self.now
        for name, value in self.variant.dials(now).items():
            player, _, dial = name.rpartition(".")
            if player in self.learners and dial in DIALS:
                self.learners[player].set_dial(dial, value)
                continue
            self.variant.get_buffer(name).fill_(value)
            for learner in self.learners.values():
                learner.copy_dial(name, value)
        for learner in self.learners.values():
            learner.begin(now.images, plan.batches * self.feed.batch_size)

    @contextmanager
    def averaged(self) -> Iterator[Variant]:
        """The variant with averaged weights, in eval mode, for drawing samples."""
        current = {
            net: self.variant.get_submodule(net)
            for learner in self.learners.values()
            for net in learner.averaged
        }
        for learner in self.learners.values():
            for net, average in learner.averaged.items():
                self.variant.set_submodule(net, average)
        self.variant.eval()
        try:
            with torch.no_grad():
                yield self.variant
        finally:
            for net, module in current.items():
                self.variant.set_submodule(net, module)
            self.variant.train()

    def unsound(self) -> tuple[str, str] | None:
        """A phase and a parameter it updates that is not finite, if there is one."""
        for phase in self.phases.values():
            learner = self.learners[phase.player]
            for name, param in zip(learner.names, learner.params, strict=True):
                if not torch.isfinite(param).all():
                    return phase.name, name
        return None

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on, by name: live tensors where they live on, else copies."""
        device = self.variant.device
        frozen = tuple(f"{net}." for net in self.variant.frozen)
        tensors = {
            f"variant.{name}": value.detach()
            for name, value in distinct(self.variant.state_dict(keep_vars=True)).items()
            if not name.startswith(frozen)
        }
        tensors |= self._fingerprints
        for name, learner in self.learners.items():
            for key, value in learner.state().items():
                tensors[f"{name}.{key}"] = value
        tensors["rng.cpu"] = torch.get_rng_state()
        if device.type != "cpu":
            tensors[f"rng.{device.type}"] = torch.get_device_module(device).get_rng_state()
        tensors["iteration"] = torch.tensor(self.iteration)
        tensors["feed.drawn"] = torch.tensor(self.feed.drawn)
        if has_stages(self.variant):
            tensors["images"] = torch.tensor(self.images_seen)
        return tensors

    def own(self) -> set[str]:
        """The names in `state` of what each process has of its own: random states and buffers."""
        buffers = {f"variant.{name}" for name, _ in self.variant.named_buffers()}
        for player, learner in self.learners.items():
            for net, module in learner.averaged.items():
                buffers |= {f"{player}.average.{net}.{name}" for name, _ in module.named_buffers()}
        return {name for name in self.state() if name in buffers or name.startswith("rng.")}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a state: copied in place, for whoever holds the addresses.

        `tensors` must have the names and shapes of `state`; whoever reads a checkpoint sees to it.
        The random state of the device may be missing, which is then seeded.
        """
        check_fingerprints(self._fingerprints, tensors)
        for name, live in self.state().items():
            if name == "rng.cpu":
                _draw_on_from(tensors[name])
            elif name.startswith("rng."):
                generator = torch.get_device_module(self.variant.device)
                if name in tensors:
                    generator.set_rng_state(tensors[name])
                else:  # the seed is each process's own, as its state on the CPU is
                    generator.manual_seed(int(torch.randint(2**63 - 1, ())))
            else:
                live.copy_(tensors[name])
        self.iteration = int(tensors["iteration"])
        self._stage = enter_again(self.variant)
        self._resize_batches()
        self.feed.drawn = int(tensors["feed.drawn"])
        if has_stages(self.variant):
            self._images_before = int(tensors["images"]) - self.feed.drawn * self.feed.batch_size


def _draw_on_from(state: Tensor) -> None:
    """Set the random state of the CPU.

    Raises:
        GanzooError: it is none.
    """
    try:
        torch.set_rng_state(state)
    except RuntimeError as error:
        raise GanzooError(
            f"the checkpoint's 'rng.cpu' is no state of random numbers ({error}): delete the "
            "checkpoint to go on from the one before"
        ) from error
