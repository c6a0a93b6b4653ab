"""What a data set is: groups of aligned tensors, and how a loader is asked for them."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.artifacts.places import expanded
from ganzoo.data.files.found import BY_NAME, RULES
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels
from ganzoo.data.files.zipped import is_zip
from ganzoo.data.kinds.image import image_field
from ganzoo.data.mapped import refuse_shortened
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Field


def _silent(message: str) -> None:
    """Ignore a message."""


def once(report: Callable[[str], None], *, alike: bool = False) -> Callable[[str], None]:
    """The same, but a message that is given several times is passed on once.

    Args:
        report: is told.
        alike: whether it is the same message, too, where only numbers of files differ.
    """
    given: set[str] = set()

    def reported(message: str) -> None:
        meant = re.sub(r"[\d,]+ (file|other)s?\b", r"\1s", message) if alike else message
        if meant not in given:
            given.add(meant)
            report(message)

    return reported


@dataclass(frozen=True)
class DataRequest:
    """What the user asked for: the argument of a `DatasetSpec.target`."""

    root: Path | None = None
    """``--data-root``; None: the default folder."""
    split: str = "train"
    """``"train"`` or ``"test"``."""
    image_size: tuple[int, int] | None = None
    """``--image-size`` as (height, width); None: the images' own size, or 64x64 where each has
    another."""
    seed: int = 0
    """Of a data set that is drawn and not read."""
    report: Callable[[str], None] = _silent
    """Called with a line of text for the user, such as a file that was skipped."""
    pixels: Pixels = AS_THEY_ARE
    """``--pixels``: how image files are read."""
    rules: int = RULES
    """By which files are found, split and held out: see `ganzoo.data.files.found.RULES`."""

    @property
    def folder_name(self) -> str:
        """What data are called that lie in the folder, or in the zip, that `root` names."""
        path = Path(os.path.realpath(expanded(self.root or "")))
        return path.stem if is_zip(path) else path.name

    @property
    def reading(self) -> Pixels:
        """How image files are read, by these rules."""
        return replace(self.pixels, managed=self.rules > BY_NAME)


@dataclass(frozen=True)
class Truth:
    """What is known of the samples of one group beyond what is trained on: for scoring alone."""

    per_channel: int = 0
    """Classes of each channel by itself, where the label is composed of the channels' (its digits
    in this base, the first channel's first); 0: it is not."""
    modes: Tensor | None = None
    """The centres of a mixture, float32 (modes, dimensions), where the truth is known."""
    mode_std: float = 0.0
    """The standard deviation of each component of such a mixture."""
    valid: Callable[[Tensor], Tensor] | None = None
    """Which samples keep the rules of the set: of values (n, ...) as its first field stores them,
    bool (n,). None: there are no rules, or nobody knows them."""
    drawings: str = ""
    """What the samples were made of, one by one, where other sets may be made of the same."""


NOTHING_KNOWN = Truth()


