"""How the weights in ``ganzoo_features`` were made: run once, by ``python train.py CIFAR OUT``.

CIFAR holds CIFAR-10 (Krizhevsky 2009) as folders ``train`` and ``test`` of a folder a class. OUT
gets the weights after each epoch, and at the end ``photos.safetensors``. A round of training whose
last weights are in OUT is not made again.

Everything was chosen on every twentieth training image of each class, which is not trained on; the
test images are looked at once, at the end.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from ganzoo_features.network import PATCH, SIDE, Network
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganzoo.artifacts.pixels import to_floats
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.plugins import catalog

SEED = 0
BATCH = 256
HELD_OUT = 20
"""One training image of this many is kept for validation."""
ROUNDS = ((24, 0.3),)
"""Epochs of each, and the learning rate at its peak, after a fifth of the round; it grows from
almost 0 and falls to 0. Another round goes on from the weights of the one before."""
PEAK = 0.2
MOMENTUM, WEIGHT_DECAY, SMOOTHING = 0.9, 5e-4, 0.1
SHIFT = 2
"""Pixels, at most, by which each image is moved; what lies beyond its edge is reflected."""
HOLE = 8
"""Pixels a side of the square that each image is without, its middle anywhere (DeVries 2017)."""
PATCHES = 5000
"""Images whose patches the first layer whitens."""
EPSILON = 5e-4
"""Least variance that it takes a direction of patches to have."""


def main() -> None:
    """Train, and write what is shipped."""
    write = sys.stderr.write
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cifar", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    train = _load(arguments.cifar, "train")
    images, labels = train.fields["image"], train.fields["label"]
    held_out = torch.arange(len(images)) % HELD_OUT == 0
    learned = images[~held_out], labels[~held_out]
    torch.manual_seed(SEED)
    network, done = _initial(learned[0]), 0
    for number, (epochs, rate) in enumerate(ROUNDS):
        last = arguments.out / f"epoch-{done + epochs - 1}.safetensors"
        if last.exists():
            network.load_state_dict(load_file(last))
            done += epochs
            continue
        if done:
            torch.manual_seed(SEED + number)
        for _ in _epochs(network, *learned, epochs, rate):
            right = accuracy(network.eval(), images[held_out], labels[held_out])
            _save(network.state_dict(), arguments.out / f"epoch-{done}.safetensors")
            write(f"{done}: {right:.2%} of validation, {time.monotonic() - began:.0f} s\n")
            done += 1
    shipped = Network(len(train.classes))
    shipped.load_state_dict(_folded(network.eval()))
    shipped.half().float()
    test = _load(arguments.cifar, "test")
    asked = shipped.eval(), test.fields["image"], test.fields["label"]
    right, both = accuracy(*asked), accuracy(*asked, mirrored=True)
    write(f"{right:.2%} of the test images, {both:.2%} where each is seen mirrored too\n")
    halves = {name: tensor.half() for name, tensor in shipped.state_dict().items()}
    _save(halves, arguments.out / "photos.safetensors")


def _save(weights: dict[str, Tensor], path: Path) -> None:
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path)


def _load(cifar: Path, split: str) -> Dataset:
    return catalog.load("folder", DataRequest(cifar, split, (SIDE, SIDE)))


def _initial(images: Tensor) -> Network:
    """Whitening of patches, and convolutions that begin as the identity as far as they can."""
    network = Network(10, norms=True).to(memory_format=torch.channels_last)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight.data[: layer.in_channels])
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.requires_grad = False  # of one sign, so that it goes through a maximum
    patches = to_floats(images[:: len(images) // PATCHES])
    patches = nn.functional.unfold(patches, PATCH).transpose(1, 2).flatten(0, 1)
    variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
    whitening = (directions / (variances + EPSILON).sqrt()).T.unflatten(1, (3, PATCH, PATCH))
    network.whitening.weight.data = torch.cat([whitening, -whitening])
    network.whitening.weight.requires_grad = False
    return network


def _epochs(
    network: Network, images: Tensor, labels: Tensor, epochs: int, rate: float
) -> Iterator[int]:
    """Train for an epoch at a time; yields its number."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, rate, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, epochs * steps, pct_start=PEAK, anneal_strategy="linear",
        cycle_momentum=False,
    )  # fmt: skip
    mirrored = torch.randint(2, (len(images),))
    for epoch in range(epochs):
        network.train()
        for chosen in torch.split(torch.randperm(len(images)), BATCH)[:steps]:
            batch = _moved(images[chosen])
            flip = (mirrored[chosen] + epoch) % 2 == 1  # each image in turn, every other epoch
            batch[flip] = batch[flip].flip(3)
            batch = (to_floats(batch) * _kept(len(batch))).contiguous(
                memory_format=torch.channels_last
            )
            with torch.autocast("cpu", torch.bfloat16):
                _, logits = network(batch)
            loss = cross_entropy(logits.float(), labels[chosen], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        yield epoch


def _moved(images: Tensor) -> Tensor:
    """Each by some pixels of its own."""
    wide = pad(images.float(), [SHIFT] * 4, "reflect").to(torch.uint8)
    n = torch.arange(len(images))[:, None, None]
    down, right = torch.randint(2 * SHIFT + 1, (2, len(images), 1, 1))
    side = torch.arange(SIDE)
    return wide.permute(0, 2, 3, 1)[n, down + side[:, None], right + side].permute(0, 3, 1, 2)


def _kept(n: int) -> Tensor:
    """Masks (n, 1, SIDE, SIDE): 0 in a square whose middle is anywhere, 1 elsewhere."""
    rows, columns = (
        (torch.arange(SIDE) - torch.randint(SIDE, (n, 1)) + HOLE // 2) // HOLE != 0
        for _ in range(2)
    )
    return (rows[:, None, :, None] | columns[:, None, None, :]).float()


@torch.no_grad()
def accuracy(network: Network, images: Tensor, labels: Tensor, mirrored: bool = False) -> float:
    """The share of images that are taken for what they are, perhaps with their mirror images."""
    found = []
    for part in torch.split(images, 500):
        _, logits = network(to_floats(part))
        if mirrored:
            logits = logits + network(to_floats(part.flip(3)))[1]
        found.append(logits.argmax(1))
    return torch.cat(found).eq(labels).double().mean().item()


def _folded(network: Network) -> dict[str, Tensor]:
    """The weights of the same network without norms: of each goes into the convolution before."""
    plain = Network(10)
    plain.whitening, plain.output = network.whitening, network.output
    for block, normed in zip(plain.blocks[1:], network.blocks[1:], strict=True):
        first, _, norm, _, second, last, _ = normed
        block[0] = fuse_conv_bn_eval(first, norm)
        block[3] = fuse_conv_bn_eval(second, last)
    return {name: tensor.contiguous() for name, tensor in plain.state_dict().items()}


if __name__ == "__main__":
    main()
