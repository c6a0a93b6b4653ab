"""The recipe by which the weights were made, on a few drawn images."""

from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ganzoo_features.network import PATCH, SIDE, Network
from torch import Generator, nn

from ganzoo.artifacts.pixels import to_floats
from ganzoo.data.made import glyphs, ink

FILE = Path(__file__).parents[1] / "recipe/train.py"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = spec_from_file_location("recipe", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PATCHES = 100  # type: ignore[attr-defined]
    return module


LABELS = torch.arange(256) % 10
_GENERATOR = Generator().manual_seed(0)
IMAGES = ink.write(glyphs.draw(LABELS, (SIDE, SIDE), _GENERATOR), _GENERATOR)


def test_the_first_layer_whitens_patches(recipe: ModuleType) -> None:
    recipe.EPSILON = 1e-12  # type: ignore[attr-defined]
    seen = recipe._initial(IMAGES[:200]).whitening(to_floats(IMAGES[:200:2])).double()
    rows = seen.transpose(0, 1).flatten(1)
    half = 3 * PATCH**2
    assert torch.allclose(rows[:half], -rows[half:], atol=1e-5)
    whitened = rows[:half] @ rows[:half].T / rows.shape[1]
    assert torch.allclose(whitened, torch.eye(half, dtype=torch.float64), atol=0.02)


def test_what_is_shipped_computes_what_was_trained(recipe: ModuleType) -> None:
    trained = recipe._initial(IMAGES)
    generator = Generator().manual_seed(1)
    for layer in trained.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean = torch.randn(layer.num_features, generator=generator)
            layer.running_var = torch.rand(layer.num_features, generator=generator) + 0.5
            layer.bias.data = torch.randn(layer.num_features, generator=generator)
    shipped = Network(10)
    shipped.load_state_dict(recipe._folded(trained.eval()))
    images = to_floats(IMAGES[:20])
    for plain, normed in zip(shipped(images), trained(images), strict=True):
        assert torch.allclose(plain, normed, atol=1e-4)


def test_an_image_is_moved_by_two_pixels_at_most_and_reflected(recipe: ModuleType) -> None:
    across = torch.arange(SIDE, dtype=torch.uint8).expand(50, 3, SIDE, SIDE)
    torch.manual_seed(0)
    moved = recipe._moved(across)
    assert moved.shape == across.shape
    assert {*moved[:, 0, 0, 10].tolist()} == {8, 9, 10, 11, 12}
    assert {*moved[:, 0, 0, 0].tolist()} == {0, 1, 2}


def test_some_steps_lower_the_loss(recipe: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "BATCH", 24)
    # Many processors have no bf16 and take two seconds for a step in it.
    monkeypatch.setattr(torch, "autocast", lambda *_: nullcontext())
    torch.manual_seed(0)
    images, labels = IMAGES[:120], LABELS[:120]
    network = recipe._initial(images)
    before = recipe.accuracy(network.eval(), images, labels)
    assert len([*recipe._epochs(network, images, labels, 6, 0.1)]) == 6
    assert recipe.accuracy(network.eval(), images, labels) > before + 0.3
