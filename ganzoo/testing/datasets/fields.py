"""What the tensors of a data set must be: as their kinds store them, and within their range."""

import torch
from torch import Tensor

from ganzoo.data.kinds import kind_of
from ganzoo.data.kinds.kind import described
from ganzoo.testing.check import Failure
from ganzoo.testing.datasets.subject import DatasetSubject

_CHANNELS = 4
"""That an image seldom has more of, and is seldom less wide than."""
_EDGE = 1.1
"""How far pictures of points go."""


def check_fields(subject: DatasetSubject) -> None:
    """Each field is as its kind stores it, and has a row for each sample, in memory."""
    for where, part in subject.parts():
        for name, value in part.fields.items():
            if not isinstance(value, Tensor):
                raise Failure(
                    f"'{name}' of {where} is a {type(value).__name__}: make it a tensor, as "
                    "torch.from_numpy does of an array"
                )
        if not len(part):
            raise Failure(f"{where} is empty: hold out some samples for each split")
        for field in part.spec.groups[0]:
            tensor = part.fields[field.name]
            flaw = kind_of(field.kind).flaw(field, tensor)
            if flaw:
                raise Failure(f"'{field.name}' of {where} {flaw}")
            if tuple(tensor.shape[1:]) != field.shape:
                raise Failure(
                    f"'{field.name}' of {where} is {described(tensor)}, and its Field says "
                    f"{field}: make both of one shape"
                )
            if field.kind == "image" and field.shape[0] > _CHANNELS >= field.shape[2]:
                raise Failure(
                    f"'{field.name}' of {where} has {field.shape[0]} channels and is "
                    f"{field.shape[2]} wide: the order is (n, channels, height, width)"
                )
            if len(tensor) != len(part) or tensor.device.type != "cpu":
                raise Failure(
                    f"'{field.name}' of {where} is {described(tensor)} on {tensor.device} beside "
                    f"{len(part)} samples: give each field a row for each sample, on the CPU"
                )


def check_values(subject: DatasetSubject) -> None:
    """Images use the values from 0 to 255; points are finite, and lie in about [-1, 1]."""
    for where, part in subject.parts():
        image, kind = part.fields[part.spec.sample.name], part.spec.kind
        if kind == "image":
            if image.dtype is torch.uint8 and image.max() <= 1:
                raise Failure(
                    f"the images of {where} have values up to {image.max()} only, and 255 is "
                    "white: multiply by 255 before the conversion to uint8"
                )
        elif kind != "point":
            continue
        elif not image.isfinite().all():
            raise Failure(f"{where} has points that are infinite or not a number: leave them out")
        elif (image.abs() > _EDGE).double().mean() > 0.01:
            raise Failure(
                f"the points of {where} go from {image.min():.3g} to {image.max():.3g}: divide "
                "them by a constant so that they lie in [-1, 1], which is what pictures show and "
                "what learning rates suit"
            )


def check_labels(subject: DatasetSubject) -> None:
    """`label` is int64 (n,), indexes `classes`, and has all of them in the training split."""
    for where, part in subject.parts():
        count, label = len(part.classes), part.fields.get("label")
        if label is None:
            continue
        if label.min() < 0 or label.max() >= count:
            raise Failure(
                f"the labels of {where} go from {label.min()} to {label.max()}, and there are "
                f"{count} classes: label k is classes[k], counted from 0"
            )
        if part.per_channel and part.per_channel ** part.fields["image"].shape[1] != count:
            raise Failure(
                f"{where} has {count} classes, which are not {part.per_channel} a channel: "
                "correct per_channel"
            )
        present = torch.bincount(label, minlength=count)
        if where.endswith("train split") and not present.all():
            absent = part.classes[int(present.argmin())]
            raise Failure(
                f"class '{absent}' has no sample in {where}: leave it out of `classes`, or hold "
                "out fewer samples"
            )
