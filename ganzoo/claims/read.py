"""``claims.toml`` as claims; whatever is wrong with it is one sentence."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.claims.claim import (
    LAST,
    SEEDS,
    SHORT,
    TAKES,
    Arm,
    Claim,
    Evaluated,
    Logged,
    Measure,
    RankCorrelation,
    Relation,
)
from ganzoo.errors import GanzooError, unknown

RELATIONS = ("at least", "at most", "above", "below", "within")
SETTING = (str, int, float, bool, list)
"""What TOML has for a setting of ``ganzoo train``."""
DECIDED = frozenset({"seed", "out", "resume", "config", "device", "data_root"})
"""Settings of ``ganzoo train`` that belong to whoever reproduces a claim."""


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a file, in its order.

    Raises:
        GanzooError: it cannot be read, or a claim is not what it must be; where, and what to write.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GanzooError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GanzooError(f"{path} is not TOML: {error}") from error
    top = Table(str(path), content)
    entries = top.take("claim", list, "write [[claim]] above each claim")
    top.end()
    claims = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping):
            raise top.error("claim", "must be tables: write [[claim]] above each claim")
        claims.append(_claim(Table(f"{path}, claim {number}", entry), path))
    for number, claim in enumerate(claims, 1):
        if any(other.id == claim.id for other in claims[: number - 1]):
            raise GanzooError(f"{path}, claim {number}: id '{claim.id}' is taken: write another")
    return tuple(claims)


class Table:
    """A table of the file, each key of which is asked for once."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        """Take the table's place in words, and its values by key."""
        self.where, self.values = where, values
        self._asked: set[str] = set()

    def take(
        self, key: str, kind: type | tuple[type, ...], advice: str, default: Any = None
    ) -> Any:
        """The value of a key.

        Args:
            key: that is asked for.
            kind: what it must be.
            advice: what to write, for whoever wrote nothing or something else.
            default: the value where the key is missing; None: it must be there.

        Raises:
            GanzooError: it is missing, or of another kind.
        """
        self._asked.add(key)
        if key not in self.values:
            if default is None:
                raise self.error(key, f"is missing: {advice}")
            return default
        value = self.values[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        good = isinstance(value, kind) and (bool in kinds or not isinstance(value, bool))
        if not good or (kind is str and not value.strip()):
            raise self.error(key, f"is {value!r}: {advice}")
        return value

    def end(self) -> None:
        """See to it that there are no other keys than those that were asked for.

        Raises:
            GanzooError: there are.
        """
        for key in self.values:
            if key not in self._asked:
                raise GanzooError(f"{self.where}: {unknown('key', key, self._asked)}")

    def error(self, key: str, problem: str) -> GanzooError:
        """What is wrong with a key."""
        return GanzooError(f"{self.where}: {key} {problem}")


def _claim(table: Table, path: Path) -> Claim:
    name = table.take("id", str, "write a short name of its own, such as ring8-modes")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise table.error("id", f"is {name!r}: use lower-case letters, digits and single dashes")
    table.where = f"{path}, claim {name}"
    variant = table.take("variant", str, "write the name of the variant that it is about")
    minutes = table.take(
        "minutes", (int, float), "write how many all its trainings take on two cores, such as 4"
    )
    long = table.take("long", bool, "write true or false", False)
    if long != (minutes > SHORT):
        raise table.error(
            "long", f"must be {str(not long).lower()}: a claim is long above {SHORT:g} minutes"
        )
    seeds = table.take("seeds", int, "write a number of trainings, at least 1", SEEDS)
    if seeds < 1:
        raise table.error("seeds", f"is {seeds}: write a number of trainings, at least 1")
    arms = _arms(table, variant)
    claim = Claim(
        id=name,
        variant=variant,
        says=table.take("says", str, "write the sentence that is claimed"),
        quantity=table.take("quantity", str, 'write what is measured, such as "modes of 8"'),
        paper=table.take("paper", str, 'write author, year and place: "Odena 2016, table 1"'),
        number=table.take("number", str, 'write what stands there, or "none", in quotes'),
        minutes=float(minutes),
        arms=arms,
        measure=_measure(table),
        holds=_relation(table, [arm.name for arm in arms[1:]]),
        seeds=seeds,
        percent=table.take("percent", bool, "write true or false", False),
        differences=table.take("differences", str, "write a text", ""),
    )
    table.end()
    if not isinstance(claim.measure, Evaluated):
        for arm in claim.arms:
            if arm.made_by:
                raise table.error(
                    "measure", f"must be evaluate, as {arm.name} has samples and no metrics.jsonl"
                )
    return claim


def _arms(table: Table, variant: str) -> tuple[Arm, ...]:
    advice = "write [claim.arms.ours] and, below it, the settings of the training"
    entries = table.take("arms", Mapping, advice)
    if not entries:
        raise table.error("arms", f"is empty: {advice}")
    arms = []
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            raise table.error("arms", f"has {name} = {entry!r}: {advice}")
        arms.append(_arm(Table(f"{table.where}, arm {name}", entry), name, variant))
    if arms[0].made_by:
        raise table.error(
            "arms", f"begins with {arms[0].name}, which ganzoo does not train: the first is judged"
        )
    return tuple(arms)


def _arm(table: Table, name: str, variant: str) -> Arm:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise table.error("the name", "must be of lower-case letters, digits and single dashes")
    special = {"variant", "seed_setting", "made_by"}
    made_by = table.take("made_by", str, "write the command that makes the samples", "")
    settings = {key: value for key, value in table.values.items() if key not in special}
    for key in settings:
        if key.replace("-", "_") in DECIDED:
            raise table.error(key, "is decided by whoever reproduces the claim: leave it out")
        table.take(key, SETTING, "write a text, a number, true or false, or [64, 64]")
    if made_by:
        if settings.keys() != {"dataset"}:
            raise table.error(
                "made_by", "stands beside dataset, what the samples are like, and nothing else"
            )
        try:
            made_by.format(seed=0, out="")
        except (LookupError, ValueError) as error:
            advice = "write {seed} and {out} where they go, and other braces twice"
            raise table.error("made_by", f"has other braces: {advice}") from error
        return Arm(name, "", settings, made_by=made_by)
    seed = table.take("seed_setting", str, "write the setting that the seeds go to", "seed")
    named = table.take("variant", str, "write the name of a variant", variant)
    return Arm(name, named, settings, seed)


def _measure(table: Table) -> Measure:
    advice = 'write { evaluate = "SCORE" }, { metrics = "KEY", take = "last" } or { rank_'
    advice += 'correlation = ["KEY", "quality/KEY"] }'
    entry = table.take("measure", Mapping, advice)
    kinds: dict[str, Callable[[Table], Measure]] = {
        "evaluate": _evaluated,
        "metrics": _logged,
        "rank_correlation": _correlation,
    }
    chosen = [kind for kind in kinds if kind in entry]
    if len(chosen) != 1:
        raise table.error("measure", f"is {dict(entry)}: {advice}")
    inner = Table(f"{table.where}, measure", entry)
    found = kinds[chosen[0]](inner)
    inner.end()
    return found


def _evaluated(table: Table) -> Evaluated:
    n = table.take("n", int, "write a number of samples, at least 2", 0)
    if "n" in table.values and n < 2:
        raise table.error("n", f"is {n}: write a number of samples, at least 2")
    return Evaluated(
        table.take("evaluate", str, "write the name of a score of `ganzoo evaluate`"),
        n or None,
        table.take("checkpoint", str, 'write "last", "best" or a step in quotes', "last"),
        table.take("features", str, "write a name that `ganzoo extractors` lists", "classifier"),
    )


def _logged(table: Table) -> Logged:
    key = table.take("metrics", str, "write a key of metrics.jsonl")
    take = table.take("take", str, f"write one of {', '.join(TAKES)}", LAST)
    if take not in TAKES:
        raise table.error("take", f"is {take!r}: write one of {', '.join(TAKES)}")
    return Logged(key, take, table.take("after", int, "write a step", 0))


def _correlation(table: Table) -> RankCorrelation:
    advice = "write two keys of metrics.jsonl, of which the second is measured by evaluate_every"
    keys = table.take("rank_correlation", list, advice)
    if len(keys) != 2 or not all(isinstance(key, str) for key in keys):
        raise table.error("rank_correlation", f"is {keys}: {advice}")
    return RankCorrelation(*keys)


def _relation(table: Table, rivals: list[str]) -> Relation:
    advice = 'write { at_least = 8 }, or { at_most = 0.5, of = "ARM" } for half of an arm\'s; also '
    advice += "above, below and within = [LEAST, GREATEST]"
    entry = table.take("holds", Mapping, advice)
    chosen = [kind for kind in RELATIONS if kind.replace(" ", "_") in entry]
    if len(chosen) != 1:
        raise table.error("holds", f"is {dict(entry)}: {advice}")
    (kind,) = chosen
    inner = Table(f"{table.where}, holds", entry)
    wanted = list if kind == "within" else (int, float)
    bounds = inner.take(kind.replace(" ", "_"), wanted, advice)
    numbers = bounds if isinstance(bounds, list) else [bounds]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        raise inner.error(kind, f"is {bounds}: write numbers")
    if kind == "within" and (len(numbers) != 2 or numbers[0] > numbers[1]):
        raise inner.error(kind, f"is {bounds}: write the least and the greatest")
    of = inner.take("of", str, "write the name of an arm", "")
    if of and of not in rivals:
        raise inner.error("of", f"is '{of}': it must be one of the rivals ({', '.join(rivals)})")
    for rival in rivals:
        if rival != of:
            raise inner.error("of", f"is not {rival}: write that, or leave the arm {rival} out")
    inner.end()
    return Relation(kind, tuple(float(one) for one in numbers), of)
