"""What a data set must do to be trained on, and measured by, with every command."""

import inspect
import re
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.kinds import kind_of, sample_kind
from ganzoo.data.kinds.kind import described
from ganzoo.data.made.mixtures import covered
from ganzoo.errors import GanzooError
from ganzoo.spec import DOWNLOADED, FILES, MADE, SOURCES
from ganzoo.testing.check import Checks, Failure, NotApplicable, raised
from ganzoo.testing.datasets.fields import check_fields, check_labels, check_values
from ganzoo.testing.datasets.subject import SPLITS, DatasetSubject
from ganzoo.testing.registration import check_registration

__all__ = ["DATASET_CHECKS", "DatasetSubject"]

_SIZE = (32, 48)
"""(height, width) that is asked for: which is which shows."""
_SHARED = 0.01
"""Share of the test split that may be in the training split too: collected sets hold strays."""

_SHOWN = 8
"""Samples that are drawn and written."""

DATASET_CHECKS = Checks[DatasetSubject]()


@DATASET_CHECKS.check("registration")
def _registration(subject: DatasetSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@DATASET_CHECKS.check("spec")
def _spec(subject: DatasetSubject) -> None:
    """The spec has a title, a shape and one of the three sources."""
    spec = subject.spec
    if not spec.title.strip():
        raise Failure(f"the DatasetSpec '{spec.name}' has no title: say in a few words what it is")
    if not spec.groups and not spec.shape.strip():
        raise Failure(f"the DatasetSpec '{spec.name}' has no shape: say what it is for the user")
    if not spec.groups and (
        re.search(r"\d", spec.shape) and not re.fullmatch(r"\d+(x\d+x\d+)?", spec.shape)
    ):
        raise Failure(
            f"the DatasetSpec '{spec.name}' has the shape '{spec.shape}': write channels x height "
            "x width as 3x32x32, the dimensions of points as 2, or 'any size'"
        )
    if spec.source not in SOURCES:
        raise Failure(
            f"the DatasetSpec '{spec.name}' has the source '{spec.source}': choose from "
            f"{', '.join(map(repr, SOURCES))}"
        )


@DATASET_CHECKS.check("target")
def _target(subject: DatasetSubject) -> None:
    """The target is a function of one DataRequest."""
    try:
        inspect.signature(subject.loader).bind(DataRequest())
    except TypeError as error:
        raise Failure(
            f"{subject.spec.target} cannot be called with one DataRequest ({error}): all that is "
            "asked for is in it"
        ) from error


@DATASET_CHECKS.check("loads", needs=("target",))
def _loads(subject: DatasetSubject) -> None:
    """The train and the test split load, as a Dataset each."""
    for name in SPLITS:
        attempt = subject.attempt(name)
        if attempt.network and subject.spec.source != DOWNLOADED:
            raise Failure(
                f"it needs the network, and the source of its spec is '{subject.spec.source}': "
                "say 'downloaded'"
            )
        if attempt.error is not None:
            raise attempt.error
        if not isinstance(attempt.dataset, Dataset):
            raise Failure(
                f"the {name} split is a {type(attempt.dataset).__name__}: return a "
                'ganzoo.Dataset(name, {"image": images})'
            )


@DATASET_CHECKS.check("quiet", needs=("loads",))
def _quiet(subject: DatasetSubject) -> None:
    """Loading prints nothing: what the user should know goes to `request.report`."""
    for name in SPLITS:
        subject.split(name)
        printed = subject.attempt(name).printed
        if printed:
            raise Failure(
                f"loading the {name} split prints '{printed[:60]}', which would be taken for the "
                "command's own output: call request.report with it"
            )


@DATASET_CHECKS.check("name", needs=("loads",))
def _name(subject: DatasetSubject) -> None:
    """The Dataset is named as its spec, or as its folder where it reads the user's files."""
    for name in SPLITS:
        found = subject.split(name).name
        if subject.spec.source == FILES:
            if not found:
                raise Failure(f"the {name} split has no name: give it that of its folder")
        elif found != subject.spec.name:
            raise Failure(
                f"the {name} split is named '{found}', and its spec '{subject.spec.name}': give "
                "both one name, which runs are listed by"
            )


DATASET_CHECKS.check("fields", needs=("loads",))(check_fields)
DATASET_CHECKS.check("values", needs=("fields",))(check_values)
DATASET_CHECKS.check("labels", needs=("fields",))(check_labels)


@DATASET_CHECKS.check("files", needs=("fields",))
def _files(subject: DatasetSubject) -> None:
    """Samples are drawn for a person, written as files of their kind, and read back."""
    for where, part in subject.parts():
        field = part.spec.sample
        kind, stored = kind_of(field.kind), part.first(_SHOWN).tensors[field.name]
        with tempfile.TemporaryDirectory() as folder:
            kind.draw(field, kind.prepared(stored), Path(folder) / "shown.png", part.modes)
            kind.write(field, stored, Path(folder), 0)
            try:
                found = kind.read(field, Path(folder))
            except GanzooError as error:
                raise Failure(
                    f"samples of {where}, written as files, cannot be read back ({error}): give "
                    f"'{field.name}' names and a codec that tell its values apart"
                ) from error
        if found.shape != stored.shape:
            raise Failure(
                f"{len(stored)} samples of {where}, written as files, are read back as "
                f"{described(found)}: give '{field.name}' names and a codec that tell them apart"
            )


@DATASET_CHECKS.check("as-registered", needs=("spec", "fields"))
def _as_registered(subject: DatasetSubject) -> None:
    """Shape and classes are those of the spec, and the same in both splits."""
    spec, train, test = subject.spec, *map(subject.split, SPLITS)
    if (train.spec.shape, train.classes) != (test.spec.shape, test.classes):
        raise Failure(
            f"the train split is {train.spec} with {len(train.classes)} classes and the test split "
            f"{test.spec} with {len(test.classes)}: both must have one shape and one order of "
            "classes"
        )
    if spec.groups:
        if spec.groups != train.spec.groups:
            raise Failure(
                "the fields of the train split are others than those of the DatasetSpec, such as "
                f"{train.spec.sample}: both must say the same"
            )
        return
    if spec.shape[0].isdecimal() and spec.shape != str(train.spec):
        raise Failure(
            f"a sample is {train.spec}, and the DatasetSpec says {spec.shape}: `ganzoo datasets` "
            "shows the spec, so correct it"
        )
    if spec.classes != len(train.classes) and (spec.classes or spec.source != FILES):
        raise Failure(
            f"there are {len(train.classes)} classes, and the DatasetSpec says {spec.classes}: "
            "`ganzoo datasets` shows the spec, so correct it"
        )


@DATASET_CHECKS.check("domains", needs=("fields",))
def _domains(subject: DatasetSubject) -> None:
    """Two unpaired domains are in both splits, and of one shape where both are images."""
    train, test = map(subject.split, SPLITS)
    if train.other is None and test.other is None:
        raise NotApplicable("it has one domain")
    if train.other is None or test.other is None:
        raise Failure("only one split has a second domain: give `other` to both, or to none")
    for name, split, other in (("train", train, train.other), ("test", test, test.other)):
        if not (split.spec.is_image and other.spec.is_image):
            continue
        if split.group(0).spec.shape != other.spec.shape:
            raise Failure(
                f"the domains of the {name} split are {split.spec} and {other.spec}: scale them to "
                "images of one shape (`ganzoo.data.domains.in_one_shape` matches the channels)"
            )


@DATASET_CHECKS.check("modes", needs=("values",))
def _modes(subject: DatasetSubject) -> None:
    """The known centres of a mixture are where its samples are."""
    dataset = subject.split("test").group(0)
    points, modes = dataset.fields[dataset.spec.sample.name], dataset.modes
    if modes is None:
        raise NotApplicable("it has no known centres")
    if modes.dtype != torch.float32 or modes.dim() != 2 or modes.shape[1:] != points.shape[1:]:
        raise Failure(
            f"'modes' is {described(modes)} beside samples of {dataset.spec}: make it float32 "
            "(modes, dimensions)"
        )
    found, share = covered(points, dataset)
    if found < len(modes) or share < 0.9:
        raise Failure(
            f"the test split covers {found} of {len(modes)} modes, and {share:.0%} of it is within "
            f"three mode_std ({dataset.mode_std:.3g}) of one: scale modes and mode_std as the "
            "samples"
        )


@DATASET_CHECKS.check("rules", needs=("values",))
def _rules(subject: DatasetSubject) -> None:
    """Where `valid` tells which samples keep the rules, all of the set's own do."""
    dataset = subject.split("test").group(0)
    if dataset.truth.valid is None:
        raise NotApplicable("it has no known rules")
    samples = dataset.tensors[dataset.spec.sample.name]
    told = dataset.truth.valid(samples)
    if told.dtype is not torch.bool or told.shape != samples.shape[:1]:
        raise Failure(
            f"'valid' gives {described(told)} of {len(samples)} samples: make it bool (n,)"
        )
    if not told.all():
        broken = int((~told).sum())
        raise Failure(
            f"'valid' says of {broken} of the {len(told)} samples of the test split that they "
            "break the rules: correct it, or leave these samples out"
        )


@DATASET_CHECKS.check("deterministic", needs=("fields",))
def _deterministic(subject: DatasetSubject) -> None:
    """Loaded twice it is the same: a resumed run goes on with the data that it knows."""
    first = subject.split("test")
    attempt = subject.ask_anew(subject.request("test"))
    if attempt.error is not None:
        raise attempt.error
    second: Dataset = attempt.dataset
    pairs = [(first, second)]
    if first.other is not None and second.other is not None:
        pairs.append((first.other, second.other))
    for one, two in pairs:
        if one.classes != two.classes:
            raise Failure("the order of the classes changes from load to load: sort them")
        for name, tensor in one.fields.items():
            if not torch.equal(tensor, two.fields[name]):
                raise Failure(
                    f"'{name}' of the test split is another at the second load: sort the files, "
                    "and draw with torch.Generator().manual_seed(request.seed)"
                )


@DATASET_CHECKS.check("splits-apart", needs=("values",))
def _splits_apart(subject: DatasetSubject) -> None:
    """The test split holds no training samples."""
    train, test = map(subject.split, SPLITS)
    data = train.group(0).spec
    if not sample_kind(data).distinct:
        raise NotApplicable(f"two {sample_kind(data).words} may well be the same")
    known = _hashes(train.fields[data.sample.name])
    shared = sum(sample in known for sample in _hashes(test.fields[data.sample.name]))
    if shared > _SHARED * len(test):
        raise Failure(
            f"{shared} of the {len(test)} samples of the test split are in the train split too: "
            "return other samples for request.split 'test', or draw with more variety: a generator "
            "that memorises would score best"
        )


@DATASET_CHECKS.check("image-size", needs=("fields",))
def _image_size(subject: DatasetSubject) -> None:
    """`--image-size` is honoured, or refused with a sentence."""
    data = subject.split("test").group(0).spec
    if not sample_kind(data).moves and data.kind != "point":
        raise NotApplicable("it has no images")
    height, width = _SIZE
    attempt = subject.ask_anew(subject.request("test", _SIZE))
    if isinstance(attempt.error, GanzooError):
        return
    if attempt.error is not None:
        what = raised(attempt.error, subject.spec.target)
        raise Failure(
            f"--image-size {height}x{width} raises {what}: scale the images to "
            "request.image_size, or raise a ganzoo.GanzooError that says what is possible"
        )
    shape = tuple(attempt.dataset.fields[data.sample.name].shape[1:])
    if shape[-2:] != _SIZE:
        raise Failure(
            f"--image-size {height}x{width} gives samples of {'x'.join(map(str, shape))}: scale "
            "them to request.image_size, which is (height, width), or raise a ganzoo.GanzooError"
        )


@DATASET_CHECKS.check("missing-files", needs=("spec", "target"))
def _missing_files(subject: DatasetSubject) -> None:
    """Where its files are not, it says so, and names the folder where it looked."""
    if subject.spec.source == MADE:
        raise NotApplicable("it is made on the spot")
    with tempfile.TemporaryDirectory() as empty:
        error = subject.ask(DataRequest(Path(empty))).error
    if error is None:
        raise Failure(
            "it loads although --data-root is an empty folder: look for its files in request.root, "
            "where that is given"
        )
    if not isinstance(error, GanzooError):
        what = raised(error, subject.spec.target)
        raise Failure(
            f"with an empty folder as --data-root it raises {what}: raise a "
            "ganzoo.GanzooError that names the folder and what must be in it"
        )
    if Path(empty).name not in str(error):
        raise Failure(
            f"with an empty folder as --data-root it says '{error}', which does not name the "
            "folder: put request.root into the sentence"
        )


def _hashes(samples: Tensor) -> set[int]:
    return {hash(sample.tobytes()) for sample in samples.numpy()}
