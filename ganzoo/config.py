"""Settings as dataclasses whose fields carry their own documentation and range.

One field is at once a default, a flag of the command line, a key of a TOML file and a row of
``ganzoo info``::

    @dataclass(frozen=True)
    class Config:
        lr: float = option(2e-4, "learning rate of both Adams", above=0)
        generator_widths: tuple[int, ...] = option((128, 256), "units a hidden layer", minimum=1)
"""

import dataclasses
import inspect
import math
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ganzoo.errors import GanzooError, UnknownError, unknown

C = TypeVar("C")

NAMES = LOSS, REGULARISERS, AUGMENTATIONS = "loss", "regularisers", "augmentations"
"""What the text of a setting may name of what plugins offer."""

LARGEST = 2**63 - 1
"""The greatest whole number that a tensor can have, or as many as it can have of anything."""


@dataclasses.dataclass(frozen=True)
class Option:
    """One documented setting of a config dataclass."""

    name: str
    type: Any
    default: Any
    doc: str
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | Mapping[str, Any] = ()
    names: str = ""
    """One of `NAMES`, where the value is a text that names such."""

    @property
    def flag(self) -> str:
        """As typed on the command line: ``--batch-size``."""
        return "--" + self.name.replace("_", "-")

    @property
    def range(self) -> str:
        """The allowed values in words, empty where any will do."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = []
        if self.minimum is not None:
            words.append(f"at least {self.minimum}")
        if self.above is not None:
            words.append(f"above {self.above}")
        if self.maximum is not None:
            words.append(f"at most {self.maximum}")
        return " and ".join(words)

    def convert(self, value: object) -> Any:
        """`value`, a string from the command line or a TOML value, as this option's type.

        Raises:
            GanzooError: it has another type or lies outside the range.
        """
        if value is None and type(None) in get_args(self.type):
            return None
        if get_origin(self.type) is tuple:
            items = _split(value)
            if items is None:
                raise self._error(value, "a list of whole numbers such as 128,256")
            kind = get_args(self.type)[0]
            return tuple(self._check(_scalar(kind, item), item) for item in items)
        kinds = [kind for kind in get_args(self.type) or (self.type,) if kind is not type(None)]
        return self._check(_scalar(kinds[0], value), value)

    def _check(self, value: Any, given: object) -> Any:
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            kind = next((k for k in get_args(self.type) if k is not type(None)), self.type)
            raise self._error(given, _KINDS.get(kind, str(kind)))
        if self.choices and value not in self.choices:
            raise unknown(f"{self.flag} value", str(value), self.choices)
        if isinstance(value, int) and abs(value) > LARGEST:
            raise self._error(given, f"at most {LARGEST}" if value > 0 else f"at least -{LARGEST}")
        number = value if isinstance(value, int | float) else math.inf
        if (
            (self.minimum is not None and number < self.minimum)
            or (self.above is not None and number <= self.above)
            or (self.maximum is not None and number > self.maximum)
        ):
            raise self._error(given, self.range)
        return value

    def _error(self, given: object, wanted: str) -> GanzooError:
        return GanzooError(f"{self.flag} must be {wanted}, not {given}")


def option(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | Mapping[str, Any] = (),
    names: str = "",
) -> Any:
    """A dataclass field with its one-line documentation and its range.

    Args:
        default: the value when the user names none. Its field may be annotated bool, int, float,
            str, one of these ``| None``, or ``tuple[int, ...]``.
        doc: one line, without a full stop: it becomes the flag's help.
        minimum: the least value allowed, of each element for a tuple.
        above: the value that must be exceeded.
        maximum: the greatest value allowed.
        choices: the only strings allowed; of presets by name ``ganzoo info`` shows the attributes.
        names: one of `NAMES`: the value is a text that names what plugins offer, and the variant
            gets in its place what that is: an `AdversarialLoss`, or regularisers or augmentations
            by name. The field is annotated as that.
    """
    limits = {"minimum": minimum, "above": above, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata={"doc": doc, **limits, "names": names})


def options(config: type) -> dict[str, Option]:
    """The settings of a config dataclass by field name, in the order of the class.

    Raises:
        TypeError: `config` is no dataclass, or a field is undocumented.
    """
    hints = get_type_hints(config)
    found = {}
    for field in dataclasses.fields(config):
        if "doc" not in field.metadata:
            raise TypeError(f"{config.__qualname__}.{field.name} is not made by ganzoo.option()")
        found[field.name] = _option(field, hints[field.name])
    return found


def _option(field: "dataclasses.Field[Any]", hint: Any) -> Option:
    """The setting that a field describes, with the type of what is typed for it."""
    kind = hint
    if field.metadata["names"]:
        kind = str if isinstance(field.default, str) else str | None
    return Option(field.name, kind, field.default, **field.metadata)


def build(config: type[C], values: Mapping[str, object]) -> C:
    """The config that `values` describe, by field name or flag name; the rest is default.

    Raises:
        GanzooError: a name does not exist, or a value has the wrong type or range.
    """
    known = options(config)
    converted = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            raise unknown_setting(key, known)
        converted[name] = known[name].convert(value)
    return config(**converted)


def unknown_setting(
    key: str, known: Iterable[str], hint: str = "", without: Mapping[str, str] | None = None
) -> UnknownError:
    """The error for a setting that does not exist: why, or those that do, as the user spells."""
    if why := (without or {}).get(key.replace("-", "_")):
        return UnknownError(f"there is no setting '{key}': {why}{hint}")
    spelled = known if "_" in key else [name.replace("_", "-") for name in known]
    return unknown("setting", key, spelled, hint)


def own_settings(config: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are settings of `config`: of a recipe, which says more."""
    known = options(config)
    return {name: value for name, value in values.items() if name in known}


