"""Every installed variant on small random data, for tests that hold for all of them."""

from typing import Any

import torch

from ganzoo.config import build, options, own_settings
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.spec import DataSpec, Field, VariantSpec
from ganzoo.variant import Variant

NAMES = [row.spec.name for row in registry().variants()]
OBJECTIVES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in NAMES),
    ("sgan", {"objective": "odena"}),
    ("srgan", {"pretrain": 0.0}),
    ("esrgan", {"pretrain": 0.0}),
]
"""With settings under which a variant is another game."""
SMALLER = {"width": 4, "generator_width": 4, "latent_dim": 8, "blocks": 1}


def smaller(cls: type[Variant]) -> dict[str, int]:
    """Settings of small networks, as small as the variant lets them be."""
    known = options(cls.Config)
    return {
        name: max(value, int(known[name].minimum or value))
        for name, value in SMALLER.items()
        if name in known
    }


def digits(domains: int = 1) -> Dataset:
    """200 random images of ten classes, or twice as many in two domains."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(256, (200, 1, 28, 28), generator=generator, dtype=torch.uint8)
    label = torch.arange(200) % 10
    dataset = Dataset.images("random digits", image, label, tuple("0123456789"))
    if domains == 1:
        return dataset
    return Dataset.unpaired("random digits", dataset, Dataset.images("other", image.flip(0)))


def samples_for(spec: VariantSpec) -> Dataset:
    """Such images as a variant is played on: one set, two domains, pairs, or with attributes."""
    wanted, image = {need.field for need in spec.needs[0]}, digits().tensors["image"]
    if wanted == {"source", "target"}:
        fields = Field("source", "image", (1, 28, 28)), Field("target", "image", (1, 28, 28))
        tensors = {"source": image, "target": image.flip(0)}
        return Dataset(DataSpec((fields,), "random pairs"), tensors)
    if "attributes" in wanted:
        sample, told = Field("image", "image", (1, 28, 28)), ("odd", "low", "third")
        attributes = Field("attributes", "attributes", (3,), told)
        number = torch.arange(len(image))
        bits = torch.stack((number % 2, (number < 90).long(), (number % 3 == 0).long()), 1)
        tensors = {"image": image, "attributes": bits.to(torch.uint8)}
        return Dataset(DataSpec(((sample, attributes),), "random attributes"), tensors)
    return digits(len(spec.needs))


def make_small(
    name: str,
    execution: Execution | None = None,
    *,
    device: torch.device | None = None,
    batch_size: int = 4,
    **settings: Any,
) -> Engine:
    """An engine of the variant, past whatever is special about its first iterations."""
    device = device or torch.device("cpu")
    registered = registry().variant(name)
    cls: type[Variant] = registered.load()
    dataset = samples_for(registered.spec)
    suited = own_settings(cls.Config, cls.recipe(dataset.spec) | smaller(cls) | settings)
    torch.manual_seed(0)
    variant = cls(equipped(build(cls.Config, suited)), dataset.spec)
    variant.to(device)
    streams = variant.streams(dataset)
    feed = make_feed(dataset, batch_size, device=device, seed=0, streams=streams)
    engine = Engine(variant, feed, 1000, execution or Execution())
    engine.iteration = 101
    return engine
