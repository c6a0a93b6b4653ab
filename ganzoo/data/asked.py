"""Loaders asked for data that lie in a zip: what they say names the zip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ganzoo.artifacts.places import expanded
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.zipped import is_zip, named_by_zip
from ganzoo.errors import GanzooError

T = TypeVar("T")


def ask(load: Callable[[DataRequest], T], request: DataRequest) -> T:
    """What a loader gives; its messages and errors name the zip, and not where it is unpacked."""
    root = request.root and expanded(request.root)
    if root is None or not is_zip(root):
        return load(request)
    named = named_by_zip(root)
    try:
        return load(replace(request, report=lambda message: request.report(named(message))))
    except GanzooError as error:
        raise GanzooError(named(str(error))) from error
