"""The game as it is played: what losses leave behind, and whom an update moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from unittest import mock

import torch
from torch import Tensor, nn

from ganzoo.artifacts.gallery import Gallery
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.stages import has_stages
from ganzoo.errors import GanzooError
from ganzoo.testing.check import Failure, raised
from ganzoo.testing.variants.abilities import is_shown_for
from ganzoo.testing.variants.declaration import check_recipe
from ganzoo.testing.variants.made import tried
from ganzoo.testing.variants.subject import (
    VariantChecks,
    VariantSubject,
    draw,
    examples,
    play,
    whole_plan,
)
from ganzoo.variant import Batch, Phase

CHECKS = VariantChecks()


@CHECKS.check("loss", needs=("phases",))
def loss(subject: VariantSubject) -> None:
    """Each loss is a finite scalar, leaves its batch as it was, and detaches what it leaves."""
    engine = subject.engine()
    batch = draw(engine)
    before = {name: tensor.clone() for name, tensor in batch.data.items()}
    logged = {"step", *(f"{name}_loss" for name in engine.phases)}
    for name, phase in engine.phases.items():
        where = f"the loss of phase '{name}'"
        with mock.patch.object(Tensor, "backward", _refuse_backward(where)):
            value = phase.loss(batch)
        if not isinstance(value, Tensor) or value.dim() or not value.is_floating_point():
            shown = (
                f"of {value.dtype} and shape {tuple(value.shape)}"
                if isinstance(value, Tensor)
                else repr(value)
            )
            raise Failure(f"{where} is {shown}: return a scalar tensor, the mean over the batch")
        if not value.isfinite():
            raise Failure(f"{where} is {value.item()} at the first weights: look for log(0) or 1/0")
        if not value.requires_grad:
            raise Failure(
                f"{where} is detached from every weight, so that nothing learns from it: compute "
                "it without detach() and no_grad()"
            )
        _check_left(batch, where, logged)
        for field, tensor in batch.data.items():
            if field not in before or not torch.equal(tensor, before[field]):
                raise Failure(
                    f"{where} changes batch.data['{field}'], which the phases share: compute a new "
                    "tensor in its place"
                )
    for name, phase in engine.phases.items():
        if phase.when is not None:
            _check_gate(name, phase.when(batch))


def _check_gate(name: str, gate: object) -> None:
    """See what `when` of a phase returns."""
    if not isinstance(gate, Tensor) or gate.dim() or gate.dtype != torch.bool:
        shown = (
            f"of {gate.dtype} and shape {tuple(gate.shape)}"
            if isinstance(gate, Tensor)
            else repr(gate)
        )
        raise Failure(
            f"`when` of phase '{name}' returns something {shown}: return a 0-d boolean tensor, as "
            "batch.metrics['real_score'] < 0.8 is"
        )


def _refuse_backward(where: str) -> Callable[..., None]:
    def backward(*_: object, **__: object) -> None:
        raise Failure(
            f"{where} calls backward(): return the loss, and leave gradients and optimizers to the "
            "engine"
        )

    return backward


def _check_left(batch: Batch, where: str, logged: set[str]) -> None:
    for name, metric in batch.metrics.items():
        if not isinstance(metric, Tensor):
            raise Failure(
                f"{where} leaves batch.metrics['{name}'] = {metric!r}: leave a 0-d tensor, without "
                ".item(), which would make the device wait"
            )
        if metric.dim() or metric.requires_grad:
            raise Failure(
                f"{where} leaves batch.metrics['{name}'], which is no detached 0-d tensor: give it "
                ".detach() and .mean()"
            )
        if name in logged or "/" in name:
            raise Failure(
                f"{where} logs a metric '{name}', a name that ganzoo logs itself: choose another"
            )
    for name, shared in batch.shared.items():
        if not isinstance(shared, Tensor) or shared.requires_grad:
            raise Failure(
                f"{where} leaves batch.shared['{name}'], which is no detached tensor: give it "
                ".detach()"
            )


@CHECKS.check("iteration", needs=("schedules", "loss"))
def iteration(subject: VariantSubject) -> None:
    """An iteration is played on the data set that suits the variant, and all stays finite."""
    engine = subject.engine()
    for played in (engine.step, lambda: play(engine, whole_plan(engine))):
        for name, value in played().items():
            if not value.isfinite():
                raise Failure(f"in an iteration {name} is {value.item()}: look for log(0) or 1/0")
        unsound = engine.unsound()
        if unsound is not None:
            phase, parameter = unsound
            raise Failure(
                f"phase '{phase}' makes {parameter} infinite or nan in an iteration: look at the "
                "gradient of its loss, such as that of sqrt at 0"
            )


@CHECKS.check("other-data", needs=("spec", "iteration"))
def other_data(subject: VariantSubject) -> None:
    """On data of any kind it plays an iteration, or refuses in a sentence that names the data."""
    for dataset in tried(subject.registered.spec):
        where = f"on {dataset.name} of shape {dataset.spec}"
        try:
            engine = subject.engine(dataset=dataset, batch=2)
        except GanzooError as refusal:
            _check_refusal(str(refusal), dataset.name, where)
            continue
        except Exception as error:
            what = raised(error, subject.registered.spec.target)
            raise Failure(
                f"{where} it cannot be built ({what}): raise GanzooError in __init__ for "
                "data that it is not made for"
            ) from error
        check_recipe(subject.cls, dataset.spec)
        try:
            play(engine, whole_plan(engine))
        except Exception as error:
            what = raised(error, subject.registered.spec.target)
            raise Failure(
                f"{where} it cannot be played ({what}): make the networks for data.shape, "
                "or raise GanzooError in __init__"
            ) from error
        with engine.averaged() as variant:
            try:
                found = Gallery.of(variant.gallery(examples(variant, dataset, 2))).images
            except Exception as error:
                what = raised(error, subject.registered.spec.target)
                raise Failure(
                    f"{where} gallery(examples) fails ({what}): return samples of data.shape"
                ) from error
        if not is_shown_for(dataset.spec, found):
            shape = "x".join(map(str, found.shape[1:]))
            raise Failure(
                f"{where} gallery(examples) returns samples of shape {shape}: make the networks "
                "for data.shape"
            )


def _check_refusal(sentence: str, name: str, where: str) -> None:
    if name not in sentence:
        raise Failure(
            f"{where} it refuses without naming the data ('{sentence}'): put data.name into the "
            "message of the GanzooError"
        )
    if re.search(r"[\n.] ", sentence):
        raise Failure(f"{where} it refuses in more than one sentence ('{sentence}'): write one")


@CHECKS.check("own-parameters", needs=("iteration",))
def own_parameters(subject: VariantSubject) -> None:
    """Each phase moves parameters of its own player, nobody else's, and each is reached by one."""
    engine = subject.engine()
    for name, phase in [*engine.phases.items()]:
        engine.phases[name] = replace(phase, together=False, when=None)  # one after the other
    named = dict(engine.variant.named_parameters())
    reached: set[int] = set()
    moved: set[str] = set()
    before: dict[str, Tensor] = {}
    current: list[Phase] = []

    def changed() -> Iterator[str]:
        return (name for name, value in named.items() if not torch.equal(value, before[name]))

    def remember() -> None:
        before.update({name: value.detach().clone() for name, value in named.items()})

    def judge() -> None:
        """Whom the update that was just made has moved."""
        for phase in current:
            own = set(map(id, engine.learners[phase.player].params))
            for name in changed():
                if id(named[name]) not in own:
                    raise Failure(
                        f"phase '{phase.name}' of player '{phase.player}' changes {name}, which is "
                        "not that player's: see what its `after` writes to"
                    )
                moved.add(phase.name)

    def watched(
        phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        judge()
        current[:] = [phase]
        remember()
        value, gradients = take_gradients(phase, params, batch)
        for name in changed():
            raise Failure(
                f"the loss of phase '{phase.name}' writes to {name}: leave weights to the "
                "optimizer, or do it in the phase's `after`"
            )
        pairs = zip(params, gradients, strict=True)
        reached.update(id(param) for param, gradient in pairs if gradient is not None)
        return value, gradients

    play(engine, replace(whole_plan(engine), upkeep=()), watched)
    judge()
    _check_upkeep_of_frozen(engine)
    for phase in engine.phases.values():
        if phase.name not in moved:
            raise Failure(
                f"phase '{phase.name}' moves no parameter of its player '{phase.player}': have its "
                "loss depend on that player's networks"
            )
    if has_stages(engine.variant):
        return  # a later stage may reach what this one does not
    for learner in engine.learners.values():
        for name, parameter in zip(learner.names, learner.params, strict=True):
            if id(parameter) not in reached:
                raise Failure(f"{name} never gets a gradient, in no phase: use it, or leave it out")


@torch.no_grad()
def _check_upkeep_of_frozen(engine: Engine) -> None:
    """See whether upkeep, which may write to any other network, leaves frozen ones alone."""
    frozen = {
        f"{net}.{name}": value
        for net in engine.variant.frozen
        for name, value in engine.variant.get_submodule(net).state_dict().items()
    }
    before = {name: value.clone() for name, value in frozen.items()}
    for work in engine.game.upkeep.values():
        work.work()
        for name, value in frozen.items():
            if not torch.equal(value, before[name]):
                raise Failure(
                    f"upkeep '{work.name}' changes {name} of a frozen network, which no checkpoint "
                    "has: leave the network out of `frozen`, and call requires_grad_(False)"
                )
