"""A training that starts from the networks of another: ``--init RUN[:NETWORK]``."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo.engine.learner import distinct
from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.runs.load import read_one
from ganzoo.runs.record import data_spec
from ganzoo.runs.run import Run
from ganzoo.variant import Variant

SAID = 3
"""Tensors that are new, of which a sentence names so many."""


@torch.no_grad()
def initialise(variant: Variant, named: str, report: Callable[[str], None]) -> None:
    """Give the variant's networks the weights that those of the same name have in another run.

    What is of another shape or type there, or is not there, stays new, which is said. Averaged
    weights are taken where samples of that run come from them.

    Args:
        variant: whose networks; they are changed in place.
        named: a run's directory, whose networks are taken as far as the variant has them too; or
            ``RUN:NETWORK``, of which only that one is.
        report: is told, in a sentence, what it starts from.

    Raises:
        GanzooError: there is no such run or network, or no weights in it have the shape that they
            have in the variant.
    """
    path, wanted = _parsed(named)
    run = Run.open(path)
    step, theirs = read_one(run, lambda stored: (checkpoint.step_of(stored), networks_in(stored)))
    ours = {
        name: {key: value.detach() for key, value in distinct(_state(net)).items()}
        for name, net in variant.named_children()
        if name not in variant.frozen and any(True for _ in net.parameters())
    }
    common = [name for name in ours if name in theirs and wanted in ("", name)]
    if not common:
        missing = f"the network '{wanted}'" if wanted else "a network of the same name"
        raise GanzooError(
            f"--init {named}: {missing} must be in both, and {path} has {_listed(theirs)}, and "
            f"{type(variant).__name__} has {_listed(ours)}"
        )
    kept = {
        name: {
            key: live
            for key, live in ours[name].items()
            if key in theirs[name] and _form(theirs[name][key]) == _form(live)
        }
        for name in common
    }
    new = [
        f"{name}.{key} ({_form(live)} here, {_form(theirs[name].get(key))} there)"
        for name in common
        for key, live in ours[name].items()
        if key not in kept[name]
    ]
    if not any(live.dim() > 1 for tensors in kept.values() for live in tensors.values()):
        raise GanzooError(
            f"--init {named}: no weights in {_listed(common)} of {path}, a run of "
            f"{run.identity.variant}, are of the shape that they have here, such as {new[0]}: give "
            f"settings that make networks more alike, or name another one, as in {path}:NETWORK"
        )
    for name, tensors in kept.items():
        for key, live in tensors.items():
            live.copy_(theirs[name][key])
    report(f"it starts from {_listed(common)} of {path} at step {step}{_but(new)}")
    before, now = data_spec(run.settings).class_names, variant.data.class_names
    others = [number for number, name in enumerate(now) if before[number : number + 1] != (name,)]
    if variant.conditional and before and others:
        number = others[0]
        was = f"'{before[number]}'" if number < len(before) else "nothing"
        report(
            f"classes are taken by their number, and they are others there: what was {was} is "
            f"'{now[number]}' now"
        )


def _but(new: list[str]) -> str:
    """What is not started from, in words; empty, where that is nothing."""
    if not new:
        return ""
    more = f" and {len(new) - SAID:,} more" if len(new) > SAID else ""
    are = "is" if len(new) == 1 else "are"
    return f", of which all is kept that has its shape; new {are} {', '.join(new[:SAID])}{more}"


def _parsed(named: str) -> tuple[Path, str]:
    """The run's directory and the network, which may be left out."""
    before, colon, network = named.rpartition(":")
    if colon and not Path(named).exists():
        return Path(before), network
    return Path(named), ""


def networks_in(path: Path) -> dict[str, dict[str, Tensor]]:
    """What a checkpoint knows of each network, by its name, and within it by the tensor's."""
    state = checkpoint.read(path, checkpoint.STATE)
    tensors = {
        name.removeprefix("variant."): value
        for name, value in state.items()
        if name.startswith("variant.")
    }
    tensors |= checkpoint.read(path, checkpoint.WEIGHTS)
    networks: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        net, dot, key = name.partition(".")
        if dot:
            networks.setdefault(net, {})[key] = value
    return networks


def _state(net: nn.Module) -> dict[str, Tensor]:
    state: dict[str, Tensor] = net.state_dict(keep_vars=True)
    return state


def _form(tensor: Tensor | None) -> str:
    """The shape of a tensor, and its type where it is not that of weights."""
    if tensor is None:
        return "no such tensor"
    dtype = "" if tensor.dtype == torch.float32 else f" of {tensor.dtype}".replace("torch.", "")
    return f"{tuple(tensor.shape)}{dtype}"


def _listed(names: object) -> str:
    *first, last = map(str, names)  # type: ignore[call-overload]
    return f"{', '.join(first)} and {last}" if first else last
