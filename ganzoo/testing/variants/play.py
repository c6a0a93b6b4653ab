"""The game as it is played: what losses leave behind, and whom an update moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from unittest import mock

import torch
from torch import Tensor, nn

from ganzoo.artifacts.gallery import Gallery
from ganzoo.data.dataset import Dataset
from ganzoo.engine.iterate import take_gradients
from ganzoo.errors import GanzooError
from ganzoo.testing.check import Failure, raised
from ganzoo.testing.variants.declaration import check_recipe
from ganzoo.testing.variants.subject import (
    VariantChecks,
    VariantSubject,
    draw,
    examples,
    play,
    whole_plan,
)
from ganzoo.variant import Batch, Phase, Variant

CHECKS = VariantChecks()
KINDS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "labelled digits": ((1, 28, 28), 10, 1),
    "unlabelled photos": ((3, 32, 32), 0, 1),
    "large photos": ((3, 64, 64), 10, 1),
    "oddly sized images": ((1, 45, 61), 10, 1),
    "labelled points": ((2,), 8, 1),
    "unlabelled points": ((2,), 0, 1),
    "two domains": ((3, 28, 28), 0, 2),
}
"""The shape, classes and domains of the data that users have."""
SAMPLES = 200


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


@CHECKS.check("other-data", needs=("iteration",))
def other_data(subject: VariantSubject) -> None:
    """On data of any kind it plays an iteration, or refuses in a sentence that names the data."""
    for kind in KINDS:
        dataset = made(kind)
        where = f"on {kind} of shape {dataset.spec}"
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
                shape = Gallery.of(variant.gallery(examples(variant, dataset, 2))).images.shape[1:]
            except Exception as error:
                what = raised(error, subject.registered.spec.target)
                raise Failure(
                    f"{where} gallery(examples) fails ({what}): return samples of data.shape"
                ) from error
        if shape != dataset.spec.shape:
            raise Failure(
                f"{where} gallery(examples) returns samples of shape {'x'.join(map(str, shape))}: "
                "make the networks for data.shape"
            )


def made(kind: str) -> Dataset:
    """Random samples of one of `KINDS`."""
    shape, classes, domains = KINDS[kind]
    generator = torch.Generator().manual_seed(0)
    if len(shape) == 3:
        image = torch.randint(256, (SAMPLES, *shape), generator=generator, dtype=torch.uint8)
    else:
        image = torch.rand(SAMPLES, *shape, generator=generator) * 2 - 1
    label = torch.arange(SAMPLES) % classes if classes else None
    dataset = Dataset.of(kind, image, label, tuple(map(str, range(classes))))
    if domains == 1:
        return dataset
    return Dataset.unpaired(kind, dataset, Dataset.of("other", image.flip(0)))


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

    play(engine, whole_plan(engine), watched)
    judge()
    for phase in engine.phases.values():
        if phase.name not in moved:
            raise Failure(
                f"phase '{phase.name}' moves no parameter of its player '{phase.player}': have its "
                "loss depend on that player's networks"
            )
    if type(engine.variant).stage is not Variant.stage:
        return  # a later stage may reach what this one does not
    for learner in engine.learners.values():
        for name, parameter in zip(learner.names, learner.params, strict=True):
            if id(parameter) not in reached:
                raise Failure(f"{name} never gets a gradient, in no phase: use it, or leave it out")
