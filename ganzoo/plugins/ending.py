"""What a plugin raises to end the program, or by mistake, and who it was."""

import traceback
from types import FrameType

from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import CORE, KINDS, Plugin, Spec, sentence
from ganzoo.plugins.registry import registry


class Ended(GanzooError):
    """A plugin would have ended the program, and nobody would have known why."""

    status = 1


def ended_by(error: BaseException, advice: str = "") -> Ended | None:
    """The error for the user in place of what a plugin has raised; None: no plugin has.

    Args:
        error: what no `except Exception` catches.
        advice: what to do; empty: the author is told.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][::-1]
    found = next((plugin for plugin in map(_plugin_of, frames) if plugin), None)
    if found is None:
        return None
    known = {spec.target: spec for spec in found.specs}
    specs = (_spec_of(frame, known) for frame in frames)
    spec = next((spec for spec in specs if spec), None)
    who = f"{KINDS[type(spec)]} '{spec.name}' of {found}" if spec else f"the plugin {found}"
    return Ended(
        f"{who} would have ended the program, by {sentence(error)}: "
        + (advice or "tell its author, who may raise an error instead")
    )


def _plugin_of(frame: FrameType) -> Plugin | None:
    """The plugin whose code a frame runs."""
    package = _package(frame.f_globals.get("__name__", ""))
    for plugin in registry().plugins:
        if plugin.dist != CORE and package in {_package(spec.target) for spec in plugin.specs}:
            return plugin
    return None


def _package(name: str) -> str:
    """Of a module, or of what a target names."""
    return str(name).partition(":")[0].partition(".")[0]


def _spec_of(frame: FrameType, known: dict[str, Spec]) -> Spec | None:
    """The one whose target's code a frame runs, a function's or that of a class."""
    owner = type(frame.f_locals.get("self"))
    names = [f"{cls.__module__}:{cls.__qualname__}" for cls in owner.__mro__]
    names.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
    return next((known[name] for name in names if name in known), None)
