"""A page as text: from templates that escape whatever comes from a run."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from jinja2 import Environment
from markupsafe import Markup

from ganzoo.artifacts.templates import templates, text_of
from ganzoo.report.chart import HEIGHT, WIDTH
from ganzoo.report.gather import Content

PACKAGE = "ganzoo.report"
"""In which the templates lie."""
MARK = "<!-- ganzoo report -->"
"""The second line of a page, by which it is known again."""


def render(content: Content, follow: float | None = None) -> str:
    """The page.

    Args:
        content: what it says.
        follow: seconds after which it loads itself again; None: it is finished.
    """
    script, style = text_of(PACKAGE, "page.js"), text_of(PACKAGE, "page.css")
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
        _templates()
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
def _templates() -> Environment:
    filters = {"number": lambda value: f"{value:.4g}"}
    return templates(PACKAGE, markup=True, filters=filters)


def _digest(text: str) -> str:
    """What a content security policy calls a script or a style that is within the page."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
