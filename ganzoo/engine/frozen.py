"""Networks that phases read and nobody trains: what is kept of them is their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.variant import Player, Variant


def freeze(variant: Variant, players: Mapping[str, Player]) -> dict[str, Tensor]:
    """Have the variant's frozen networks learn nothing.

    Returns:
        The SHA-256 of each, uint8 (32,), as ``frozen.NAME``.

    Raises:
        GanzooError: one is not there, or a player has it.
    """
    modules = dict(variant.named_modules())
    for net in variant.frozen:
        if net not in modules:
            raise GanzooError(f"the frozen network '{net}' is none of the variant's")
        for name, player in players.items():
            if any(f"{own}.".startswith(f"{net}.") for own in player.nets):
                raise GanzooError(f"the network '{net}' is frozen, and player '{name}' has it")
        modules[net].requires_grad_(False).eval()
    return {f"frozen.{net}": _fingerprint(variant, net) for net in variant.frozen}


def check_fingerprints(own: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    """See whether the frozen networks, by what `freeze` says, are those of a saved state.

    Raises:
        GanzooError: one is another.
    """
    for name, now in own.items():
        if not torch.equal(now, saved[name].cpu()):
            net = name.removeprefix("frozen.")
            raise GanzooError(
                f"the frozen network '{net}' is not the one that the training was started with "
                f"(SHA-256 {saved[name].cpu().numpy().tobytes().hex()[:12]}..., now "
                f"{now.numpy().tobytes().hex()[:12]}...): install what it came with"
            )


def _fingerprint(variant: Variant, net: str) -> Tensor:
    digest = hashlib.sha256()
    for name, value in sorted(variant.get_submodule(net).state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return torch.tensor([*digest.digest()], dtype=torch.uint8)
