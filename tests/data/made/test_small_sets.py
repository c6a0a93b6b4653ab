"""The small sets that are drawn on the spot: their form, their rules, and that a seed is enough."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

import pytest
import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import SMALL
from ganzoo.data.made.small import arithmetic, fields, fruits, melodies, moving_glyphs, sines
from ganzoo.data.made.small.painted_glyphs import RED, paint
from ganzoo.data.made.small.voxels import fill
from ganzoo.engine.cpu.matmul import ONEDNN, SETTINGS
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry

SETS = {
    row.spec.name: row.spec
    for row in registry().datasets()
    if row.spec.target.startswith("ganzoo.data.made.small.")
}
BY_IMAGE = ("glyph-pairs", "painted-glyphs", "moving-glyphs")


def loader(name: str) -> Callable[[DataRequest], Dataset]:
    module, _, function = SETS[name].target.partition(":")
    found: Callable[[DataRequest], Dataset] = getattr(import_module(module), function)
    return found


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SMALL, "train", 400)
    monkeypatch.setitem(SMALL, "test", 200)


@cache
def drawn(name: str, split: str = "train") -> Dataset:
    return loader(name)(DataRequest(split=split, seed=3))


def digest(name: str) -> str:
    found = hashlib.sha256()
    for tensor in loader(name)(DataRequest(split="test", seed=3)).tensors.values():
        found.update(tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


def test_there_is_a_set_for_each_kind() -> None:
    kinds = {field.kind for spec in SETS.values() for group in spec.groups for field in group}
    assert kinds == {
        "image", "attributes", "label", "video", "volume", "tokens", "series", "table"
    }  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_what_its_spec_says(name: str) -> None:
    for split, samples in (("train", 400), ("test", 200)):
        dataset = drawn(name, split)
        assert dataset.name == name
        assert dataset.spec.groups == SETS[name].groups
        for field in SETS[name].groups[0]:
            tensor = dataset.tensors[field.name]
            assert tensor.shape == (samples, *field.shape)
            assert tensor.is_contiguous()


@pytest.mark.parametrize("name", SETS)
def test_splits_and_seeds_share_hardly_a_sample(name: str) -> None:
    train, test = drawn(name), drawn(name, "test")
    other = loader(name)(DataRequest(split="train", seed=4))
    first = train.spec.sample.name
    seen = [{one.numpy().tobytes() for one in part.tensors[first]} for part in (train, test, other)]
    for rows, samples in zip(seen, (400, 200, 400), strict=True):
        assert len(rows) >= 0.99 * samples, "many samples are there twice"
    assert len(seen[0] & seen[1]) <= 1
    assert len(seen[0] & seen[2]) <= 1


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_bytes_depend_on_neither_threads_nor_process() -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        "import torch; torch.set_num_threads(1)\n"
        "from ganzoo.data.made.drawing import SMALL; SMALL.update(train=400, test=200)\n"
        "from test_small_sets import SETS, digest\n"
        "print(json.dumps({name: digest(name) for name in SETS}))"
    )
    here = __file__.rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", code, here], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {name: digest(name) for name in SETS}


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch has one library only")
@pytest.mark.parametrize("name", SETS)
def test_the_bytes_do_not_depend_on_what_multiplies(name: str) -> None:
    """A training on an AMD's processor may have had oneDNN multiply before a set is drawn."""
    before, matmul = digest(name), torch.backends.mkldnn.matmul
    precision = matmul.fp32_precision
    matmul.fp32_precision = SETTINGS[ONEDNN]
    try:
        assert digest(name) == before
        assert matmul.fp32_precision == SETTINGS[ONEDNN]
    finally:
        matmul.fp32_precision = precision


@pytest.mark.parametrize("name", SETS)
def test_what_is_refused(name: str, tmp_path: object) -> None:
    with pytest.raises(GanzooError, match=f"'{name}' is drawn on the spot and reads no files"):
        loader(name)(DataRequest(root=tmp_path))  # type: ignore[arg-type]
    with pytest.raises(GanzooError, match="there is no split 'val': choose train or test"):
        loader(name)(DataRequest(split="val"))
    if name not in BY_IMAGE:
        with pytest.raises(GanzooError, match=f"'{name}' holds .*: leave out --image-size"):
            loader(name)(DataRequest(image_size=(32, 32)))
    else:
        with pytest.raises(GanzooError, match="pixels a side, not 8x32: choose another"):
            loader(name)(DataRequest(image_size=(8, 32)))


@pytest.mark.parametrize("name", BY_IMAGE)
def test_images_are_drawn_in_the_size_that_is_asked_for(name: str) -> None:
    dataset = loader(name)(DataRequest(split="test", image_size=(32, 48)))
    for field in dataset.spec.groups[0]:
        assert dataset.tensors[field.name].shape[1:] == field.shape
        if field.kind in ("image", "video"):
            assert field.shape[-2:] == (32, 48)


