"""What a sweep consists of, and the manifest by which the same command goes on with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import read_note, refuse_links, write_json
from ganzoo.config import as_flags, options, unknown_setting
from ganzoo.data.dataset import DataRequest
from ganzoo.errors import GanzooError
from ganzoo.plugins.catalog import is_of_the_user
from ganzoo.plugins.registry import registry
from ganzoo.sweeps.space import Range, Setting, draw, grid, label, read_space, spelled, value_text
from ganzoo.training.settings import Training

if TYPE_CHECKING:
    from ganzoo.variant import Variant

MANIFEST = "sweep.json"
LOGS = ".logs"
"""The folder of what the processes say; ``*`` beside it stands for what one looks at."""
_LONG = 120
"""Bytes of a run's name, at most."""
MOST = 100_000
"""Runs of a sweep, at most."""


@dataclass(frozen=True)
class Trial:
    """One training of a sweep: a setting and a seed."""

    variant: str
    given: Mapping[str, Any]
    """All that is set, what is varied and the seed included."""
    setting: Setting
    """What is varied."""
    seed: int
    folder: Path
    """Of the sweep."""

    @property
    def name(self) -> str:
        """Of its run's folder."""
        parts = {**{spelled(k): value_text(v) for k, v in self.setting.items()}, "seed": self.seed}
        plain = "_".join(f"{name}={value}" for name, value in parts.items())
        name = re.sub(r"[^\w.+=-]", "-", plain).encode()[:_LONG].decode(errors="ignore")
        if name == plain:
            return name
        return f"{name}-{hashlib.sha256(plain.encode()).hexdigest()[:6]}"

    @property
    def path(self) -> Path:
        """Its run's folder."""
        return self.folder / self.name

    @property
    def log(self) -> Path:
        """The file with what its processes say."""
        return self.folder / LOGS / f"{self.name}.log"

    @property
    def train(self) -> list[str]:
        """The arguments of ganzoo that start it."""
        return ["train", self.variant, *as_flags(self.given), "--out", str(self.path)]

    @property
    def evaluate(self) -> list[str]:
        """The arguments of ganzoo that measure it."""
        device = as_flags({"device": self.given.get("device")})
        return ["evaluate", str(self.path), *device]