@dataclass(frozen=True)
class Dataset:
    """One split of a data set: tensors whose first dimension is the sample.

    The tensors lie in memory or are mapped from a file; either way they are only ever indexed.

    Raises:
        GanzooError: the tensors are not those that the spec names.
    """

    spec: DataSpec
    """What a variant is told."""
    tensors: dict[str, Tensor]
    """By the name of their field, as the field's kind stores them (see `ganzoo.data.kinds`): images
    are uint8 (n, channels, height, width), points float32 (n, dimensions), labels int64 (n,)."""
    truths: tuple[Truth, ...] = field(default=(), compare=False)
    """What is known of each group; empty: nothing."""

    def __post_init__(self) -> None:
        if not isinstance(self.spec, DataSpec):
            raise GanzooError(
                f"a Dataset was made of {self.spec!r} and a dict, as API 1 did: write "
                "Dataset.images(name, images, labels, classes) or Dataset.points(...)"
            )
        names = [each.name for group in self.spec.groups for each in group]
        if sorted(names) != sorted(self.tensors):
            raise GanzooError(
                f"the spec of '{self.name}' has the fields {names}, and its tensors are called "
                f"{[*self.tensors]}: give one tensor for each field, and no name twice"
            )

    @classmethod
    def images(
        cls,
        name: str,
        images: Tensor,
        labels: Tensor | None = None,
        classes: tuple[str, ...] = (),
        truth: Truth = NOTHING_KNOWN,
    ) -> "Dataset":
        """Images uint8 (n, channels, height, width), perhaps with labels int64 (n,).

        Args:
            name: of the set.
            images: as above, or int16, as `ganzoo.data.kinds.image` stores 16 bits.
            labels: label k of an image means ``classes[k]``; None: unlabelled.
            classes: the labels' names.
            truth: for scoring.
        """
        channels, height, width = images.shape[1:]
        spec = DataSpec.images((channels, height, width), tuple(classes), name)
        _, *rest = spec.groups[0]
        spec = replace(spec, groups=((image_field(spec.sample.name, images), *rest),))
        return cls._of(spec, images, labels, truth)

    @classmethod
    def points(
        cls,
        name: str,
        points: Tensor,
        labels: Tensor | None = None,
        classes: tuple[str, ...] = (),
        truth: Truth = NOTHING_KNOWN,
    ) -> "Dataset":
        """Points float32 (n, dimensions), perhaps with labels; see `images`."""
        return cls._of(
            DataSpec.points(points.shape[1], tuple(classes), name), points, labels, truth
        )

    @classmethod
    def of(
        cls,
        name: str,
        samples: Tensor,
        labels: Tensor | None = None,
        classes: tuple[str, ...] = (),
        truth: Truth = NOTHING_KNOWN,
    ) -> "Dataset":
        """Images where the samples have four dimensions, else points; see `images`."""
        maker = cls.images if samples.ndim == 4 else cls.points
        return maker(name, samples, labels, classes, truth)

    @classmethod
    def unpaired(cls, name: str, first: "Dataset", second: "Dataset") -> "Dataset":
        """Two sets of one group each as two domains, ``a`` and ``b``, that are not aligned."""
        spec = DataSpec.unpaired(first.spec, second.spec, name)
        tensors = {
            new.name: part.tensors[old.name]
            for part, group in zip((first, second), spec.groups, strict=True)
            for new, old in zip(group, part.spec.groups[0], strict=True)
        }
        return cls(spec, tensors, (first.truth, second.truth))

    @classmethod
    def _of(cls, spec: DataSpec, samples: Tensor, labels: Tensor | None, truth: Truth) -> "Dataset":
        tensors = {spec.sample.name: samples}
        if labels is not None:
            tensors["label"] = labels
            if "label" not in spec.fields:  # whose names nobody has told
                spec = replace(spec, groups=((spec.sample, Field("label", "label")),))
        return cls(spec, tensors, (truth,))

    def __len__(self) -> int:
        return self.tensors[self.spec.sample.name].shape[0]

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.spec.name

    @property
    def streams(self) -> list[dict[str, Tensor]]:
        """The tensors of each group: what `Variant.streams` gives unless it is overridden."""
        return [
            {each.name: self.tensors[each.name] for each in group} for group in self.spec.groups
        ]

    @property
    def fields(self) -> dict[str, Tensor]:
        """The tensors of the first group, called as if there were no other."""
        return self.group(0).tensors

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the labels of the first group; label k is ``classes[k]``."""
        return self.spec.class_names

    @property
    def other(self) -> "Dataset | None":
        """The second of two unpaired domains; None: there is one."""
        return self.group(1) if self.spec.domains > 1 else None

    @property
    def truth(self) -> Truth:
        """What is known of the first group."""
        return self.truths[0] if self.truths else NOTHING_KNOWN

    @property
    def per_channel(self) -> int:
        """See `Truth`."""
        return self.truth.per_channel

    @property
    def modes(self) -> Tensor | None:
        """See `Truth`."""
        return self.truth.modes

    @property
    def mode_std(self) -> float:
        """See `Truth`."""
        return self.truth.mode_std

    @property
    def paired(self) -> bool:
        """Whether sample i of `other` is made of the same drawing as sample i.

        It is for scoring alone: nothing that is trained on two domains may know it.
        """
        other = self.other
        return (
            other is not None
            and bool(self.truth.drawings)
            and self.truth.drawings == other.truth.drawings
            and len(self) == len(other)
        )

    def group(self, number: int) -> "Dataset":
        """One group as a data set of its own, whose fields are called as if there were no other."""
        if self.spec.domains == 1:
            return self
        spec = self.spec.group(number)
        tensors = {
            new.name: self.tensors[old.name]
            for new, old in zip(spec.groups[0], self.spec.groups[number], strict=True)
        }
        return Dataset(spec, tensors, self.truths[number : number + 1])

    def of_field(self, name: str) -> "Dataset":
        """One field of images as a data set of its own, with the labels of its samples, if any."""
        labels = self.fields.get("label")
        images = self.tensors[name]
        return Dataset.images(f"{self.name}-{name}", images, labels, self.classes)

    def first(self, n: int) -> "Dataset":
        """The first `n` samples of each group, or all that it has."""
        refuse_shortened()
        return self.with_tensors({name: tensor[:n] for name, tensor in self.tensors.items()})

    def few(self, n: int | None) -> "Dataset":
        """`n` samples of each group, ever the same ones, in their order; None: all that it has."""
        if n is None:
            return self
        refuse_shortened()
        rows: dict[str, Tensor] = {}
        for group in self.spec.groups:
            random = torch.Generator().manual_seed(0)
            order = torch.randperm(len(self.tensors[group[0].name]), generator=random)
            rows |= {each.name: order[:n].sort().values for each in group}
        return self.with_tensors({name: self.tensors[name][rows[name]] for name in rows})

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> "Dataset":
        """The same with some tensors in place of those of these names, of any shape."""
        shapes = {name: tuple(tensor.shape[1:]) for name, tensor in tensors.items()}
        groups = tuple(
            tuple(replace(each, shape=shapes.get(each.name, each.shape)) for each in group)
            for group in self.spec.groups
        )
        return replace(
            self, spec=replace(self.spec, groups=groups), tensors=self.tensors | {**tensors}
        )
