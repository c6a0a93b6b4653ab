"""A plugin with a small data set and a small game for each kind of data, as sources.

One kind is none of ganzoo's: `KIND` is the file that it would have among them.
"""

KIND = '''
"""Directions in a plane: float32 (n, directions) in radians, made as half turns in [-1, 1]."""

import csv
import math

import torch

from ganzoo.data.kinds.kind import Kind, described
from ganzoo.spec import Field


class Angles(Kind):
    """As winds and hands of clocks have them."""

    words = "angles"
    array = "angles"
    example = Field("angle", "angle", (2,))
    bounded = True
    distinct = True

    def flaw(self, field, stored):
        if stored.dtype is not torch.float32 or stored.dim() != 2:
            return f"is {described(stored)}: angles are float32 (n, directions)"
        return ""

    def invented(self, field, n, generator):
        return super().invented(field, n, generator) * math.pi

    def prepared(self, stored):
        return stored / math.pi

    def restored(self, field, made):
        return made * math.pi

    def draw(self, field, made, path, modes=None, columns=None):
        from ganzoo.data.kinds import kind_of

        hands = torch.stack((torch.cos(made * math.pi), torch.sin(made * math.pi)), -1)
        kind_of("point").draw(field, hands.flatten(0, 1), path)

    def write(self, field, stored, folder, first):
        with (folder / "samples.csv").open("a", newline="") as file:
            csv.writer(file).writerows(stored.tolist())

    def read(self, field, folder):
        with (folder / "samples.csv").open(newline="") as file:
            rows = [[float(word) for word in row] for row in csv.reader(file)]
        return self.checked(field, torch.tensor(rows), folder)


KIND = Angles()
'''

INIT = '''
"""Games on data of every kind."""

from ganzoo import DatasetSpec, Field, Need, VariantSpec, hookimpl

FIELDS = {
    "image": (Field("image", "image", (5, 8, 8)),),
    "deep": (Field("image", "image", (1, 8, 8), codec="16 bits"),),
    "point": (Field("image", "point", (3,)),),
    "volume": (Field("volume", "volume", (1, 4, 4, 4)),),
    "video": (Field("video", "video", (1, 3, 6, 6)),),
    "tokens": (Field("tokens", "tokens", (5,), ("", *"abc")),),
    "series": (Field("series", "series", (8, 2), ("x", "y")),),
    "table": (
        Field(
            "table", "table", (3,), ("age", "town"),
            '[{"low": 0, "high": 9, "digits": 1}, {"words": ["rome", "york"]}]',
        ),
    ),
    "label": (Field("image", "image", (1, 8, 8)), Field("label", "label", (), ("odd", "even"))),
    "attributes": (
        Field("image", "image", (1, 8, 8)), Field("attributes", "attributes", (2,), ("hat", "tie"))
    ),
    "mask": (Field("image", "image", (1, 8, 8)), Field("mask", "mask", (8, 8), ("sky", "sea"))),
    "angle": (Field("angle", "angle", (2,)),),
    "pair": (Field("source", "image", (1, 8, 8)), Field("target", "image", (3, 8, 8))),
}


@hookimpl
def ganzoo_register_datasets():
    """A set for each kind."""
    return [
        DatasetSpec(f"toy-{name}", f"ganzoo_toy.variant:load_{name}", "toys", "", groups=(fields,))
        for name, fields in FIELDS.items()
    ]


@hookimpl
def ganzoo_register_variants():
    """A game for each kind."""
    return [
        VariantSpec(
            f"game-{name}",
            "ganzoo_toy.variant:Game",
            "Toys",
            2026,
            needs=(tuple(Need((field.kind,), field.name) for field in fields),),
            dataset=f"toy-{name}",
        )
        for name, fields in FIELDS.items()
    ]
'''

VARIANT = '''
"""The games."""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn.functional import one_hot, softplus

from ganzoo import Adam, DataSpec, Dataset, GanzooError, Phase, Player, Variant, option
from ganzoo.data.kinds import kind_of
from ganzoo_toy import FIELDS

N = {"train": 80, "test": 40}


def load(name, request):
    seed = 2 * request.seed + (request.split == "test")
    generator = torch.Generator().manual_seed(seed)
    if request.image_size is not None:
        raise GanzooError("toys are of one size: leave out --image-size")
    tensors = {}
    for field in FIELDS[name]:
        tensors[field.name] = kind_of(field.kind).invented(field, N[request.split], generator)
    return Dataset(DataSpec((FIELDS[name],), f"toy-{name}"), tensors)


for name in FIELDS:
    globals()[f"load_{name}"] = partial(load, name)


@dataclass(frozen=True)
class Config:
    lr: float = option(1e-2, "learning rate of both Adams", above=0)


class Game(Variant):
    """G and D of a layer; D sees a sample and what lies beside it, side by side."""

    Config = Config

    @classmethod
    def recipe(cls, data):
        return {"steps": 6, "batch_size": 8}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.texts = data.kind == "tokens"
        self.made = (*data.shape, len(data.sample.names)) if self.texts else data.shape
        size = math.prod(self.made)
        last = nn.Tanh() if kind_of(data.kind).bounded else nn.Identity()
        self.generator = nn.Sequential(
            nn.Linear(4, size), nn.BatchNorm1d(size), last, nn.Unflatten(1, self.made)
        )
        beside = sum(len(field.names) if field.kind == "label" else math.prod(field.shape)
                     for field in data.groups[0][1:])
        self.discriminator = nn.Sequential(nn.Linear(size + beside, 8), nn.ReLU(), nn.Linear(8, 1))

    def players(self):
        optim = Adam(self.config.lr)
        return {"g": Player(("generator",), optim, ema=0.9), "d": Player(("discriminator",), optim)}

    def phases(self):
        return [Phase("g", "g", self.g_loss), Phase("d", "d", self.d_loss)]

    def seen(self, sample, batch):
        """Logits of D."""
        parts = [sample]
        for field in self.data.groups[0][1:]:
            value = batch.data[field.name]
            parts.append(one_hot(value, len(field.names)) if field.kind == "label" else value)
        return self.discriminator(torch.cat([part.flatten(1).float() for part in parts], 1))

    def soft(self, latent):
        made = self.generator(latent)
        return made.softmax(-1) if self.texts else made

    def g_loss(self, batch):
        fake = self.soft(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        return softplus(-self.seen(fake, batch)).mean()

    def d_loss(self, batch):
        real = batch.data[self.data.sample.name]
        real = one_hot(real, self.made[-1]) if self.texts else real
        return (
            softplus(-self.seen(real, batch)).mean()
            + softplus(self.seen(batch.shared["fake"], batch)).mean()
        )

    def sample_latent(self, n):
        return torch.randn(n, 4, device=self.device)

    def forward(self, latent, label=None):
        made = self.generator(latent)
        return made.argmax(-1) if self.texts else made
'''
