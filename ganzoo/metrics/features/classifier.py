"""The classifier that measures a labelled data set: trained once, and from then on read.

Its recipe is pinned: a number that was measured with it can be compared with others of the same
classifier, which is why it is named by its weights. They are the same for the same data on the same
machine; another processor or number of threads may round otherwise.

It is a LeNet (LeCun et al. 1998) with BatchNorm (Ioffe & Szegedy 2015). Its size and the length of
its training were chosen on the last 10,000 of MNIST's training images.
"""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from ganzoo.artifacts.files import replacing
from ganzoo.artifacts.pixels import to_floats
from ganzoo.artifacts.places import cache_folder, make_cache_folder
from ganzoo.data import content
from ganzoo.data.dataset import Dataset
from ganzoo.data.made.drawing import reproducibly
from ganzoo.draws import seeded
from ganzoo.engine.optimizers.plain import plain
from ganzoo.errors import GanzooError, counted
from ganzoo.metrics.features.extractor import Extractor, Features, with_channels
from ganzoo.metrics.features.source import ExtractorRequest, Source
from ganzoo.metrics.features.teaching import is_rehearsed, told
from ganzoo.spec import DataSpec

VERSION = 1
"""Of the network and its training: a new one leaves the old files unused."""
STEPS, BATCH = 1875, 128
"""Of the training, for any data set: four times all images of MNIST."""
LEARNING_RATE = 1e-2
"""At its peak."""
SHIFT = 2
"""Pixels, at most, by which the images of a batch are moved, up or down and left or right."""
SEED = 0
CHUNK = 500
"""Images that are looked at together."""
FINGERPRINT = 500
"""Images, evenly spread, by which a data set is recognised, beside all of its labels."""

_DAMAGE = (OSError, SafetensorError, TypeError, LookupError, ValueError, RuntimeError)
"""What a reader may make of a file that is not there, or not what was written."""


class Net(nn.Module):
    """A LeNet for images of 28 (gray) or 32 (colour) pixels a side; images of others are scaled.

    Args:
        channels: of the images, 1 or 3.
        classes: how many it tells apart.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.side = 28 if channels == 1 else 32
        self.hidden = nn.Sequential(
            *_block(channels, 16), *_block(16, 32), nn.Flatten(),
            nn.Linear(32 * (self.side // 4) ** 2, 128), nn.BatchNorm1d(128), nn.ReLU(),
        )  # fmt: skip
        self.output = nn.Linear(128, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden features (n, 128) and logits (n, classes) of uint8 (n, channels, h, w)."""
        images = to_floats(images)
        if images.shape[-2:] != (self.side, self.side):
            images = interpolate(images, size=self.side, mode="bilinear", antialias=True)
        hidden = self.hidden(images.contiguous(memory_format=torch.channels_last))
        return hidden, self.output(hidden)


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 5, padding=2),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """An `Extractor` by the classes of a data set.

    Where the channels have classes of their own, it looks at each of them by itself: their features
    stand side by side, and the probability of a composed class is the product of theirs.
    """

    net: Net
    name: str
    """For the protocol."""
    channels: int
    """Of the images of the data set."""
    per_channel: bool
    """Whether the channels have classes of their own."""
    device: torch.device

    @property
    def resizing(self) -> str:
        """For the protocol."""
        return f"bilinear, antialiased, to {self.net.side}x{self.net.side}"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """The features of images; see `Extractor`."""
        found = [self._features(chunk.to(self.device)) for chunk in torch.split(images, CHUNK)]
        hidden, probabilities = zip(*found, strict=True)
        return Features(torch.cat(hidden).cpu(), torch.cat(probabilities).cpu())

    def accuracy(self, dataset: Dataset) -> float:
        """The share of a data set's images that it takes for what they are."""
        probabilities = self(dataset.fields["image"]).probabilities
        assert probabilities is not None
        return probabilities.argmax(1).eq(dataset.fields["label"]).double().mean().item()

    def _features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        images = with_channels(images, self.channels)
        parts = torch.split(images, 1, 1) if self.per_channel else (images,)
        hidden, logits = zip(*map(self.net, parts), strict=True)
        composed, *others = (part.softmax(1) for part in logits)
        for other in others:
            composed = (composed[:, :, None] * other[:, None]).flatten(1)
        return torch.cat(hidden, 1), composed


