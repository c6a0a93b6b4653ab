"""What follows from the fields that a variant needs: words for the user, and what is refused."""

from collections.abc import Iterable
from itertools import permutations

from ganzoo.data.kinds import kind_of
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Group, Need, VariantSpec


def in_words(needs: tuple[tuple[Need, ...], ...] | str) -> str:
    """What data a variant is trained on, for the user: ``"labelled images or points"``."""
    if isinstance(needs, str):  # of a plugin for API 1, whose row is shown all the same
        return needs
    phrases = [_group_in_words(group) for group in needs]
    if len(phrases) == 1:
        return phrases[0]
    if len(set(phrases)) == 1:
        return f"{_number(len(phrases))} unpaired sets of {phrases[0]}"
    return f"unpaired sets: {' and '.join(phrases)}"


def check_suits(spec: VariantSpec, data: DataSpec) -> None:
    """Refuse data that lack what the variant needs; what else, its constructor refuses.

    Raises:
        GanzooError: a group or a field is missing, or is of another kind.
    """
    name, needs = spec.name, spec.needs
    if len(needs) > data.domains:
        given = f"{name} is played on two domains, and '{data.name}' is one"
        if not data.is_image:
            held = kind_of(data.kind).words
            raise GanzooError(f"{given}, of {held}: use images, as in --dataset glyphs+ink")
        raise GanzooError(
            f"{given}: put a plus between the names of two, as in --dataset glyphs+ink or "
            "folder+glyphs, or use --dataset unpaired"
        )
    if len(needs) < data.domains:
        raise GanzooError(
            f"{name} is played on one set of samples, and '{data.name}' is two domains: name one "
            "of them alone, as in --dataset folder --data-root DIR/trainA"
        )
    for wanted, group in zip(needs, data.groups, strict=True):
        for need in wanted:
            _check_field(spec, need, group, data)


def suits(spec: VariantSpec, data: DataSpec) -> bool:
    """Whether the data have what the variant needs."""
    try:
        check_suits(spec, data)
    except GanzooError:
        return False
    return True


def first_suitable(spec: VariantSpec, known: Iterable[DataSpec]) -> str:
    """The first of the data sets, or the first two as A+B, that have what the variant needs.

    Args:
        spec: whose needs.
        known: what is known of each data set.

    Returns:
        Its name, as ``--dataset`` takes it; empty: there is none.
    """
    known = [*known]
    single = (data.name for data in known if suits(spec, data))
    double = (data.name for data in _unpaired(known) if len(spec.needs) > 1 and suits(spec, data))
    return next(single, "") or next(double, "")


def _check_field(spec: VariantSpec, need: Need, group: Group, data: DataSpec) -> None:
    found = {field.name: field for field in group}.get(need.field)
    if found is not None and found.kind in need.kinds:
        return
    wanted = f"{spec.name} needs {in_words(spec.needs)}, and '{data.name}' has"
    if need.kinds == ("label",):
        raise GanzooError(
            f"{spec.name} needs labelled data, and '{data.name}' has no labels: of a folder, give "
            "each class a sub-folder of its own"
        )
    same = [field.name for field in group if field.kind in need.kinds]
    if same == ["image"] and need.field in ("source", "target"):
        raise GanzooError(
            f"{wanted} single ones, no field '{need.field}': have pairs made of them, as "
            "in --dataset NAME/edges or NAME/colourise, or use --dataset pairs"
        )
    if same:
        raise GanzooError(
            f"{wanted} no field '{need.field}' but {' and '.join(map(repr, same))}: name a data "
            f"set that has '{need.field}'"
        )
    held = " and ".join(kind_of(field.kind).words for field in group if field.kind != "label")
    raise GanzooError(
        f"{wanted} {held}: name another --dataset, of those that `ganzoo datasets` lists"
    )


def _group_in_words(group: tuple[Need, ...]) -> str:
    first = [kind_of(need.kinds[0]) for need in group]
    samples = [_need_in_words(n) for n, kind in zip(group, first, strict=True) if not kind.beside]
    beside = [kind for kind in first if kind.beside]
    if len(samples) > 1 and len(set(samples)) == 1:
        said = f"pairs of {samples[0]}" if len(samples) == 2 else f"aligned {samples[0]}"
    else:
        said = " with ".join(samples) or " and ".join(kind.words for kind in beside)
    for kind in beside if samples else ():
        said = kind.beside.format(said)
    return said


def _need_in_words(need: Need) -> str:
    first, *others = (kind_of(kind).words for kind in need.kinds)
    if not need.of:
        return " or ".join((first, *others))
    return f"{first} of {need.of}" + "".join(f", or {other}" for other in others)


def _unpaired(known: list[DataSpec]) -> Iterable[DataSpec]:
    """Two sets of images beside each other, brought to one shape as ``--dataset A+B`` does it."""
    images = [data for data in known if data.is_image and data.domains == 1]
    for first, second in permutations(images, 2):
        yield DataSpec.unpaired(first, second, f"{first.name}+{second.name}")


def _number(count: int) -> str:
    return {2: "two", 3: "three"}.get(count, str(count))
