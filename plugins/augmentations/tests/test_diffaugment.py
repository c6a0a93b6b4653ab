"""DiffAugment against loops written by hand from the authors' definition, and in a game."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_augmentations import ganzoo_register_augmentations
from ganzoo_augmentations.diffaugment import Colour, Cutout, DiffAugment
from PIL import Image
from torch import Tensor, nn

from ganzoo import Adversarial, AdversarialConfig, Batch, Dataset, DataSpec, GanzooError
from ganzoo.augmentations import SeenAugmentation, Translation
from ganzoo.config import build
from ganzoo.data.feed import make_feed
from ganzoo.data.made import drawing
from ganzoo.engine.engine import Engine
from ganzoo.networks import Discriminator, Generator
from ganzoo.plugins.equip import equipped
from ganzoo.testing import check_augmentation

CPU = torch.device("cpu")
PLUGIN = Path(__file__).parents[1]
NAMES = [spec.name for spec in ganzoo_register_augmentations()]


@pytest.mark.parametrize("name", NAMES)
def test_each_conforms(name: str) -> None:
    check_augmentation(name)


def make(cls: type[SeenAugmentation], **settings: Any) -> SeenAugmentation:
    made: Any = cls
    part: SeenAugmentation = made(made.Config(**settings))
    return part


def test_colour_is_what_a_loop_makes_of_the_same_draws() -> None:
    image = torch.rand(5, 3, 4, 6) * 2 - 1
    torch.manual_seed(0)
    out = make(Colour)(image)
    torch.manual_seed(0)
    brightness, saturation, contrast = (torch.rand(5, 1, 1, 1).flatten().tolist() for _ in range(3))
    for k, one in enumerate(image.clone()):
        one += brightness[k] - 0.5
        for y in range(4):
            for x in range(6):
                grey = one[:, y, x].mean().item()
                one[:, y, x] = (one[:, y, x] - grey) * (2 * saturation[k]) + grey
        mean = one.mean().item()
        torch.testing.assert_close(out[k], (one - mean) * (contrast[k] + 0.5) + mean)


def test_colour_keeps_what_it_must() -> None:
    """The order of the grey values, and of one channel its saturation."""
    image = torch.rand(5, 1, 4, 4)
    out = make(Colour)(image)
    shape = (image - image.mean((2, 3), keepdim=True)) / image.std((1, 2, 3), keepdim=True)
    same = (out - out.mean((2, 3), keepdim=True)) / out.std((1, 2, 3), keepdim=True)
    torch.testing.assert_close(same, shape, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("height", "width", "ratio"), [(8, 6, 0.5), (5, 7, 0.5), (8, 8, 0.4)])
def test_cutout_is_what_a_loop_makes_of_the_same_draws(
    height: int, width: int, ratio: float
) -> None:
    image = torch.rand(60, 2, height, width) + 0.1
    tall, wide = int(height * ratio + 0.5), int(width * ratio + 0.5)
    torch.manual_seed(0)
    out = make(Cutout, ratio=ratio)(image)
    torch.manual_seed(0)
    down = torch.randint(0, height + (1 - tall % 2), (60, 1)).flatten().tolist()
    right = torch.randint(0, width + (1 - wide % 2), (60, 1)).flatten().tolist()
    for k, one in enumerate(image.clone()):
        for y in range(tall):
            for x in range(wide):
                row = min(max(y + down[k] - tall // 2, 0), height - 1)
                column = min(max(x + right[k] - wide // 2, 0), width - 1)
                one[:, row, column] = 0
        assert torch.equal(out[k], one)


def test_cutout_of_nothing_is_the_image() -> None:
    image = torch.rand(4, 1, 6, 6)
    assert torch.equal(make(Cutout, ratio=0.0)(image), image)


def test_diffaugment_is_its_parts_in_order() -> None:
    image = torch.rand(4, 3, 8, 8)
    torch.manual_seed(0)
    out = make(DiffAugment)(image)
    torch.manual_seed(0)
    for cls in (Colour, Translation, Cutout):
        image = make(cls)(image)
    assert torch.equal(out, image)


def test_gradients_are_the_slopes_twice_over() -> None:
    """Through every draw, as a penalty on D's gradients differentiates them again."""
    image = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    part = make(DiffAugment)

    def seen(x: Tensor) -> Tensor:
        torch.manual_seed(0)
        return part(x).square()

    assert torch.autograd.gradcheck(seen, image)
    assert torch.autograd.gradgradcheck(seen, image)


@pytest.mark.parametrize("name", NAMES)
def test_points_are_refused(name: str) -> None:
    with pytest.raises(GanzooError, match=f"--augment {name} changes images, and 'ring' has none"):
        make_game(DataSpec.points(2, name="ring"), augment=name)


class OneImage(Generator):
    """Whatever z is: the degenerate G."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, 1, 8, 8))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.image.expand(len(latent), -1, -1, -1)


class Flat(Discriminator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1), nn.Flatten(0)
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(image)
        return out


class Game(Adversarial):
    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.discriminator = OneImage(), Flat()


def make_game(data: DataSpec, cls: type[Game] | None = None, **settings: Any) -> Game:
    torch.manual_seed(0)
    return (cls or Game)(equipped(build(AdversarialConfig, {"latent_dim": 2, **settings})), data)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_not_augmented(name: str) -> None:
    game = make_game(DataSpec.images((1, 8, 8)), augment=name)
    nn.init.uniform_(game.generator.image)
    assert torch.equal(game(torch.zeros(5, 2)), game.generator.image.expand(5, -1, -1, -1))
    batch = Batch({"image": torch.rand(5, 1, 8, 8)})
    game.generator_loss(batch)
    assert torch.equal(batch.shared["fake"], game(torch.zeros(5, 2)))


class Leaky(Game):
    """D sees the data augmented, and fakes as they are: a mistake."""

    def judge(self, image: Tensor, label: Tensor | None) -> Tensor:
        if torch.equal(image, self.generator(image).detach()):
            return self.discriminator(image, label)
        return super().judge(image, label)


@pytest.mark.parametrize(("cls", "leaks"), [(Game, False), (Leaky, True)])
def test_a_degenerate_g_learns_the_image_and_not_what_d_sees_of_it(
    cls: type[Game], leaks: bool
) -> None:
    """All data are one image, which is moved, cut and coloured in each of D's views."""
    image = torch.full((64, 1, 8, 8), 64, dtype=torch.uint8)
    image[:, :, 1:5, 2:6] = 224
    data = Dataset.images("one", image)
    settings = {"augment": "diffaugment", "regulariser": "r1:gamma=0.1", "lr": 1e-2, "beta1": 0.0}
    game = make_game(data.spec, cls, **settings)
    engine = Engine(game, make_feed(data, 32, device=CPU, seed=0), 400)
    for _ in range(400):
        engine.step()
    wanted = image[:1].float() / 127.5 - 1
    error = (game.generator.image - wanted).abs().mean().item()
    assert error > 0.2 if leaks else error < 0.06


def test_the_program_of_the_page_makes_its_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of other images, as all 60,000 would take too long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(drawing.SAMPLES, "train", 20)
    page = (PLUGIN / "README.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    with torch.random.fork_rng():
        exec(program, {})
    (name,) = re.findall(r"^!\[.*\]\((.*)\)$", page, re.MULTILINE)
    assert Image.open(name).size == Image.open(PLUGIN / name).size
