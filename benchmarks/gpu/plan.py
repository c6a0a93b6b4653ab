"""Which steps there are, in their order, and how long each may take."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from gpu.step import Step

PYTHON = sys.executable
GAMES = ("vanilla 28", "dcgan 32", "dcgan 64", "cyclegan 256")
"""Whose speed is measured: see `gpu.steps.games`."""
RESUMED = ("vanilla", "dcgan")
TESTS = "GPU tests: "
"""How the names of steps that run tests begin."""
TOGETHER = 3
"""Groups of tests that share a process, whose start takes longer than most tests."""
ALONE = "speed"
"""The group of tests that measure, and are disturbed by others."""


def _step(name: str, seconds: float, module: str, *arguments: str, least: float = 0.0) -> Step:
    return Step(name, [PYTHON, "-m", f"gpu.steps.{module}", *arguments], seconds, least)


def first() -> list[Step]:
    """What the machine is, and which tests there are."""
    return [_step("machine", 90, "machine"), _step("find the GPU tests", 90, "collect")]


def together(groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The groups, a few of them in one, which is called by the names of all."""
    names = [name for name in groups if name != ALONE]
    few = [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]
    joined = {", ".join(some): [node for name in some for node in groups[name]] for some in few}
    return joined | {name: [*nodes] for name, nodes in groups.items() if name == ALONE}


def checks(groups: Mapping[str, Sequence[str]]) -> list[Step]:
    """What can be done side by side: nothing is timed.

    Args:
        groups: tests by what they have in common.
    """
    tests = [_tests(name, nodes) for name, nodes in groups.items() if name != ALONE]
    return [
        *tests,
        *(_step(f"equality: {game}", 170, "equality", game) for game in reversed(GAMES)),
        *(_step(f"kill and resume: {variant}", 300, "resume", variant) for variant in RESUMED),
        _step("a failed capture", 60, "failed_capture"),
    ]


def measurements(groups: Mapping[str, Sequence[str]]) -> list[Step]:
    """What has the machine to itself."""
    tests = [_tests(name, nodes) for name, nodes in groups.items() if name == ALONE]
    return [
        *(_step(f"speed: {game}", 100, "speed", game, least=45) for game in GAMES),
        _step("digits to quality", 120, "quality", least=50),
        *tests,
    ]


def _tests(name: str, nodes: Sequence[str]) -> Step:
    return _step(f"{TESTS}{name}", 150, "tests", *nodes)
