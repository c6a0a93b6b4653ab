"""What a plugin registers, and what a variant is told about its data: plain dataclasses, no torch.

A spec names its code by a string, ``"package.module:attribute"``, which is imported only by the
commands that train, sample or measure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any

API = 2
"""The version of the plugin interface; a spec built for another one is listed, not loaded."""

MADE, DOWNLOADED, FILES = SOURCES = ("made on the spot", "downloaded", "your files")
"""Where data sets come from."""


@dataclass(frozen=True)
class Field:
    """One tensor of a data set, of which each sample has a row."""

    name: str
    """What it is called in `Batch.data`: ``"image"``, ``"label"``, ``"source"``."""
    kind: str
    """What its values are: a module of `ganzoo.data.kinds`."""
    shape: tuple[int, ...] = ()
    """Of one sample: (channels, height, width) of an image, () of a label."""
    names: tuple[str, ...] = ()
    """Of the classes, the attributes, the vocabulary or the columns."""
    codec: str = ""
    """How values stand for what the user has, in the kind's words: ``"16 bits"`` of an image."""

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))


Group = tuple[Field, ...]
"""Fields that are aligned: row i of each is of sample i. The first one is the sample itself."""


@dataclass(frozen=True)
class Need:
    """One field that a variant needs."""

    kinds: tuple[str, ...]
    """Any of them will do."""
    name: str = ""
    """What it is called; empty: as usual for its kind, see `usual_name`."""
    of: str = ""
    """What else the first kind must be, for the user: ``"28 to 128 pixels"``."""

    @property
    def field(self) -> str:
        """What the field is called in `Batch.data`."""
        return self.name or usual_name(self.kinds[0])


def usual_name(kind: str) -> str:
    """What a field is called where there is nothing to tell it from: as its kind.

    Points are called ``image`` too: what is trained on both reads `Batch.image`.
    """
    return "image" if kind == "point" else kind


@dataclass(frozen=True)
class Advice:
    """For which images a variant is recommended, by ``ganzoo recommend``."""

    why: str
    """What makes it suit them, as the rest of a sentence: ``"because its D ..."``."""
    least: int = 1
    """Training images that there must be."""
    most: int | None = None
    """Training images beyond which others suit better; None: there is no such number."""


@dataclass(frozen=True)
class VariantSpec:
    """A GAN that ``ganzoo train NAME`` can train."""

    name: str
    """What the user types, in lower case: ``wgan-gp``."""
    target: str
    """Where the `ganzoo.Variant` subclass is: ``"ganzoo_dcgan.variant:DCGAN"``."""
    title: str
    """The paper's title."""
    year: int
    """The paper's year."""
    paper: str = ""
    """A link to the paper."""
    needs: tuple[tuple[Need, ...], ...] = ((Need(("image",)),),)
    """The groups of aligned fields that it is trained on; other data are refused."""
    dataset: str = ""
    """The data set for a user who names none, made on the spot; empty: the first that suits."""
    advice: Advice | None = None
    """For which images it is recommended; None: for none that nobody asks it for."""
    api: int = API
    """The plugin interface that it was built for."""


@dataclass(frozen=True)
class DatasetSpec:
    """A source of data that ``--dataset NAME`` can name."""

    name: str
    """What the user types, in lower case."""
    target: str
    """Where the loader is, a function ``(DataRequest) -> Dataset`` (see `ganzoo.data`)."""
    title: str
    """What it holds, in a few words."""
    shape: str
    """Its shape for the user, ``"1x28x28"`` or ``"any size"``."""
    classes: int = 0
    """How many labels; 0 where it has none or where that depends on the files."""
    source: str = MADE
    """Where it comes from: one of `SOURCES`."""
    groups: tuple[Group, ...] = ()
    """Its fields, where they are known before it is loaded and not said by `shape` and `classes`,
    which stand for images, or points, and their labels."""
    api: int = API
    """The plugin interface that it was built for."""


@dataclass(frozen=True)
class PartSpec:
    """Something by which a variant is trained or judged, named after a flag."""

    name: str
    """What the user types, in lower case."""
    target: str
    """Where it is: ``"ganzoo_mine.losses:hinge"``."""
    title: str
    """What it is, in a few words."""
    paper: str = ""
    """A link to the paper."""
    api: int = API
    """The plugin interface that it was built for."""


class LossSpec(PartSpec):
    """A `ganzoo.losses.AdversarialLoss`, or a subclass that has a `Config`, for ``--loss NAME``."""


class RegulariserSpec(PartSpec):
    """A `ganzoo.regularisers.Regulariser` subclass, a term of D's loss for ``--regulariser``."""


@dataclass(frozen=True)
class AugmentationSpec(PartSpec):
    """A `ganzoo.augmentations.SeenAugmentation` subclass for ``--augment``, of what D sees."""

    for_few: bool = False
    """Whether its paper advises it where there are few samples."""


@dataclass(frozen=True)
class EvaluatorSpec(PartSpec):
    """A `ganzoo.metrics.evaluator.Evaluator` that ``--metrics NAME`` can name."""

    kinds: tuple[str, ...] = ()
    """The kinds of data that it is for, such as ``("image",)``; empty: any."""
    ability: str = "sampler"
    """Which ability it judges: a name of `ganzoo.abilities.ABILITIES`; empty: any variant."""


