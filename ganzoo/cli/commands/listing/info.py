"""``ganzoo info``: what a variant is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.cli.flags import offers
from ganzoo.cli.output import json_option, make_console, make_table, print_json
from ganzoo.config import Option, as_typed, build, options, own_settings
from ganzoo.data.needs import in_words
from ganzoo.errors import GanzooError
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec, VariantSpec

if TYPE_CHECKING:
    from ganzoo.variant import Variant


@click.command("info", epilog="Example: ganzoo info dcgan --dataset cifar10")
@click.argument("variant", metavar="VARIANT", shell_complete=offers("variants"))
@click.option(
    "--dataset", help="count parameters for these samples (default: what suits the variant)"
)
@json_option
def command(variant: str, dataset: str | None, as_json: bool) -> None:
    """Show a variant's paper, settings, players, phases and parameters."""
    from ganzoo.plugins.catalog import default_for, described

    registered = registry().variant(variant)
    description = describe(registered, described(dataset or default_for(registered.spec)))
    if as_json:
        print_json(description)
    else:
        _print(description)


def describe(registered: Registered[VariantSpec], data: DataSpec) -> dict[str, Any]:
    """All that `info` shows, built on the meta device: nothing is computed or stored."""
    import torch

    from ganzoo.variant import players_of

    cls: type[Variant] = registered.load()
    recipe = cls.recipe(data)
    suited = own_settings(cls.Config, recipe)
    with torch.device("meta"):
        variant = cls(equipped(build(cls.Config, suited)), data)
    spec = registered.spec
    return {
        "name": spec.name,
        "title": spec.title,
        "year": spec.year,
        "paper": spec.paper,
        "needs": in_words(spec.needs),
        "claims": _claims(spec),
        "plugin": registered.plugin.dist,
        "version": registered.plugin.version,
        "steps": recipe["steps"],
        "batch_size": recipe["batch_size"],
        "of_slopes": _of_slopes(variant),
        "settings": [_setting(option, suited) for option in options(cls.Config).values()],
        "presets": _presets(options(cls.Config)),
        "players": [
            {"name": name, "nets": [*player.nets], "optimizer": str(player.optim)}
            for name, player in players_of(variant).items()
        ],
        "phases": [
            {
                "name": phase.name,
                "player": phase.player,
                "every": phase.every,
                "repeat": phase.repeat if isinstance(phase.repeat, int) else "scheduled",
            }
            for phase in variant.phases()
        ],
        "data": {"name": data.name, "shape": [*data.shape], "classes": data.classes},
        "parameters": {
            net: sum(parameter.numel() for parameter in variant.get_submodule(net).parameters())
            for player in players_of(variant).values()
            for net in player.nets
        },
    }


def _of_slopes(variant: Variant) -> str:
    """What a user of ``--regulariser`` should know of its D; empty: nothing."""
    from ganzoo.adversarial import Regularised
    from ganzoo.training.start import blurred_slopes, with_batch_norm
    from ganzoo.variant import players_of

    if not isinstance(variant, Regularised):
        return ""
    net = with_batch_norm(variant, players_of(variant)[variant.regularised_player].nets)
    return blurred_slopes(net) if net else ""


def _claims(spec: VariantSpec) -> list[dict[str, str]]:
    """What its plugin says that it shows, and what came of that; nothing, where it says nothing."""
    from ganzoo.claims.shipped import claims_of, results

    try:
        stated = claims_of(spec)
        found = {one["claim"]: one["verdict"] for one in results(spec)}
    except GanzooError:
        return []
    return [
        {"id": claim.id, "says": claim.says, "verdict": found.get(claim.id, "")} for claim in stated
    ]


def _setting(option: Option, suited: dict[str, Any]) -> dict[str, Any]:
    default = suited.get(option.name, option.default)
    default = [*default] if isinstance(default, tuple) else default
    return {"flag": option.flag, "default": default, "range": option.range, "doc": option.doc}


def _presets(settings: Mapping[str, Option]) -> dict[str, dict[str, dict[str, Any]]]:
    """By the flag that chooses a preset and its name: what other settings are with it."""
    return {
        chooser.flag: {
            name: {
                option.flag: getattr(preset, option.name)
                for option in settings.values()
                if hasattr(preset, option.name)
            }
            for name, preset in chooser.choices.items()
        }
        for chooser in settings.values()
        if isinstance(chooser.choices, Mapping)
    }


def _print(description: dict[str, Any]) -> None:
    from rich.text import Text

    console = make_console()
    name, data = description["name"], description["data"]
    console.print(Text(f"{name}: {description['title']} ({description['year']})", style="bold"))
    console.print(f"paper   {description['paper']}")
    console.print(f"plugin  {description['plugin']} {description['version']}")
    console.print(f"needs   {description['needs']}")
    console.print(
        f"recipe  {description['steps']:,} steps, {description['batch_size']} images a batch"
    )
    settings = make_table("setting", "default", "range", "meaning")
    for row in description["settings"]:
        settings.add_row(row["flag"], as_typed(row["default"]), row["range"], row["doc"])
    shown_tables = []
    for flag, presets in description["presets"].items():
        table = make_table(f"with {flag}", *presets)
        for name in dict.fromkeys(name for preset in presets.values() for name in preset):
            table.add_row(name, *(as_typed(preset.get(name)) for preset in presets.values()))
        shown_tables.append(table)
    players = make_table("player", "networks", "optimizer")
    for row in description["players"]:
        players.add_row(row["name"], ", ".join(row["nets"]), row["optimizer"])
    phases = make_table("phase", "player", "due", "updates")
    for row in description["phases"]:
        due = "always" if row["every"] == 1 else f"every {row['every']} iterations"
        phases.add_row(row["name"], row["player"], due, str(row["repeat"]))
    shape = "x".join(map(str, data["shape"]))
    networks = make_table(f"network for {data['name']}, {shape}", "parameters")
    networks.columns[1].justify = "right"
    for net, count in description["parameters"].items():
        networks.add_row(net, f"{count:,}")
    claims = make_table("claim", "what it says", "here")
    for row in description["claims"]:
        claims.add_row(row["id"], row["says"], row["verdict"] or "not yet tried")
    console.print()
    console.print(settings)
    if note := description["of_slopes"]:
        console.print()
        console.print(f"With --regulariser: {note}", soft_wrap=True)
    shown_tables += [players, phases, networks]
    if description["claims"]:
        shown_tables.append(claims)
    for table in shown_tables:
        console.print()
        console.print(table)