def load_classifier(
    train: Dataset,
    test: Dataset | None,
    device: torch.device,
    report: Callable[[str], None],
) -> TrainedClassifier:
    """The classifier of a data set: read, or trained and kept.

    Args:
        train: images with labels.
        test: what its accuracy is measured on where it has not been; None: it need not be known.
        device: where it computes.
        report: is told that it is trained, and why it cannot be kept.

    Raises:
        GanzooError: the data set has no images or no labels.
    """
    _check(train)
    path = cache_folder() / f"classifier-{fingerprint(train)}.safetensors"
    tested = None if test is None else content.digest((test.fields["image"], test.fields["label"]))
    stored = read_net(path, lambda: make_net(train), tested)
    net, accuracy = stored or (train_net(train, device, report), None)
    found = TrainedClassifier(
        net.to(device), "", train.spec.shape[0], bool(train.per_channel), device
    )
    if accuracy is None and test is not None:
        accuracy = found.accuracy(test)
    if stored != (net, accuracy):
        write_net(path, net, accuracy, tested, report)
    known = "" if accuracy is None else f" ({100 * accuracy:.2f} % of its test images)"
    return replace(found, name=f"classifier {weights_hash(net)} of {train.name}{known}")


def fingerprint(dataset: Dataset, told: str = "label") -> str:
    """Tells data sets apart by what is learned of them, in hexadecimal digits.

    Args:
        dataset: images, and what is told of them.
        told: the field that says it, ``"label"`` or ``"attributes"``.
    """
    image, field = dataset.fields["image"], dataset.spec.fields
    names = dataset.classes if told == "label" else field[told].names
    chosen = torch.linspace(0, len(image) - 1, FINGERPRINT).long()
    about = (VERSION, dataset.name, names, dataset.per_channel, tuple(image.shape))
    digest = hashlib.blake2b(repr(about).encode(), digest_size=16)
    digest.update(image[chosen].numpy().tobytes())
    digest.update(dataset.fields[told].numpy().tobytes())
    return digest.hexdigest()


def train_net(dataset: Dataset, device: torch.device, report: Callable[[str], None]) -> Net:
    """A classifier of the data set's classes, or of those of its channels; in eval mode."""
    examples = _examples(dataset)
    what = counted(dataset.per_channel or len(dataset.classes), "class")
    make = partial(make_net, dataset)
    return fit(make, *examples, cross_entropy, what, dataset.name, device, report)


