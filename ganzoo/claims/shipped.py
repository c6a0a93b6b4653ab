"""What a plugin ships beside its package's ``__init__``: its claims, and what they came to.

`summary` is for commands that list: it reads one small file, and imports nothing.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError
from ganzoo.spec import VariantSpec

if TYPE_CHECKING:
    from ganzoo.claims.claim import Claim

CLAIMS, RESULTS = "claims.toml", "claims-results.json"


def folder(spec: VariantSpec) -> Path | None:
    """The folder of the package that a variant's target is in; None, where it is in none."""
    package = spec.target.partition(":")[0].rpartition(".")[0]
    try:
        module = sys.modules.get(package)
        found = module.__spec__ if module else find_spec(package)
    except (Exception, SystemExit):  # the code of a package that is yet to be imported
        return None
    places = [*(found.submodule_search_locations or ())] if found else []
    return Path(places[0]) if places else None


def claims_file(spec: VariantSpec) -> Path:
    """The file of a variant's claims.

    Raises:
        GanzooError: its plugin has none; and where it would be.
    """
    place = folder(spec)
    if place is None or not (place / CLAIMS).is_file():
        where = f" beside {place / '__init__.py'}" if place else ""
        raise GanzooError(
            f"'{spec.name}' comes without claims: its author can state them in a {CLAIMS}{where}"
        )
    return place / CLAIMS


def claims_of(spec: VariantSpec) -> tuple[Claim, ...]:
    """The claims about a variant, in the order of the file.

    Raises:
        GanzooError: there are none, or the file is not what it must be.
    """
    path = claims_file(spec)
    found = _about(spec, path)
    if not found:
        raise GanzooError(f"{path} has no claim whose variant is '{spec.name}'")
    return found


def _about(spec: VariantSpec, path: Path) -> tuple[Claim, ...]:
    from ganzoo.claims.read import read_claims

    return tuple(claim for claim in read_claims(path) if claim.variant == spec.name)


def results(spec: VariantSpec) -> list[dict[str, Any]]:
    """What came out for the claims about a variant, as they stand today, in the file's order.

    Raises:
        GanzooError: a file is not what it must be.
    """
    place = folder(spec)
    if place is None or not (place / RESULTS).is_file():
        return []
    digests = {claim.id: claim.digest for claim in _about(spec, claims_file(spec))}
    return [
        one
        for one in _read(place / RESULTS)["results"]
        if one["variant"] == spec.name and one["digest"] == digests.get(one["claim"])
    ]


def summary(spec: VariantSpec) -> dict[str, Any] | None:
    """How many of a variant's claims were reproduced, by what ships with its plugin.

    Returns:
        ``reproduced``, ``of`` and ``date`` of the latest, or None, where no result is shipped or
        none can be read.
    """
    place = folder(spec)
    if place is None or not (place / RESULTS).is_file():
        return None
    try:
        found: dict[str, Any] | None = _read(place / RESULTS)["summary"].get(spec.name)
    except (GanzooError, KeyError, AttributeError):
        return None
    return found


def record(path: Path, claims: Sequence[Claim], new: Iterable[Mapping[str, Any]]) -> Path:
    """Keep results beside the claims, for the plugin's author to ship.

    What could not be run is no result. What is known of claims that are not in `new` stays; what is
    known of claims that are no more is removed. The command that is shipped names no folder of the
    author's.

    Args:
        path: the file of the claims.
        claims: all that it has.
        new: results, as `ganzoo.claims.reproduce.describe` has them.

    Returns:
        The file of the results.

    Raises:
        GanzooError: it is damaged, or cannot be written.
    """
    from ganzoo.artifacts.files import write_json

    target = path.with_name(RESULTS)
    known = _read(target)["results"] if target.exists() else []
    shipped = ({**one, "made_by": _anywhere(one)} for one in new)
    found = {one["claim"]: one for one in [*known, *shipped] if one["verdict"] != "not run"}
    kept = [found[claim.id] for claim in claims if claim.id in found]
    try:
        write_json(target, {"summary": summarise(claims, kept), "results": kept})
    except OSError as error:
        raise GanzooError(
            f"{target} cannot be written ({error.strerror}): --record is for the plugin's author, "
            "who has it installed by `pip install --editable`"
        ) from error
    return target


def _anywhere(one: Mapping[str, Any]) -> str:
    """What another user types for a result."""
    words = ["ganzoo", "reproduce", one["variant"], "--claim", one["claim"]]
    seeds = len(one["seeds"])
    return shlex.join(words if seeds == one["seeds_claimed"] else [*words, "--seeds", str(seeds)])


def summarise(
    claims: Sequence[Claim], found: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """By variant: of how many claims how many were reproduced, and the date of the latest.

    A result counts where it is of the claim as it stands, and of all the seeds that it names.
    """
    digests = {claim.id: claim.digest for claim in claims}
    valid = [
        one
        for one in found
        if one["digest"] == digests.get(one["claim"]) and len(one["seeds"]) >= one["seeds_claimed"]
    ]
    summaries = {}
    for variant in dict.fromkeys(claim.variant for claim in claims):
        own = [one for one in valid if one["variant"] == variant]
        if own:
            summaries[variant] = {
                "reproduced": sum(one["verdict"] == "reproduced" for one in own),
                "of": sum(claim.variant == variant for claim in claims),
                "date": max(one["date"] for one in own),
            }
    return summaries


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = content["summary"], [(one["claim"], one["verdict"]) for one in content["results"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GanzooError(f"{path} is damaged: delete it, or install the plugin again") from error
    return content
