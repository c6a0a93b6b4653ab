"""A page as text: from templates that escape whatever comes from a run."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ganzoo.report.chart import HEIGHT, WIDTH
from ganzoo.report.gather import Content

MARK = "<!-- ganzoo report -->"
"""The second line of a page, by which it is known again."""


def render(content: Content, follow: float | None = None) -> str:
    """The page.

    Args:
        content: what it says.
        follow: seconds after which it loads itself again; None: it is finished.
    """
    script, style = _file("page.js"), _file("page.css")
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        _environment()
        .get_template("page.html")
        .render(
            content=content,
            follow=follow,
            mark=Markup(MARK),
            policy=policy,
            script=Markup(script),
            style=Markup(style),
            width=WIDTH,
            height=HEIGHT,
            version=version("ganzoo-core"),
            written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:.4g}"
    return environment


@cache
def _file(name: str) -> str:
    return files("ganzoo.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What a content security policy calls a script or a style that is within the page."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
