"""A page as text: from templates that escape whatever comes from a run."""

from __future__ import annotations

import base64
import hashlib
import re
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

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that show a text in another order, that are no text, or that UTF-8 has not: bytes of a
name that is in another encoding."""


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
    page = (
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
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", page)


@cache
def _templates() -> Environment:
    filters = {"number": lambda value: f"{value:.4g}"}
    return templates(PACKAGE, markup=True, filters=filters)


def _digest(text: str) -> str:
    """What a content security policy calls a script or a style that is within the page."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
