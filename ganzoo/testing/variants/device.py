"""What keeps a variant from another device: host reads, host schedules, tensors left on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.artifacts.gallery import Gallery
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.capture import CaptureCheck, Line, calling_line
from ganzoo.testing.check import Failure, NotApplicable, raised
from ganzoo.testing.variants.abilities import of_real_samples
from ganzoo.testing.variants.subject import (
    VariantChecks,
    VariantSubject,
    draw,
    examples,
    play,
    whole_plan,
)
from ganzoo.variant import Phase, players_of

CHECKS = VariantChecks()
RUNS = 4
"""Iterations of one plan, which must be alike."""
ROWS = 4
"""Examples that the gallery is given."""
META = torch.device("meta")
"""The device of tensors without values, which is none of the CPU."""


@CHECKS.check("capture", needs=("iteration",))
def capture(subject: VariantSubject) -> None:
    """No phase reads a tensor on the host, computes there what changes, or replaces a buffer."""
    if not subject.cls.capturable:
        raise NotApplicable("it declares capturable = False: data decide the order of its updates")
    engine = subject.engine()
    check = CaptureCheck()
    for phase in [*engine.phases.values()]:
        watched = partial(_watched, check, phase.name)
        engine.phases[phase.name] = replace(
            phase, after=watched(phase.after), when=watched(phase.when)
        )
    upkeep = engine.game.upkeep
    for name, work in [*upkeep.items()]:
        upkeep[name] = replace(work, work=_watched(check, name, work.work))
    gradients = check.watching(take_gradients)
    buffers = dict(engine.variant.named_buffers())
    plan = whole_plan(engine)  # one for all, as the stage may change between them
    for _ in range(RUNS):
        check.begin()
        play(engine, plan, gradients)
    obstacle = check.obstacle()
    if obstacle is not None:
        raise Failure(f"{obstacle}; keep to tensor operations")
    for name, buffer in engine.variant.named_buffers():
        if buffer is not buffers.get(name):
            raise Failure(
                f"an iteration puts another tensor in the place of buffer '{name}', and a captured "
                f"one goes on with the first: change it in place, by {name}.copy_(...)"
            )


def _watched(check: CaptureCheck, name: str, function: Any) -> Any:
    """The same function, whose operations count as those of phase `name`; None stays None."""

    def watched(*args: Any) -> Any:
        with check.watch(name):
            return function(*args)

    return None if function is None else watched


class Mixed(Exception):
    """An operation on tensors of two devices."""


class DeviceWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses operations on tensors of two devices, as any other device would."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._made: dict[int, tuple[Tensor, Line]] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Look at one operation and run it."""
        here = calling_line()
        tensors = _tensors((args, kwargs or {}))
        strangers = [tensor for tensor in tensors if tensor.device != META and tensor.dim()]
        if strangers and len(strangers) < len(tensors) and not func.name().startswith(_MAY_MIX):
            made = self._made.get(id(strangers[0]))
            where = f"that {made[1]} makes there" if made else "that is no buffer and stays there"
            raise Mixed(f"{here} meets a tensor on the CPU {where}")
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            if tensor.device != META:
                self._made[id(tensor)] = tensor, here  # kept alive, so that the id stays its own
        return result


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


_MAY_MIX = ("aten::copy_", "aten::_to_copy", "aten::index", "aten::_index_put")
"""Copies between devices, and indices, which may lie on the CPU."""


@CHECKS.check("device", needs=("iteration",))
def device(subject: VariantSubject) -> None:
    """Losses, samples, translations and classes are computed on the variant's own device alone."""
    engine = subject.engine()
    batch = draw(engine)
    batch.data = _moved(batch.data)
    shown = _moved(examples(engine.variant, subject.dataset, ROWS))
    variant = engine.variant.to(META)
    players = players_of(variant)

    def play_phase(phase: Phase) -> Tensor:
        nets = players[phase.player].nets
        params = [param for net in nets for param in variant.get_submodule(net).parameters()]
        loss, _ = take_gradients(phase, params, batch)
        if phase.after is not None:
            with torch.no_grad():
                phase.after()
        return loss

    phases: dict[str, Callable[[], Tensor]] = {
        f"phase '{phase.name}'": partial(play_phase, phase) for phase in variant.phases()
    }
    shows: dict[str, Callable[[], Tensor]] = {
        "gallery()": lambda: Gallery.of(variant.gallery(shown)).images
    }
    shows |= {ability.name: ability for ability in of_real_samples(subject, variant)}
    blind = []
    for name, part in (phases | shows).items():
        trains = name in phases
        variant.train(trains)
        try:
            with DeviceWatch(), torch.set_grad_enabled(trains):
                result = part()
        except Mixed as error:
            raise Failure(
                f"{name}: {error}: make it with device=self.device, or by register_buffer()"
            ) from error
        except Exception as error:
            if "meta" not in str(error):
                raise
            if "copy out of meta" in str(error):
                what = raised(error, subject.registered.spec.target)
                raise Failure(
                    f"{name} copies a tensor to the CPU ({what}): leave it on the device, which "
                    "the host reads when it logs"
                ) from error
            blind.append(name)  # it needs values, which tensors of this device have not
            continue
        if result.device != META:
            raise Failure(f"{name} makes its result on the CPU: make it with device=self.device")
    if blind:
        raise NotApplicable(f"{' and '.join(blind)} cannot be followed without data")


def _moved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.to(META) for name, tensor in tensors.items()}