def fit(
    make: Callable[[], Net],
    images: Tensor,
    answers: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    what: str,
    name: str,
    device: torch.device,
    report: Callable[[str], None],
) -> Net:
    """A network that tells of images what was told; in eval mode.

    Args:
        make: makes it, with random weights.
        images: uint8 (n, channels, height, width).
        answers: (n, ...), as `loss` takes them beside logits.
        loss: of logits (n, classes) and what was told, a scalar.
        what: it tells, such as ``"10 classes"``, for messages.
        name: of the data set, for messages.
        device: where it is trained.
        report: is told how long it takes, and how far it is.
    """
    doing = f"training a classifier of {what} on {counted(len(images), 'image')}"
    with (
        seeded(SEED, device),
        reproducibly(),
        torch.enable_grad(),
        told(doing, name, STEPS, report) as one_step,
    ):
        net = make().to(device)
        optimizer = plain(torch.optim.Adam)(net.parameters(), fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
        rounds = -(-STEPS * BATCH // len(images))
        order = torch.cat([torch.randperm(len(images)) for _ in range(rounds)])
        for chosen in torch.split(order, BATCH)[:STEPS]:
            shift = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
            optimizer.zero_grad()
            _, logits = net(images[chosen].roll(shift, (2, 3)).to(device))
            torch.autograd.backward(loss(logits, answers[chosen].to(device)))
            optimizer.step()
            schedule.step()
            if one_step():
                break
    return net.eval()


def weights_hash(net: Net) -> str:
    """Twelve hexadecimal digits that name a classifier."""
    digest = hashlib.sha256()
    for name, tensor in _weights(net).items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()[:12]


def _check(dataset: Dataset) -> None:
    if not dataset.spec.is_image:
        raise GanzooError(
            f"'{dataset.name}' holds points, which need no features: they are measured as they are"
        )
    if not dataset.classes:
        raise GanzooError(
            f"'{dataset.name}' has no labels to train a classifier on: leave out --features, or "
            "name another one that `ganzoo extractors` lists"
        )


def _examples(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """What is learned: the images and their labels, or the channels and theirs."""
    images, labels = dataset.fields["image"], dataset.fields["label"]
    if not dataset.per_channel:
        return images, labels
    channels = images.shape[1]
    places = dataset.per_channel ** torch.arange(channels).flip(0)
    return images.flatten(0, 1)[:, None], (
        labels[:, None] // places % dataset.per_channel
    ).flatten()


def make_net(dataset: Dataset) -> Net:
    """With random weights, for the data set's classes, or for those of its channels."""
    channels, classes = dataset.spec.shape[0], len(dataset.classes)
    net = Net(1, dataset.per_channel) if dataset.per_channel else Net(channels, classes)
    return net.to(memory_format=torch.channels_last)  # half as fast again on a CPU


def _weights(net: Net) -> dict[str, Tensor]:
    return {name: tensor.cpu().contiguous() for name, tensor in net.state_dict().items()}


def read_net(
    path: Path, make: Callable[[], Net], tested: str | None
) -> tuple[Net, float | None] | None:
    """The stored one and its accuracy, if that is known; None: there is none, or damaged.

    Args:
        path: where `write_net` has put it.
        make: makes one of its shape.
        tested: a digest of what its accuracy is to be of; None: of whatever it was measured on.
    """
    if not path.is_file():  # or a pipe in a cache that several share
        return None
    with contextlib.suppress(*_DAMAGE), safe_open(path, "pt") as stored:
        about = stored.metadata()
        with seeded(SEED, torch.device("cpu")):
            net = make().eval()
        net.load_state_dict({name: stored.get_tensor(name) for name in net.state_dict()})
        if weights_hash(net) == about["hash"]:
            known = about["accuracy"] and tested in (None, about.get("tested"))
            return net, float(about["accuracy"]) if known else None
    return None


def write_net(
    path: Path,
    net: Net,
    accuracy: float | None,
    tested: str | None,
    report: Callable[[str], None],
) -> None:
    """Keep a network, how often it is right, and a digest of what that was measured on."""
    if is_rehearsed():
        return
    about = {"hash": weights_hash(net), "accuracy": "" if accuracy is None else repr(accuracy)}
    about["tested"] = tested or ""
    try:
        make_cache_folder()
        with replacing(path) as temporary:
            temporary.write_bytes(save(_weights(net), about))
    except OSError as error:  # no reason not to measure
        report(
            f"the classifier cannot be kept in '{path.parent}' ({error.strerror}) and is trained "
            "anew each time: set GANZOO_CACHE to a folder that can be written"
        )


class _Source(Source):
    def lacks(self, data: DataSpec) -> str:
        return "" if data.classes else "needs labels"

    def make(self, request: ExtractorRequest) -> Extractor:
        return load_classifier(request.train, request.test, request.device, request.report)


classifier = _Source()