class ExtractorSpec(PartSpec):
    """A `ganzoo.metrics.features.source.Source` of what sees features, for ``--features NAME``."""


class LoggerSpec(PartSpec):
    """A `ganzoo.training.observer.Observer` subclass for ``--log-to NAME``: it sends what a
    training tells to another program, such as one that draws curves."""


class ExecutorSpec(PartSpec):
    """A `ganzoo.jobs.executor.Executor` subclass for ``--executor NAME``: it runs many trainings,
    perhaps on several machines."""


@dataclass(frozen=True)
class DataSpec:
    """What a variant is told about the data that it will be trained on.

    Of several groups, which are unpaired, the first is said to be the domain a, and so on.
    """

    groups: tuple[Group, ...]
    """Fields of one group are aligned sample by sample; groups are not."""
    name: str = "data"
    """The data set's name, for error messages."""

    @classmethod
    def images(
        cls, shape: tuple[int, int, int], classes: int | tuple[str, ...] = 0, name: str = "data"
    ) -> "DataSpec":
        """Images (channels, height, width), and their labels where there are classes."""
        return cls._labelled(Field("image", "image", tuple(shape)), classes, name)

    @classmethod
    def points(
        cls, dimensions: int, classes: int | tuple[str, ...] = 0, name: str = "data"
    ) -> "DataSpec":
        """Points, and their labels where there are classes."""
        return cls._labelled(Field(usual_name("point"), "point", (dimensions,)), classes, name)

    @classmethod
    def of_shape(
        cls, shape: tuple[int, ...], classes: int | tuple[str, ...] = 0, name: str = "data"
    ) -> "DataSpec":
        """Images where the shape has three dimensions, points where it has one."""
        if len(shape) == 3:
            return cls.images((shape[0], shape[1], shape[2]), classes, name)
        (dimensions,) = shape
        return cls.points(dimensions, classes, name)

    @classmethod
    def unpaired(cls, first: "DataSpec", second: "DataSpec", name: str = "data") -> "DataSpec":
        """Two domains whose samples are called ``a`` and ``b``, their labels ``a_label``, ..."""
        groups = (_renamed(part.groups[0], "ab"[k]) for k, part in enumerate((first, second)))
        return cls(tuple(groups), name)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "DataSpec":
        """What `to_dict` gave, perhaps by way of JSON; other keys are left alone."""
        groups = tuple(
            tuple(
                Field(
                    field["name"],
                    field["kind"],
                    tuple(field["shape"]),
                    tuple(field["names"]),
                    field["codec"],
                )
                for field in group
            )
            for group in told["groups"]
        )
        return cls(groups, told["name"])

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "groups": [[_plain(field) for field in group] for group in self.groups],
        }

    @property
    def sample(self) -> Field:
        """The first field: what `Variant.forward` makes, unless the variant says otherwise."""
        return self.groups[0][0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (channels, height, width) of an image, (dimensions,) of a point."""
        return self.sample.shape

    @property
    def kind(self) -> str:
        """Of the samples."""
        return self.sample.kind

    @property
    def is_image(self) -> bool:
        """Whether a sample is an image with values in [-1, 1]."""
        return self.kind == "image"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels' names, of the first group; label k is ``class_names[k]``."""
        labels = (field.names for field in self.groups[0] if field.kind == "label")
        return next(labels, ())

    @property
    def classes(self) -> int:
        """How many labels the first group has; 0: unlabelled."""
        return len(self.class_names)

    @property
    def domains(self) -> int:
        """How many groups there are; 2: two unpaired sets of samples."""
        return len(self.groups)

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of all groups, by name."""
        return {field.name: field for group in self.groups for field in group}

    def group(self, number: int) -> "DataSpec":
        """One group as data of its own, whose fields are called as if there were no other."""
        if len(self.groups) == 1:
            return self
        first, *rest = self.groups[number]
        letter = "ab"[number]
        names = self.name.split("+")
        name = names[number] if len(names) == len(self.groups) else f"{self.name}-{letter.upper()}"
        fields = (
            replace(first, name=usual_name(first.kind)),
            *(replace(field, name=field.name.removeprefix(f"{letter}_")) for field in rest),
        )
        return DataSpec((fields,), name)

    @classmethod
    def _labelled(cls, sample: Field, classes: int | tuple[str, ...], name: str) -> "DataSpec":
        names = tuple(map(str, range(classes))) if isinstance(classes, int) else tuple(classes)
        label = (Field("label", "label", (), names),) if names else ()
        return cls(((sample, *label),), name)

    def __str__(self) -> str:
        return str(self.sample)


def _renamed(group: Group, letter: str) -> Group:
    """The fields of one of several domains: ``a``, ``a_label``."""
    first, *rest = group
    return replace(first, name=letter), *(
        replace(field, name=f"{letter}_{field.name}") for field in rest
    )


def _plain(field: Field) -> dict[str, Any]:
    plain = asdict(field)
    return plain | {"shape": [*field.shape], "names": [*field.names]}


def resolve(target: str) -> Any:
    """Import what ``"package.module:attribute"`` names.

    Raises:
        ImportError: the module or the attribute does not exist.
        ValueError: `target` is not of that form.
    """
    module, colon, attribute = target.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"'{target}' is not of the form 'package.module:attribute'")
    try:
        return getattr(import_module(module), attribute)
    except AttributeError as error:
        raise ImportError(f"module '{module}' has no '{attribute}'") from error
