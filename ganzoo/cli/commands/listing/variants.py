"""``ganzoo list``: every variant that is installed, and what is wrong with those that fail."""

from typing import Any

import click

from ganzoo.claims.shipped import summary
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, status_line
from ganzoo.data.needs import in_words
from ganzoo.plugins.discovery import Plugin, Status
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified
from ganzoo.spec import VariantSpec


@click.command("list", cls=QuickCommand, epilog="Example: ganzoo list --json")
@json_option
def command(as_json: bool) -> None:
    """List the variants, one row each, those that cannot be used included."""
    rows = variant_rows()
    if as_json:
        print_json(rows)
    else:
        columns = ("name", "year", "title", "needs", "claims", "plugin", "status")
        shown = [row | {"claims": _claims(row["claims"])} for row in rows]
        print_rows(shown, columns, least=("name", "year", "status", "title"))


def variant_rows() -> list[dict[str, Any]]:
    """A row for each variant, and one for each plugin with a problem that offers none."""
    offered = verified(registry().variants(), status_line)
    silent = [
        plugin
        for plugin in registry().plugins
        if plugin.status is not Status.OK and not any(row.plugin is plugin for row in offered)
    ]
    return [_variant(row) for row in offered] + [_failed(plugin) for plugin in silent]


def _variant(row: Registered[VariantSpec]) -> dict[str, Any]:
    return {
        "name": row.spec.name,
        "title": row.spec.title,
        "year": row.spec.year,
        "needs": in_words(row.spec.needs),
        "claims": summary(row.spec),
        "plugin": row.plugin.dist,
        "version": row.plugin.version,
        "status": str(row.status),
        "error": advice(row),
    }


def _claims(found: dict[str, Any] | None) -> str:
    """How many claims were reproduced, and when; empty where nothing is known of any."""
    return f"{found['reproduced']} of {found['of']}, {found['date']}" if found else ""


def _failed(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "title": "",
        "year": None,
        "needs": "",
        "claims": None,
        "plugin": plugin.dist,
        "version": plugin.version,
        "status": str(plugin.status),
        "error": advice(plugin),
    }


def advice(what: Plugin | Registered[Any]) -> str:
    """What is wrong and what to do about it."""
    return "; ".join(part for part in (what.error, what.remedy) if part)
