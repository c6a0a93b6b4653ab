"""A toy that a stranger might offer, and what it trains on."""

import json
from pathlib import Path

from PIL import Image

TOY_INIT = """
from ganzoo import Need, VariantSpec, hookimpl

NEEDS = ((Need(("image", "point")), Need(("label",))),)

@hookimpl
def ganzoo_register_variants():
    return [VariantSpec("toy", "ganzoo_toy.variant:Toy", "Le Pâté 玩具", 2026, needs=NEEDS)]
"""

TOY_VARIANT = '''
from dataclasses import dataclass

import torch

from ganzoo import SGD, Phase, Player, Variant, option


@dataclass(frozen=True)
class Config:
    bright: bool = option(False, "draw all of it 100 lighter")
    lr: float = option(0.5, "learning rate", above=0)


class Toy(Variant):
    """Draws images whose every pixel is the label."""

    Config = Config

    @classmethod
    def recipe(cls, data):
        return {"steps": 2, "batch_size": 4}
    conditional = True

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = torch.nn.Linear(1, 1)

    def players(self):
        return {"painter": Player(("generator",), SGD(self.config.lr))}

    def phases(self):
        return [Phase("paint", "painter", lambda batch: self.generator.weight.square().sum())]

    def sample_latent(self, n):
        return torch.randn(n, 1, device=self.device)

    def forward(self, latent, label=None):
        value = label.float() + 100 * self.config.bright
        return (value / 127.5 - 1)[:, None, None, None].expand(-1, *self.data.shape)
'''


def settings(run: Path) -> dict[str, object]:
    content = json.loads((run / "run.json").read_text())
    return content["training"] | content["config"]


def write_images(folder: Path, classes: tuple[str, ...] = ("",)) -> tuple[object, ...]:
    """Twelve flat grey images of 28x28 a class; returns the flags to train on them."""
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(12):
            Image.new("L", (28, 28), 20 * i).save(folder / name / f"{i:02d}.png")
    return ("--dataset", "folder", "--data-root", folder, "--image-size", 28, "--batch-size", 4)
