"""The engine: a variant, its data and its learners, and the one state that they have together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from ganzoo.data.feed import Feed
from ganzoo.engine.distributed import process_count
from ganzoo.engine.iterate import Gradients, Plan, iterate, make_plan
from ganzoo.engine.learner import Learner, distinct
from ganzoo.engine.modes.execution import (
    Execution,
    keep_float32_outputs,
    make_gradients,
    make_plain_gradients,
    set_precision,
)
from ganzoo.engine.modes.graph import Graphs
from ganzoo.engine.modes.names import BF16, GRAPH
from ganzoo.engine.modes.recompute import recompute_activations
from ganzoo.errors import GanzooError, unknown
from ganzoo.variant import Batch, Variant

EAGERLY = Execution()


class Engine:
    """Runs the iterations of one variant on one device.

    Args:
        variant: on its device already, in train mode.
        feed: batches on the same device.
        iterations: how many the training will have; `Variant.schedules` follow that progress.
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
        self.feed = feed
        self.iterations = iterations
        self.execution = execution
        self.iteration = 0
        """Iterations made so far."""
        self.phases = {phase.name: phase for phase in variant.phases()}
        players = variant.players()
        for phase in self.phases.values():
            if phase.player not in players:
                raise unknown(f"player of phase '{phase.name}',", phase.player, players)
        processes = process_count()
        if feed.batch_size // processes % execution.accumulate:
            shared = f", shared by {processes} processes," if processes > 1 else ""
            raise GanzooError(
                f"--batch-size {feed.batch_size}{shared} cannot be split into --accumulate "
                f"{execution.accumulate} equal parts"
            )
        self.learners = {name: Learner(player, variant) for name, player in players.items()}
        self._schedules = variant.schedules()
        device = variant.device
        set_precision(execution.precision, device)
        if execution.precision == BF16:
            keep_float32_outputs(variant, players)
        if execution.recompute:
            recompute_activations(variant)
        gradients = make_gradients(execution, device, report)
        self._run: Callable[[Plan], dict[str, Tensor]]
        self.play_with(gradients)
        if execution.mode == GRAPH and variant.capturable:
            plain = make_plain_gradients(execution, device)
            self._run = Graphs(self._play, gradients, plain, device, execution.kept, report)

    @property
    def images_seen(self) -> int:
        """Real images drawn so far."""
        return self.feed.drawn * self.feed.batch_size

    def step(self) -> dict[str, Tensor]:
        """One iteration.

        Returns:
            Its metrics: detached scalars on the device, to be read within `Execution.kept`
            iterations.
        """
        self._set_dials()
        stage = self.variant.stage(self.images_seen)
        plan = make_plan(list(self.phases.values()), self.iteration, stage)
        metrics = self.variant.iterate(self, plan)
        self.iteration += 1
        return metrics

    def play_with(self, gradients: Gradients) -> None:
        """From now on run iterations one by one, with gradients that are computed in that way."""
        self._run = partial(self._play, gradients=gradients)

    def play(self, plan: Plan) -> dict[str, Tensor]:
        """The iteration that `plan` describes, as `iterate` defines it, in the engine's mode."""
        self.feed.stage(plan.batches)
        return self._run(plan)

    def _play(self, plan: Plan, gradients: Gradients) -> dict[str, Tensor]:
        return iterate(plan, self.phases, self.learners, self._draw, gradients)

    def _draw(self) -> list[Batch]:
        """The next batch, as micro-batches."""
        fields = self.feed.draw()
        parts = self.execution.accumulate
        if parts == 1:
            return [Batch(fields)]
        split = {name: tensor.chunk(parts) for name, tensor in fields.items()}
        return [Batch({name: tensors[i] for name, tensors in split.items()}) for i in range(parts)]

    def _set_dials(self) -> None:
        progress = self.iteration / self.iterations
        for name, schedule in self._schedules.items():
            player, dot, attribute = name.rpartition(".")
            if dot and attribute == "lr":
                self.learners[player].scale_lr(schedule(progress))
            else:
                self.variant.get_buffer(name).fill_(schedule(progress))

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
        tensors = {
            f"variant.{name}": value.detach()
            for name, value in distinct(self.variant.state_dict(keep_vars=True)).items()
        }
        for name, learner in self.learners.items():
            for key, value in learner.state().items():
                tensors[f"{name}.{key}"] = value
        tensors["rng.cpu"] = torch.get_rng_state()
        if device.type != "cpu":
            tensors[f"rng.{device.type}"] = torch.get_device_module(device).get_rng_state()
        tensors["iteration"] = torch.tensor(self.iteration)
        tensors["feed.drawn"] = torch.tensor(self.feed.drawn)
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

        `tensors` must have the names and shapes of `state`; whoever reads a
        checkpoint sees to it.
        """
        for name, live in self.state().items():
            saved = tensors[name]
            if name == "rng.cpu":
                torch.set_rng_state(saved)
            elif name.startswith("rng."):
                torch.get_device_module(self.variant.device).set_rng_state(saved)
            else:
                live.copy_(saved)
        self.iteration = int(tensors["iteration"])
        self.feed.drawn = int(tensors["feed.drawn"])
