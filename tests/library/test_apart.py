"""What is made of a run, or foreseen, draws from no generator that a training may be using."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

import ganzoo
from ganzoo import draws

pytestmark = pytest.mark.usefixtures("blank")

POINTS: dict[str, Any] = {
    "dataset": "ring8",
    "generator_widths": (8,),
    "discriminator_widths": (8,),
}
IMAGES: dict[str, Any] = {"dataset": "glyphs", "few": 300, "batch_size": 16, "width": 4}


class Watch(TorchDispatchMode):
    """Notes what draws from the default generators while it is nobody's turn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        named = (kwargs or {}).get("generator") is not None
        drawing = torch.Tag.nondeterministic_seeded in func.tags and not named
        if drawing and not draws._TURN._is_owned():  # type: ignore[attr-defined]
            self.drawn.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a run of points, one of images, an image and a mask."""
    path = tmp_path_factory.mktemp("runs")
    ganzoo.train("vanilla", steps=2, out=path / "points", progress=False, **POINTS)
    ganzoo.train("dcgan", steps=2, out=path / "images", progress=False, **IMAGES)
    mask = np.zeros((28, 28), np.uint8)
    mask[:, :9] = 255
    Image.fromarray(mask).save(path / "mask.png")
    Image.fromarray(255 - mask).save(path / "image.png")
    return path


def points(folder: Path) -> ganzoo.TrainedRun:
    return ganzoo.open_run(folder / "points")


def images(folder: Path) -> ganzoo.TrainedRun:
    return ganzoo.open_run(folder / "images")


WAYS: dict[str, Callable[[Path, Path], object]] = {
    "sample": lambda folder, _: images(folder).sample(3),
    "sample around": lambda folder, _: points(folder).sample(3, around=2),
    "walk": lambda folder, _: images(folder).walk([1, 2]),
    "evaluate": lambda folder, _: points(folder).evaluate(n=200),
    "project": lambda folder, _: images(folder).project(folder / "image.png", steps=2),
    "restore": lambda folder, _: images(folder).restore(
        [folder / "image.png"], folder / "mask.png", steps=2
    ),
    "export": lambda folder, out: images(folder).export("torch", out),
    "forecast": lambda *_: ganzoo.forecast("vanilla", evaluate_every=50, steps=100, **POINTS),
    "forecast of many": lambda *_: ganzoo.forecast("dcgan", steps=9, **IMAGES | {"batch_size": 64}),
    "train": lambda _, out: ganzoo.train("vanilla", steps=2, out=out, progress=False, **POINTS),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_draws_in_its_turn(way: str, folder: Path, tmp_path: Path) -> None:
    with Watch() as watch:
        WAYS[way](folder, tmp_path / "out")
    assert watch.drawn == []


def test_samples_in_parts_are_the_same_whatever_is_drawn_between(folder: Path) -> None:
    """One that is left half-way neither keeps the turn nor the program's own random numbers."""
    run = points(folder)
    first, second = (run.drawn(600, run.drawing(None, seed, 1.0, {})) for seed in (0, 1))
    torch.manual_seed(5)
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    own: list[torch.Tensor] = []
    for one, other in zip(first, second, strict=True):
        parts.append((one.made, other.made))
        own.append(torch.rand(3))
    for seed, made in enumerate(zip(*parts, strict=True)):
        assert torch.equal(torch.cat(made), run.sample(600, seed=seed).made)
    torch.manual_seed(5)
    assert torch.equal(torch.stack(own), torch.rand(len(own), 3))
    left = run.drawn(600, run.drawing(None, 0, 1.0, {}))
    next(left)
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(run.sample, 2).result(timeout=60).made) == 2


def test_what_draws_out_of_turn_is_seen() -> None:
    with Watch() as watch, draws.drawing_apart(torch.device("cpu")):
        torch.rand(3)
        torch.rand(3, generator=torch.Generator())
    assert watch.drawn == []
    with watch:
        torch.rand(3)
    assert watch.drawn == ["aten.rand.default"]
