"""Which samples are trained on, and which are held out: as folders say, or every tenth."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ganzoo.data.files.found import BY_NAME, RULES
from ganzoo.errors import GanzooError, counted

T = TypeVar("T")

Report = Callable[[str], None]

NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "val": ("val", "valid", "validation", "dev"),
}
"""What folders of a split are called, in any case."""
_SHOWN = 5


class Split(NamedTuple):
    """Files of a folder, relative to it."""

    files: dict[str, list[str]]
    """By the name of the split, ``"train"`` or ``"test"``."""
    depth: int
    """How many folders down is what would be there without folders of splits."""


def by_folders(
    root: Path, files: Sequence[str], report: Report, what: str, rules: int = RULES
) -> Split | None:
    """The splits that folders directly below `root` are named after; None: they say nothing.

    Args:
        root: where the files are.
        files: their paths, relative to it.
        report: is told which folder is which split where that is not plain, and what is left out.
        what: one of them is, for the user: ``"image"``.
        rules: see `ganzoo.data.files.found.RULES`.

    Raises:
        GanzooError: two folders are named after one split.
    """
    if rules == BY_NAME:
        names = {"train": "train", "test": "test"}
        if not all((root / name).is_dir() for name in names):
            return None
        return Split({name: _below(files, name) for name in names}, 1)
    heads = Counter(file.partition("/")[0] for file in files if "/" in file)
    roles = {role: _only(root, [*heads], role) for role in NAMES}
    loose = len(files) - heads.total()
    train, test, val = (roles[role] for role in NAMES)
    if train and (test or val):
        held = test or val
        if test and val:
            report(f"'{val}' of '{root}' is left out: '{train}' and '{test}' are the splits")
        elif val:
            report(f"'{val}' of '{root}' is the test split, as there is no test")
        split = Split({"train": _below(files, train), "test": _below(files, held)}, 1)
        if not val:
            report(
                f"'{train}' and '{test}' of '{root}' are the splits: "
                f"{counted(len(split.files['train']), what)} to train on, "
                f"{len(split.files['test']):,} to test"
            )
        beside = [file for file in files if file.partition("/")[0] not in (train, test, val)]
        beside += [file for file in files if file in (train, test, val)]
        if beside:
            report(
                f"left out: {counted(len(beside), what)} of '{root}' beside its "
                f"folders '{train}' and '{held}', such as '{beside[0]}'"
            )
        return split
    there = [name for name in roles.values() if name]
    if there and len(heads) == 1 and not loose:
        report(
            f"'{there[0]}' of '{root}' is taken for a split, and no class: all {what}s lie there"
        )
        return Split({"train": [*files], "test": []}, 1)
    if there:
        report(
            f"'{there[0]}' of '{root}' is taken for no split: that needs 'train' and 'test', or "
            "'train' and 'val', or one of them alone"
        )
    return None


def find_folder(root: Path, path: str, role: str = "", rules: int = RULES) -> str:
    """A folder below `root` as it is spelled there, whatever the case; empty: there is none.

    Args:
        root: that exists.
        path: relative to it, such as ``"{}A"`` or ``"A/{}"``, with {} for the name of a split.
        role: of `NAMES`, by any of whose names it is found; empty: of none.
        rules: see `ganzoo.data.files.found.RULES`.

    Raises:
        GanzooError: there are several.
    """
    if rules == BY_NAME:
        spelled = path.format(role)
        return spelled if (root / spelled).is_dir() else ""
    found = ""
    for part in path.split("/"):
        where = root / found
        there = [each.name for each in where.iterdir() if each.is_dir()] if where.is_dir() else []
        names = [part.format(name).lower() for name in NAMES.get(role, ("",))]
        same = sorted(name for name in there if name.lower() in names)
        exact = [name for name in same if name == part.format(role)]
        if len(same) > 1 and not exact:
            raise GanzooError(
                f"'{where}' has the folders {' and '.join(same)}, and one of them is needed: "
                "rename the others"
            )
        if not same:
            return ""
        found = f"{found}/{(exact or same)[0]}".lstrip("/")
    return found


def held_out(
    where: Path,
    samples: Sequence[T],
    report: Report,
    what: str = "image",
    classes: Sequence[str] = (),
    rules: int = RULES,
) -> tuple[list[T], list[T]]:
    """Samples without every tenth, and every tenth, for a test split.

    Classes are held out in equal shares, class by class; what is the only sample of its class is
    trained on.

    Args:
        where: they come from, for the user.
        samples: in an order that stays, such as that of their names.
        report: is told of it.
        what: one of them is, for the user.
        classes: of each; empty: they have none.
        rules: see `ganzoo.data.files.found.RULES`.
    """
    order = [*range(len(samples))]
    sizes = Counter(classes)
    if rules == BY_NAME or len(sizes) == len(samples):  # names of samples, and no classes
        sizes.clear()
    if sizes:
        order = sorted(
            (number for number in order if sizes[classes[number]] > 1),
            key=lambda number: classes[number],
        )
    chosen = {*order[9::10]}
    train = [one for number, one in enumerate(samples) if number not in chosen]
    test = [one for number, one in enumerate(samples) if number in chosen]
    if test:
        report(
            f"every tenth {what} of '{where}' is the test split: {len(train)} to train on, "
            f"{len(test)} to test"
        )
    if test and sizes:
        _report_rare(Counter(classes), Counter(classes[number] for number in chosen), what, report)
    return train, test


def _report_rare(
    sizes: Mapping[str, int], tested: Mapping[str, int], what: str, report: Report
) -> None:
    """Say of classes that have fewer than ten how many are tested, if of one there are none."""
    rare = sorted((tested.get(name, 0), size, name) for name, size in sizes.items() if size < 10)
    if rare and not rare[0][0]:
        told = ", ".join(f"{held} of {size} of '{name}'" for held, size, name in rare[:_SHOWN])
        more = f" and so on of {len(rare) - _SHOWN} more" if rare[_SHOWN:] else ""
        report(
            f"{len(rare)} of {counted(len(sizes), 'class')} have fewer than ten {what}s, of which "
            f"one is held out, or none: {told}{more}"
        )


def _below(files: Sequence[str], folder: str) -> list[str]:
    return [file for file in files if file.startswith(f"{folder}/")]


def _only(root: Path, names: Sequence[str], role: str) -> str:
    """The one of these folders that is named after a split; empty: none is."""
    same = sorted(name for name in names if name.lower() in NAMES[role])
    exact = [name for name in same if name == role]
    if len(same) > 1 and not exact:
        raise GanzooError(
            f"the folder '{root}' has {' and '.join(same)}, which are one split: rename one of them"
        )
    return (exact or same or [""])[0]
