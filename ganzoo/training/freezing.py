"""Layers that stay as they were begun with: ``--freeze GLOB,...`` (FreezeD, Mo et al. 2020)."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase

from ganzoo.errors import GanzooError
from ganzoo.variant import Variant, players_of

SAID = 12
"""Names that an error has, at most."""


def freeze_layers(variant: Variant, patterns: str) -> str:
    """Have the parameters that patterns name learn nothing; they are saved like all others.

    Args:
        variant: before there are optimizers, from which its frozen parameters are left out.
        patterns: names of parameters or modules, with commas; ``*`` stands for any characters.

    Returns:
        What is frozen, in a sentence.

    Raises:
        GanzooError: one of them names nothing, or a player would have nothing to learn.
    """
    learned = dict.fromkeys(
        f"{net}.{name}"
        for player in players_of(variant).values()
        for net in player.nets
        for name, _ in variant.get_submodule(net).named_parameters()
    )
    frozen: set[str] = set()
    for pattern in filter(None, map(str.strip, patterns.split(","))):
        found = {name for name in learned if _is_meant(name, pattern)}
        if not found:
            raise GanzooError(
                f"--freeze {pattern} names no parameter or module that learns: there are "
                f"{_some([*learned], pattern)}"
            )
        frozen |= found
    for name, player in players_of(variant).items():
        own = {full for full in learned if full.startswith(tuple(f"{net}." for net in player.nets))}
        if own <= frozen:
            raise GanzooError(
                f"--freeze {patterns} leaves the {name} nothing to learn: name fewer layers"
            )
    numbers = 0
    for full in frozen:
        parameter = variant.get_parameter(full).requires_grad_(False)
        numbers += parameter.numel()
    return (
        f"{len(frozen)} of {len(learned)} parameters, {numbers:,} numbers, are frozen (--freeze "
        f"{patterns}); running statistics, as of BatchNorm, go on"
    )


def _is_meant(name: str, pattern: str) -> bool:
    """Whether a pattern is that of a parameter, or of a module that it is in."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))


def _some(names: list[str], pattern: str) -> str:
    """Modules, those that are spelled alike first."""
    modules = [*dict.fromkeys(name.rpartition(".")[0] for name in names)]
    near = get_close_matches(pattern.rstrip("*."), modules, n=SAID, cutoff=0.5)
    shown = [*dict.fromkeys([*near, *modules])][:SAID]
    more = f" and {len(modules) - len(shown)} more" if len(modules) > len(shown) else ""
    return ", ".join(shown) + more