@dataclass(frozen=True)
class Plan:
    """A sweep: every setting with every seed."""

    variant: str
    """With its plugin's name."""
    fixed: Mapping[str, Any]
    """What is set in all trainings."""
    settings: Sequence[Setting]
    """What is varied."""
    seeds: Sequence[int]
    folder: Path
    evaluate: bool = True
    """Whether each run is evaluated, when it is finished."""
    threads: int | None = None
    """Of each training; None: its share of the cores."""
    said: Sequence[str] = ()
    """How settings were drawn, in sentences."""

    @property
    def device(self) -> str:
        """Where they are trained, as ``--device`` has it."""
        return str(self.fixed.get("device") or "auto")

    @property
    def logs(self) -> Path:
        """The folder of what the processes say."""
        return self.folder / LOGS

    @property
    def trials(self) -> list[Trial]:
        """All trainings: each setting once, then each with the next seed."""
        return [
            Trial(self.variant, {**self.fixed, **one, "seed": seed}, one, seed, self.folder)
            for seed in self.seeds
            for one in self.settings
        ]

    def check_folder(self) -> None:
        """See whether the folder is to be made, or that of the same sweep.

        Settings and seeds may have been others: what is there of them is kept.

        Raises:
            GanzooError: it is another's, or has links in it, or two runs would have one name.
        """
        names = [trial.name for trial in self.trials]
        if len({*names}) < len(names):
            raise GanzooError(
                "two runs of this sweep would have one name, as all that is varied makes names too "
                "long: give the longest of the settings a shorter value, or vary fewer"
            )
        path = self.folder / MANIFEST
        if path.exists():
            refuse_links(self.folder)
            self._check_same(path, self._asked)
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise GanzooError(
                f"{self.folder} holds something else than a sweep: choose another folder with --out"
            )

    @property
    def _asked(self) -> dict[str, Any]:
        return {"variant": self.variant, "fixed": _jsonable(self.fixed)}

    def open_folder(self) -> None:
        """Make the folder, or see that it is that of the same sweep: see `check_folder`.

        Raises:
            GanzooError: it is another's, or cannot be written.
        """
        self.check_folder()
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            runs = self._there() | {trial.name: _jsonable(trial.setting) for trial in self.trials}
            write_json(
                self.folder / MANIFEST, {**self._asked, "seeds": [*self.seeds], "runs": runs}
            )
        except OSError as error:
            raise GanzooError(
                f"the sweep's folder {self.folder} cannot be written ({error.strerror}): choose "
                "another with --out"
            ) from error

    def _there(self) -> dict[str, Any]:
        """The settings of runs that are there, of which this sweep may say nothing any more."""
        try:
            before = dict(json.loads(read_note(self.folder / MANIFEST))["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return {name: told for name, told in before.items() if (self.folder / name).exists()}

    def _check_same(self, path: Path, asked: Mapping[str, Any]) -> None:
        try:
            found = json.loads(read_note(path))
            variant, fixed = str(found["variant"]), dict(found["fixed"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GanzooError(f"{path} is damaged: choose another folder with --out") from error
        advice = "choose another folder with --out"
        if variant != asked["variant"]:
            raise GanzooError(f"{self.folder} is a sweep of {variant}: {advice}")
        for name in {**fixed, **asked["fixed"]}:
            was, now = fixed.get(name), asked["fixed"].get(name)
            if was != now:
                raise GanzooError(
                    f"{self.folder} is a sweep with --{spelled(name)} {_or_none(was)}, and not "
                    f"{_or_none(now)}: {advice}"
                )


def make_plan(
    variant: str,
    given: Mapping[str, object],
    varied: Mapping[str, object],
    *,
    seeds: int,
    random: int | None,
    out: Path | None,
    evaluate: bool = True,
) -> Plan:
    """Plan a sweep.

    Args:
        variant: its name.
        given: what is set in all trainings, as `ganzoo.training.start.start` takes it; ``seed`` is
            the first of the seeds.
        varied: see `read_space`.
        seeds: trainings of each setting.
        random: how many combinations are drawn; None: all of them.
        out: the folder; None: one that is named after the variant and the data.
        evaluate: see `Plan`.

    Raises:
        GanzooError: there is no such variant or setting, or something is varied and set.
    """
    registered = registry().variant(variant)
    cls: type[Variant] = registered.load()
    known = options(Training) | options(cls.Config)
    for name in given:
        if name not in known:
            raise unknown_setting(name, known, without=cls.without)
    fixed = {name: known[name].convert(value) for name, value in given.items()}
    space = read_space(varied, known, cls.without)
    for name in space.keys() & fixed.keys():
        raise GanzooError(
            f"{known[name].flag} is set, and varied by --set {spelled(name)}: leave one of them out"
        )
    if not space and random is not None:
        raise GanzooError("--random draws from what --set names, such as --set lr=1e-5..1e-3")
    first = int(fixed.pop("seed", None) or 0)
    settings = grid(space) if random is None else draw(space, random, first)
    if len(settings) * seeds > MOST:
        raise GanzooError(
            f"that would be {len(settings) * seeds:,} runs, and a sweep has {MOST:,} at most: "
            "leave some values or --seeds out"
        )
    threads = fixed.pop("threads", None)
    parts = ["sweep", registered.spec.name, *filter(None, [_data_name(fixed)])]
    folder = out or Path("runs") / re.sub(r"[^\w.+-]", "-", "-".join(parts))
    return Plan(
        registered.qualified,
        fixed,
        settings,
        range(first, first + seeds),
        folder,
        evaluate,
        threads,
        [
            f"{spelled(name)} is drawn {choice}"
            for name, choice in space.items()
            if isinstance(choice, Range)
        ],
    )


def _data_name(fixed: Mapping[str, Any]) -> str | None:
    """What data are called, as in the names of runs; None: the variant's own choice."""
    dataset, root = fixed.get("dataset"), fixed.get("data_root")
    if dataset is None or root is None:
        return dataset
    sets, slash, task = str(dataset).partition("/")
    name = DataRequest(Path(root)).folder_name
    parts = [name if is_of_the_user(part) else part for part in sets.split("+")]
    return "+".join(parts) + slash + task


def waiting(folder: Path) -> list[str] | None:
    """The names of the runs of a sweep in a folder that are not begun; None: it holds no sweep."""
    try:
        names = [*json.loads(read_note(folder / MANIFEST))["runs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return [name for name in map(str, names) if not (folder / name).exists()]


def described(plan: Plan) -> str:
    """How many trainings there are, in words."""
    n, seeds = len(plan.settings), len(plan.seeds)
    settings = "1 setting" if n == 1 else f"{n:,} settings"
    return f"{settings}, {'1 seed' if seeds == 1 else f'{seeds} seeds'} each: {n * seeds:,} runs"


def named(setting: Setting) -> str:
    """A setting in brackets, behind a sentence about it; nothing, where nothing is varied."""
    return f" (with {label(setting)})" if setting else ""


def _jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _or_none(value: object) -> str:
    return "as usual" if value is None else value_text(value)