def test_a_pair_is_one_drawing() -> None:
    pairs = drawn("glyph-pairs")
    source, target = (pairs.tensors[name].double() for name in ("source", "target"))
    dark = 255 - source.mean(1)
    both = torch.stack((dark.flatten(1), target.flatten(1)), 1)
    both -= both.mean(2, keepdim=True)
    own = (both[:, 0] * both[:, 1]).sum(1) / both.norm(dim=2).prod(1)
    assert own.min() > 0.8
    strange = both[:, 0] * both[:, 1].roll(1, 0)
    assert (
        strange.sum(1) / (both[:, 0].norm(dim=1) * both[:, 1].roll(1, 0).norm(dim=1))
    ).mean() < 0.5


def test_attributes_are_what_is_painted() -> None:
    drawing = glyphs.draw(torch.arange(10), (28, 28), Generator().manual_seed(1))
    none = torch.zeros(10, 4, dtype=torch.uint8)

    def with_one(name: str) -> Tensor:
        chosen = none.clone()
        chosen[:, fields.PAINTED_GLYPHS[1].names.index(name)] = 1
        return paint(drawing, chosen)

    white = paint(drawing, none)
    assert torch.equal(white, drawing.expand(-1, 3, -1, -1))

    red = with_one("red")
    assert torch.equal(red[:, 0], drawing[:, 0])
    assert torch.equal(red[:, 1], drawing[:, 0].int().mul(RED[1]).div(255, rounding_mode="floor"))

    thick = with_one("thick")
    for row, column in ((5, 9), (14, 14), (20, 11)):
        around = drawing[:, 0, row - 1 : row + 2, column - 1 : column + 2]
        assert torch.equal(thick[:, 0, row, column], around.amax((1, 2)))

    slanted = with_one("slanted")  # half a pixel to the right for each pixel above the middle
    assert torch.equal(slanted[:, 0, 9, 2:], drawing[:, 0, 9, :-2])
    assert torch.equal(slanted[:, 0, 18, :-2], drawing[:, 0, 18, 2:])

    boxed = with_one("boxed")
    assert torch.equal(boxed[:, :, 1:-1, 1:-1], white[:, :, 1:-1, 1:-1])
    for edge in (boxed[:, :, 0], boxed[:, :, -1], boxed[..., 0], boxed[..., -1]):
        assert (edge == 255).all()


def test_attributes_are_independent_and_each_holds_for_half() -> None:
    torch.manual_seed(0)
    chosen = drawn("painted-glyphs").tensors["attributes"].double()
    assert chosen.unique().tolist() == [0, 1]
    assert (chosen.mean(0) - 0.5).abs().max() < 0.12  # 4.8 standard deviations of 400
    assert (torch.corrcoef(chosen.T) - torch.eye(4)).abs().max() < 0.24


def test_a_glyph_flies_straight_on_and_bounces_off_the_walls() -> None:
    corners = moving_glyphs.fly(300, 8, (16, 20), Generator().manual_seed(2)).double()
    assert corners.min() == 0
    assert corners[..., 0].max() == 16
    assert corners[..., 1].max() == 20
    steps = corners.diff(dim=1)
    bounce = steps[:, 1:].sign() * steps[:, :-1].sign() < 0
    assert 0.05 < bounce.double().mean() < 0.3
    steady = (steps[:, 1:] - steps[:, :-1]).abs()
    inside = (corners[:, :-2] > 4.5) & (corners[:, :-2] < 11.5)
    assert steady[inside & (corners[:, 2:] > 0) & (corners[:, 2:] < 16)].median() <= 1


def test_every_frame_shows_the_whole_of_one_glyph() -> None:
    video = drawn("moving-glyphs").tensors["video"].long()
    mass = video.flatten(3).sum(3)[:, 0]
    assert torch.equal(mass, mass[:, :1].expand_as(mass))
    assert mass.min() > 0


def test_shapes_are_solid_apart_and_inside_of_their_box() -> None:
    volumes, label = (drawn("voxels").tensors[name] for name in ("volume", "label"))
    assert volumes.unique().tolist() == [0, 255]
    share = (volumes > 0).double().flatten(1).mean(1)
    assert share.min() > 0.005
    assert share.max() < 0.6
    assert torch.equal(label.bincount(), torch.full((4,), 100))
    hollow = volumes[:, 0, 7:9, 7:9, 7:9].double().mean((1, 2, 3)) / 255
    by_shape = [hollow[label == k].mean().item() for k in range(4)]
    assert min(by_shape[:3]) > 0.95
    assert by_shape[3] < 0.35, "a ring has a hole"


def test_a_ball_has_the_volume_of_an_ellipsoid() -> None:
    n = 400
    found = (fill(torch.zeros(n, dtype=torch.int64), 32, Generator().manual_seed(5)) > 0).double()
    mean = found.flatten(1).mean(1).mean().item() * 8  # of a cube of side 2
    assert mean == pytest.approx(4 / 3 * torch.pi * 0.5**3, rel=0.04)  # radii uniform about 0.5