def check_config(
    variant: type, taken: frozenset[str], attribute: str = "Config", command: str = "train"
) -> None:
    """See whether the settings of a variant can be flags of a command.

    Args:
        variant: the class.
        taken: the names of the command's own flags, with underscores.
        attribute: of the class, where its settings are.
        command: of ganzoo.

    Raises:
        GanzooError: they are no dataclass of documented options, or one of them has a type that no
            flag has, a default that is not allowed, or the name of another flag.
    """
    config, name = getattr(variant, attribute, None), f"{variant.__name__}.{attribute}"
    if not isinstance(config, type):
        raise GanzooError(
            f"{variant.__name__} has no {attribute}: it must be a dataclass of ganzoo.option() "
            "fields"
        )
    if not _is_decorated(config):
        raise GanzooError(f"{name} is no dataclass: write @dataclass(frozen=True) above it")
    try:
        hints = get_type_hints(config)
    except Exception as error:  # an annotation is code of the author's
        raise GanzooError(
            f"{name} has an annotation that cannot be evaluated ({_one_line(error)}): import what "
            "it names at the top of the module"
        ) from error
    for field in dataclasses.fields(config):
        _check_field(f"{name}.{field.name}", field, hints[field.name])
    own = options(config)
    for key in own.keys() & (taken | _negatives(own)):
        raise GanzooError(
            f"{name}.{key} would be a second flag {own[key].flag} of `ganzoo {command}`: rename it"
        )
    try:
        config()
    except Exception as error:  # of a __post_init__, or for want of a default
        raise GanzooError(
            f"{name}() raises {_one_line(error)}: it must accept its own defaults"
        ) from error


def _is_decorated(config: type) -> bool:
    """Whether the class is a dataclass, all that it writes and inherits included."""
    overlooked = not dataclasses.is_dataclass(config) or any(
        isinstance(value, dataclasses.Field)
        for base in config.__mro__
        for value in vars(base).values()
    )
    own = "__dataclass_fields__" in vars(config)  # a subclass of a dataclass has it from there
    return not overlooked and (own or not inspect.get_annotations(config))


def _check_field(name: str, field: "dataclasses.Field[Any]", kind: Any) -> None:
    if field.metadata.keys() != option(None, "").metadata.keys():
        raise GanzooError(
            f'{name} is not made by ganzoo.option(): write option(DEFAULT, "what it is"), from '
            "which its flag is made"
        )
    doc = field.metadata["doc"]
    if not (isinstance(doc, str) and doc.strip()) or "\n" in doc:
        raise GanzooError(f"{name} is not documented: say in one line what it is")
    found = _option(field, kind)
    if not _has_flag(found.type):
        raise GanzooError(
            f"{name} is annotated {inspect.formatannotation(kind)}: it must be bool, int, float, "
            "str, one of these | None, or tuple[int, ...]"
        )
    try:
        allowed = found.convert(field.default) == field.default
    except (GanzooError, TypeError):  # TypeError: a limit that is none
        allowed = False
    if not allowed:
        raise GanzooError(
            f"{name} has the default {field.default!r}: it must be a value that {found.flag} "
            f"itself accepts{f', {found.range}' if found.range else ''}"
        )


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _has_flag(kind: Any) -> bool:
    """Whether values of the annotated type can be typed on the command line."""
    if get_origin(kind) is tuple:
        return get_args(kind) == (int, ...)
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return len(kinds) == 1 and kinds[0] in _KINDS
    return isinstance(kind, type) and kind in _KINDS


def _negatives(known: Mapping[str, Option]) -> set[str]:
    """The names that ``--no-...`` flags take."""
    return {f"no_{name}" for name, option in known.items() if option.type is bool}


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _split(value: object) -> list[object] | None:
    if isinstance(value, str):
        return [item for item in value.split(",") if item.strip()]
    return list(value) if isinstance(value, list | tuple) else None


def _scalar(kind: Any, value: object) -> Any:
    """`value` as `kind`, or None where it is not one."""
    if kind is bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if kind is str:
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        return str(value) if plain else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
        if kind is float:
            return number
        return int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None


def parse_size(text: str | None) -> tuple[int, int] | None:
    """``"64"`` or ``"96x80"`` as (height, width).

    Raises:
        GanzooError: it is neither.
    """
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})(?:x([1-9]\d{0,3}))?", text)
    if not found:
        raise GanzooError(
            f"--image-size must be a number such as 64, or HEIGHTxWIDTH such as 96x80, not {text}"
        )
    return int(found[1]), int(found[2] or found[1])


def as_typed(value: Any) -> str:
    """A setting's value as it is typed; empty, where it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def as_flags(values: Mapping[str, Any]) -> list[str]:
    """Settings by name as they are typed behind a command; what is not set is left out."""
    flags = []
    for name, value in values.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(flag if value else flag.replace("--", "--no-", 1))
        elif value is not None:
            flags += [flag, str(value) if isinstance(value, float) else as_typed(value)]
    return flags
