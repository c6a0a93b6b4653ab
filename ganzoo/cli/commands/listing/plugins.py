"""``ganzoo plugins``: what is installed, what it registers, and what is wrong with it."""

from typing import Any

import click

from ganzoo.cli.commands.listing.variants import advice
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.plugins.discovery import KINDS, Plugin, Spec, Status
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified
from ganzoo.spec import (
    API,
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
    LossSpec,
    RegulariserSpec,
    VariantSpec,
)

KEYS: dict[type[Spec], str] = {
    VariantSpec: "variants",
    DatasetSpec: "datasets",
    LossSpec: "losses",
    RegulariserSpec: "regularisers",
    AugmentationSpec: "augmentations",
    EvaluatorSpec: "evaluators",
    ExtractorSpec: "extractors",
    LoggerSpec: "loggers",
    ExecutorSpec: "executors",
}
WORDS = {
    "variants": ("variant", "variants"),
    "datasets": ("data set", "data sets"),
    "losses": ("loss", "losses"),
    "regularisers": ("regulariser", "regularisers"),
    "augmentations": ("augmentation", "augmentations"),
    "evaluators": ("evaluator", "evaluators"),
    "extractors": ("extractor", "extractors"),
    "loggers": ("logger", "loggers"),
    "executors": ("executor", "executors"),
}


@click.command("plugins", cls=QuickCommand, epilog="Example: ganzoo plugins --json")
@json_option
def command(as_json: bool) -> None:
    """List the plugins, what each registers, and what to do about those with a problem."""
    rows = plugin_rows()
    if as_json:
        print_json(rows)
    else:
        columns = ("plugin", "api", "registers", "status")
        print_rows([row | {"registers": _registered(row)} for row in rows], columns)


def plugin_rows() -> list[dict[str, Any]]:
    """A row for each plugin, those that cannot be used included."""
    offered = verified(registry().rows(), status_line)
    return [
        _plugin(plugin, [row for row in offered if row.plugin is plugin])
        for plugin in registry().plugins
    ]


def _plugin(plugin: Plugin, offered: list[Registered[Any]]) -> dict[str, Any]:
    failing = [row for row in offered if row.status is not plugin.status]
    problems = [advice(plugin)] if plugin.error else []
    problems += [f"{KINDS[type(row.spec)]} '{row.spec.name}': {advice(row)}" for row in failing]
    return {
        "name": plugin.name,
        "plugin": plugin.dist,
        "version": plugin.version,
        "api": _api(plugin),
        **{
            key: [spec.name for spec in plugin.specs if isinstance(spec, kind)]
            for kind, key in KEYS.items()
        },
        "status": str(_worst([plugin.status, *(row.status for row in offered)])),
        "error": "; ".join(problems),
    }


def _api(plugin: Plugin) -> int | None:
    """The interface that it was built for: another one than ours, if it mentions any."""
    return max((spec.api for spec in plugin.specs), key=lambda api: abs(api - API), default=None)


def _worst(found: list[Status]) -> Status:
    """Of a plugin as a whole: what is wrong with any of its names is wrong with it."""
    return max(found, key=[*Status].index)


def _registered(row: dict[str, Any]) -> str:
    """What a plugin registers, for people: ``variants wgan, wgan-gp; loss hinge``."""
    parts = []
    for key, words in WORDS.items():
        if row[key]:
            parts.append(f"{words[len(row[key]) > 1]} {', '.join(row[key])}")
    return "; ".join(parts)