def text(tokens: Tensor) -> str:
    return "".join(fields.ARITHMETIC[0].names[token] for token in tokens.tolist())


def test_expressions_can_be_worked_out() -> None:
    tokens = drawn("arithmetic").tensors["tokens"]
    texts = [text(row) for row in tokens]
    assert {text for text in texts if not isinstance(eval(text), int)} == set()
    assert {sum(c.isdigit() for c in text) for text in texts} == {4, 5, 6}
    assert 0.35 < sum("(" in text for text in texts) / len(texts) < 0.65
    truth = drawn("arithmetic").truth.valid
    assert truth is not None
    assert truth(tokens).all()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1+2", True), ("7", True), ("((3))*2", True), ("(1+2)*(3-4)", True), ("", False),
        ("1+", False), ("+1", False), ("12", False), ("(1+2", False), ("1)+2", False),
        ("()", False), ("2(3)", False), ("1 2", False), (" 1+2", False), ("1+2 ", True),
    ],
)  # fmt: skip
def test_which_expressions_are_valid(expression: str, expected: bool) -> None:
    names = ("", *fields.ARITHMETIC[0].names[1:])
    row = [0 if symbol == " " else names.index(symbol) for symbol in expression]
    tokens = torch.tensor([row + [0] * (13 - len(row))])
    assert arithmetic.valid(tokens).tolist() == [expected]


def test_melodies_are_one_voice_in_a_key() -> None:
    rolls = drawn("melodies").tensors["series"]
    assert rolls.dtype == torch.uint8
    assert rolls.unique().tolist() == [0, 255]
    assert melodies.valid(rolls).all()
    two, rest, odd = rolls[:1].clone(), rolls[:1].clone(), rolls[:1].clone()
    two[0, 3] = 255
    rest[0, 3] = 0
    odd.zero_()
    odd[0, :, 0] = 255  # C C# D D# and on: of no key
    for pitch in range(4):
        odd[0, pitch, 0], odd[0, pitch, pitch] = 0, 255
    assert [melodies.valid(roll).item() for roll in (two, rest, odd)] == [False, False, False]
    scale = torch.zeros_like(odd)
    for moment in range(32):
        scale[0, moment, (0, 2, 4, 5, 7, 9, 11)[moment % 7]] = 200
    assert melodies.valid(scale).item()


def test_notes_last_and_move() -> None:
    pitch = drawn("melodies").tensors["series"].argmax(2)
    stays = (pitch[:, 1:] == pitch[:, :-1]).double().mean().item()
    assert 0.4 < stays < 0.7  # a note lasts two moments on average, and one of nine steps is none
    assert pitch.diff(dim=1).abs().max() <= 7


def test_sines_follow_their_recurrence() -> None:
    series = drawn("sines").tensors["series"].double()
    assert series.abs().max() <= 1
    assert sines.valid(series).all()
    before, now, after = series[:, :-2], series[:, 1:-1], series[:, 2:]
    cosine = ((before + after) * now).sum(1) / (2 * now.square().sum(1))
    assert (before + after - 2 * cosine.unsqueeze(1) * now).abs().max() < 1e-5
    periods = cosine.clamp(-1, 1).acos() * 24 / (2 * torch.pi)
    assert periods.min() > 0.49
    assert periods.max() < 3.01
    noise = torch.rand(5, 24, 5, generator=Generator().manual_seed(0)) * 2 - 1
    assert not sines.valid(noise).any()
    one_wrong = series[:1].clone()
    one_wrong[:, :, 2] = noise[:1, :, 2]
    assert not sines.valid(one_wrong).item()


def test_fruits_keep_the_rules_that_tie_their_columns() -> None:
    rows = drawn("fruits").tensors["table"]
    assert rows.dtype == torch.float32
    assert rows[:, :4].sum(1).eq(1).all()
    assert rows[:, 4:8].sum(1).eq(1).all()
    assert rows[:, 8:].abs().max() <= 1
    assert fruits.valid(rows).all()
    fruit, colour = rows[:, :4].argmax(1), rows[:, 4:8].argmax(1)
    grams, euros = (rows[:, 8].double() + 1) * 1000, (rows[:, 9].double() + 1) * 6
    assert euros.mul(100).sub(euros.mul(100).round()).abs().max() < 1e-3
    assert grams[fruit == 1].max() < 14.01
    assert grams[fruit == 2].min() > 899.99
    for k in range(4):
        assert torch.corrcoef(torch.stack((grams, euros))[:, fruit == k])[0, 1] < -0.8
    assert set(colour[fruit == 1].tolist()) == {2, 3}
    assert not fruits.valid(rows[fruit == 2].roll(1, 1)).any()
    shuffled = torch.cat((rows[:, :8], rows[:, 8:].roll(1, 0)), 1)
    assert fruits.valid(shuffled).double().mean() < 0.5
