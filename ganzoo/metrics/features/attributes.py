"""The judge of attributes: a classifier with a yes or no for each, which knows no GAN.

Its network and training are those of `ganzoo.metrics.features.classifier`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ganzoo.artifacts.places import cache_folder
from ganzoo.data import content
from ganzoo.data.dataset import Dataset
from ganzoo.errors import counted
from ganzoo.metrics.features.classifier import (
    CHUNK,
    Net,
    fingerprint,
    fit,
    read_net,
    weights_hash,
    write_net,
)
from ganzoo.metrics.features.extractor import Features, with_channels

FIELD = "attributes"


@dataclass(frozen=True, eq=False)
class AttributeJudge:
    """An `Extractor` whose probabilities are of each attribute by itself."""

    net: Net
    name: str
    """For the protocol."""
    channels: int
    device: torch.device

    @property
    def resizing(self) -> str:
        """For the protocol."""
        return f"bilinear, antialiased, to {self.net.side}x{self.net.side}"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """What it sees in images, uint8 (n, channels, height, width): probabilities (n, k)."""
        hidden, told = [], []
        for chunk in torch.split(images, CHUNK):
            features, logits = self.net(with_channels(chunk, self.channels).to(self.device))
            hidden.append(features.cpu())
            told.append(logits.sigmoid().cpu())
        return Features(torch.cat(hidden), torch.cat(told))

    def sees(self, images: Tensor) -> Tensor:
        """Which attributes images have: uint8 (n, k) of 0 and 1."""
        probabilities = self(images).probabilities
        assert probabilities is not None
        return (probabilities > 0.5).to(torch.uint8)


def load_attribute_judge(
    train: Dataset, test: Dataset, device: torch.device, report: Callable[[str], None]
) -> AttributeJudge:
    """The judge of a data set's attributes: read, or trained and kept.

    Args:
        train: images with the field ``attributes``.
        test: what its accuracy is measured on, where it has not been.
        device: where it computes.
        report: is told that it is trained, and why it cannot be kept.
    """
    path = cache_folder() / f"attributes-{fingerprint(train, FIELD)}.safetensors"
    channels = train.spec.shape[0]

    def make() -> Net:
        net = Net(channels, len(train.spec.fields[FIELD].names))
        return net.to(memory_format=torch.channels_last)

    tested = content.digest((test.fields["image"], test.fields[FIELD]))
    stored = read_net(path, make, tested)
    if stored is None:
        images, answers = train.fields["image"], train.fields[FIELD].float()
        what, loss = counted(answers.shape[1], "attribute"), binary_cross_entropy_with_logits
        net = fit(make, images, answers, loss, what, train.name, device, report)
        accuracy = None
    else:
        net, accuracy = stored
    judge = AttributeJudge(net.to(device), "", channels, device)
    if accuracy is None:
        right = judge.sees(test.fields["image"]) == test.fields[FIELD]
        accuracy = right.double().mean().item()
        write_net(path, net, accuracy, tested, report)
    name = f"attributes {weights_hash(net)} of {train.name} ({100 * accuracy:.2f} % of its test's)"
    return AttributeJudge(net, name, channels, device)
