"""Kinds of data: each is prepared, restored, drawn, written, read back, and says what is wrong."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import first_samples, make_feed
from ganzoo.data.kinds import kind_of, kinds
from ganzoo.data.kinds.series import scale, scaled, unscaled
from ganzoo.data.kinds.table import encode, learn
from ganzoo.data.kinds.tokens import decode
from ganzoo.data.sample_files import read_samples, write_folder, write_npz
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Field

CPU = torch.device("cpu")
ROWS = [["3.50", "red", "7"], ["-1.25", "blue", "7"], ["0.00", "red", "7"], ["9.75", "gold", "7"]]
COLUMNS = learn(ROWS, [False, True, False])


def drawn(high: int, *shape: int, dtype: torch.dtype = torch.uint8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(high, shape, generator=generator).to(dtype)


def floats(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


EXAMPLES = {
    "gray": (Field("x", "image", (1, 5, 4)), drawn(256, 4, 1, 5, 4)),
    "colour": (Field("x", "image", (3, 5, 4)), drawn(256, 4, 3, 5, 4)),
    "five channels": (Field("x", "image", (5, 5, 4)), drawn(256, 4, 5, 5, 4)),
    "gray, 16 bits": (
        Field("x", "image", (1, 5, 4), codec="16 bits"),
        (drawn(65536, 4, 1, 5, 4, dtype=torch.int32) - 32768).to(torch.int16),
    ),
    "colour, 16 bits": (
        Field("x", "image", (3, 5, 4), codec="16 bits"),
        (drawn(65536, 4, 3, 5, 4, dtype=torch.int32) - 32768).to(torch.int16),
    ),
    "points on a line": (Field("x", "point", (1,)), floats(4, 1)),
    "points in space": (Field("x", "point", (3,)), floats(4, 3)),
    "volumes": (Field("x", "volume", (1, 3, 5, 4)), drawn(256, 4, 1, 3, 5, 4)),
    "videos": (Field("x", "video", (3, 6, 5, 4)), drawn(256, 4, 3, 6, 5, 4)),
    "letters": (
        Field("x", "tokens", (3,), ("", *"ab+")),
        torch.tensor([[1, 3, 2], [2, 0, 0], [0, 0, 0], [1, 1, 1]]),
    ),
    "words": (
        Field("x", "tokens", (2,), ("one", "two"), " "),
        torch.tensor([[1, 0], [0, 0], [1, 1], [0, 1]]),
    ),
    "curves": (Field("x", "series", (6, 2), ("a", "b")), floats(4, 6, 2)),
    "a roll": (Field("x", "series", (6, 12), codec="bytes"), drawn(256, 4, 6, 12)),
    "a table": (field := Field("x", "table", (5,), ("a", "b", "c"), COLUMNS), encode(field, ROWS)),
    "labels": (Field("x", "label", (), ("odd", "even")), drawn(2, 4, dtype=torch.int64)),
    "attributes": (Field("x", "attributes", (3,), ("hat", "tie", "wig")), drawn(2, 4, 3)),
    "masks": (Field("x", "mask", (5, 4), ("sky", "sea")), drawn(2, 4, 5, 4)),
}


def test_every_kind_has_an_example() -> None:
    assert {field.kind for field, _ in EXAMPLES.values()} == set(kinds())
    with pytest.raises(GanzooError, match="there is no kind of data 'imagee': did you mean"):
        kind_of("imagee")


def test_naming_kinds_brings_in_neither_torch_nor_numpy() -> None:
    from subprocess import run

    code = (
        "import sys; from ganzoo.data.kinds import kinds; "
        "print([k.words for k in kinds().values()], {'torch', 'numpy'} & {*sys.modules})"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize(("field", "stored"), EXAMPLES.values(), ids=EXAMPLES)
def test_what_is_stored_is_sound_and_can_be_made_and_restored(field: Field, stored: Tensor) -> None:
    kind = kind_of(field.kind)
    assert kind.flaw(field, stored) == ""
    made = kind.prepared(stored)
    assert made.dtype == (torch.int64 if kind.whole else torch.float32)
    assert not kind.bounded or made.abs().max() <= 1
    restored = kind.restored(field, made)
    assert restored.dtype == stored.dtype
    assert torch.equal(restored, stored)


@pytest.mark.parametrize(("field", "stored"), EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("suffix", ["", ".npz"])
def test_what_is_written_is_read_back(
    tmp_path: Path, field: Field, stored: Tensor, suffix: str
) -> None:
    made = kind_of(field.kind).prepared(stored)
    out = tmp_path / f"samples{suffix}"
    write = write_npz if suffix else write_folder
    write([(made[:3], None), (made[3:], None)], field, out)
    read = read_samples(field, out)
    assert read.dtype == stored.dtype
    torch.testing.assert_close(read, stored, rtol=0, atol=1e-6)
    smaller = replace(field, shape=tuple(side - 1 for side in field.shape))
    if field.shape:
        with pytest.raises(GanzooError):
            read_samples(smaller, out)
    with pytest.raises(GanzooError):
        read_samples(field, tmp_path / "no.npz" if suffix else tmp_path)


@pytest.mark.parametrize(("field", "stored"), EXAMPLES.values(), ids=EXAMPLES)
def test_pictures_of_as_many_samples_are_of_one_size(
    tmp_path: Path, field: Field, stored: Tensor
) -> None:
    kind, sizes = kind_of(field.kind), set()
    for number, some in enumerate((stored, stored.flip(0))):
        path = tmp_path / f"{number}.png"
        kind.draw(field, kind.prepared(some), path)
        with Image.open(path) as picture:
            sizes.add(picture.size)
            assert len(set(np.asarray(picture.convert("L")).flatten().tolist())) > 1
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("gray", lambda x: x.float(), "images are uint8 (n, channels, height, width)"),
        ("gray", lambda x: x.to(torch.int16), "with the codec '16 bits'"),
        ("points in space", lambda x: x.double(), "points are float32 (n, dimensions)"),
        ("volumes", lambda x: x[:, 0], "volumes are uint8 (n, channels, depth, height, width)"),
        ("videos", lambda x: x.transpose(1, 2), "with 1 channel or 3"),
        ("letters", lambda x: x + 1, "goes from 1 to 4, and there are 4 symbols"),
        ("letters", lambda x: x.int(), "texts are int64 (n, length)"),
        ("curves", lambda x: 2 * x, "has values beyond [-1, 1]"),
        ("curves", lambda x: x / 0, "has values beyond [-1, 1]"),
        ("a roll", lambda x: x.float(), "or uint8 with the codec 'bytes'"),
        ("a table", lambda x: x[:, :3], "has 3 values a row, and its columns have 5"),
        ("labels", lambda x: x.int(), "make it int64 (n,)"),
        ("attributes", lambda x: x + 1, "attributes are uint8 (n, attributes) of 0 and 1"),
        ("attributes", lambda x: x[:, :2], "has 2 columns: give a name for each"),
        ("masks", lambda x: x + 1, "has the class 2, and there are 2, from 0 on"),
    ],
)
def test_a_flaw_is_said(name: str, change, said: str) -> None:  # type: ignore[no-untyped-def]
    field, stored = EXAMPLES[name]
    assert said in kind_of(field.kind).flaw(field, change(stored))


def test_the_ends_of_each_range_are_exact() -> None:
    ends = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    words = torch.tensor([-32768, 32767], dtype=torch.int16).view(2, 1, 1, 1)
    for stored in (ends, words):
        assert kind_of("image").prepared(stored).flatten().tolist() == [-1.0, 1.0]


def test_16_bits_are_kept_in_a_file(tmp_path: Path) -> None:
    field, stored = EXAMPLES["gray, 16 bits"]
    write_folder([(kind_of("image").prepared(stored), None)], field, tmp_path / "out")
    first = np.asarray(Image.open(tmp_path / "out/00000.png"))
    assert np.array_equal(first, stored[0, 0].numpy().astype(np.int32) + 32768)
    write_npz([(kind_of("image").prepared(stored), None)], field, tmp_path / "out.npz")
    assert np.load(tmp_path / "out.npz")["images"].dtype == np.uint16


def test_a_video_is_a_folder_of_frames_and_a_gif(tmp_path: Path) -> None:
    field, stored = EXAMPLES["videos"]
    write_folder([(kind_of("video").prepared(stored), None)], field, tmp_path / "out")
    frames = sorted(path.name for path in (tmp_path / "out/00001").iterdir())
    assert frames == [f"{moment:04d}.png" for moment in range(6)]
    with Image.open(tmp_path / "out/00001.gif") as gif:
        assert getattr(gif, "n_frames", 0) == 6


def test_a_volume_is_seen_from_three_sides(tmp_path: Path) -> None:
    volume = torch.full((1, 1, 4, 4, 4), -1.0)
    volume[0, 0, 0, 1, 2] = 1  # depth, height, width
    kind_of("volume").draw(Field("x", "volume", (1, 4, 4, 4)), volume, tmp_path / "x.png")
    lit = np.argwhere(np.asarray(Image.open(tmp_path / "x.png")) == 255).tolist()
    front, above, aside = [1, 2], [0, 5 + 2], [1, 10 + 0]
    assert sorted(lit) == sorted([front, above, aside])


def test_texts_are_as_the_user_has_them(tmp_path: Path) -> None:
    field, stored = EXAMPLES["letters"]
    assert decode(field, stored) == ["a+b", "b", "", "aaa"]
    ended = kind_of("tokens").restored(field, torch.tensor([[1, 0, 2]]))
    assert ended.tolist() == [[1, 0, 0]]
    weights = torch.nn.functional.one_hot(stored, 4).float()
    assert torch.equal(kind_of("tokens").restored(field, weights), stored)
    words, two = EXAMPLES["words"]
    write_folder([(two, None)], words, tmp_path / "out")
    assert (tmp_path / "out/samples.txt").read_text().splitlines()[0] == "two one"


def test_a_series_is_written_in_the_users_units(tmp_path: Path) -> None:
    values = torch.tensor([[[10.0, -5.0], [30.0, 5.0], [20.0, 0.0]]])
    field = Field(
        "x", "series", (3, 2), ("t", "p"), scale(values.amin((0, 1)), values.amax((0, 1)))
    )
    stored = scaled(field, values)
    assert stored.tolist() == [[[-1, -1], [1, 1], [0, 0]]]
    assert torch.equal(unscaled(field, stored), values)
    write_folder([(stored, None)], field, tmp_path / "out")
    lines = (tmp_path / "out/00000.csv").read_text().split()
    assert lines == ["t,p", "10,-5", "30,5", "20,0"]


@pytest.mark.parametrize(("low", "span"), [(0.0, 1.0), (1e6, 3.0), (-20.1, 0.3), (7e4, 1e-1)])
def test_series_of_a_narrow_range_are_read_as_they_were_written(
    tmp_path: Path, low: float, span: float
) -> None:
    """Such numbers are rounded by much of the range, and may lie a little beyond it then."""
    codec = scale(torch.tensor([low]), torch.tensor([low + span]))
    field, stored = Field("x", "series", (65, 1), ("a",), codec), torch.linspace(-1, 1, 65)
    kind_of("series").write(field, stored.view(1, 65, 1), tmp_path, 0)
    read = kind_of("series").read(field, tmp_path).flatten()
    assert (read - stored).abs().max() <= 1e-6 + 2**-21 * (abs(low) + span) / span


def test_a_table_keeps_decimals_words_and_columns_that_never_change(tmp_path: Path) -> None:
    field, stored = EXAMPLES["a table"]
    assert json.loads(COLUMNS)[0] == {"low": -1.25, "high": 9.75, "digits": 2}
    assert stored[1].tolist() == [-1, 1, 0, 0, -1]  # -1.25, blue of blue, gold, red; 7 of 7 to 7
    write_folder([(stored, None)], field, tmp_path / "out")
    lines = (tmp_path / "out/samples.csv").read_text().split()
    assert lines == ["a,b,c", *(",".join(row) for row in ROWS)]
    with pytest.raises(GanzooError, match="'pink' is none of the words of column 'b'"):
        encode(field, [["1", "pink", "7"]])
    with pytest.raises(GanzooError, match="'x' in a is no number"):
        encode(field, [["x", "red", "7"]])


def scene(n: int = 12) -> Dataset:
    """Aligned fields, all of them the same pixels."""
    pixels = drawn(3, n, 6, 5)
    fields = {
        "source": (Field("source", "image", (1, 6, 5)), pixels[:, None]),
        "target": (Field("target", "image", (3, 6, 5)), pixels[:, None].repeat(1, 3, 1, 1)),
        "mask": (Field("mask", "mask", (6, 5), ("a", "b", "c")), pixels),
        "clip": (Field("clip", "video", (1, 2, 6, 5)), pixels[:, None, None].repeat(1, 1, 2, 1, 1)),
        "label": (Field("label", "label", (), tuple("ab")), torch.arange(n) % 2),
    }
    spec = DataSpec((tuple(field for field, _ in fields.values()),), "scene")
    return Dataset(spec, {name: tensor for name, (_, tensor) in fields.items()})


@pytest.mark.parametrize("options", [{"flip": True}, {"crop": 2}, {"flip": True, "crop": 2}])
def test_aligned_fields_are_moved_alike(options: dict[str, int]) -> None:
    feed = make_feed(scene(), 12, device=CPU, seed=0, **options)  # type: ignore[arg-type]
    plain = make_feed(scene(), 12, device=CPU, seed=0)
    torch.manual_seed(1)
    moved, still = feed.draw(), plain.draw()
    pixels = moved["mask"]
    as_image = pixels[:, None] / 127.5 - 1
    assert torch.allclose(moved["source"], as_image)
    assert torch.allclose(moved["target"], as_image.expand_as(moved["target"]))
    assert torch.allclose(moved["clip"], as_image[:, :, None].expand_as(moved["clip"]))
    assert torch.equal(moved["label"], still["label"])
    changed = (pixels != still["mask"]).flatten(1).any(1)
    assert changed.any()


def test_fields_of_other_sizes_cannot_be_moved_alike() -> None:
    dataset = scene()
    larger = dataset.with_tensors({"target": drawn(3, 12, 3, 12, 10)})
    with pytest.raises(GanzooError, match=r"move the fields of a sample alike, .*6x5 and 12x10"):
        make_feed(larger, 4, device=CPU, seed=0, flip=True)


def test_a_field_in_a_stream_of_another_name_is_of_its_own_kind() -> None:
    dataset = scene()
    streams = [{"seen": dataset.tensors["mask"]}, {"again": dataset.tensors["source"]}]
    first = first_samples(streams, 3, CPU, dataset)
    assert first["seen"].dtype == torch.int64
    assert first["again"].dtype == torch.float32


def test_one_image_field_is_moved_as_ever() -> None:
    """Column shifts, then mirroring, then row shifts: what a run of before goes on with."""
    images = drawn(256, 9, 2, 6, 5)
    torch.manual_seed(5)
    found = Augmentation(flip=True, crop=2).draw(9, 6, 5, CPU)(images)
    torch.manual_seed(5)
    right = torch.randint(-2, 3, (9, 1))[:, 0]
    mirrored = (torch.rand(9, 1) < 0.5)[:, 0]
    down = torch.randint(-2, 3, (9, 1))[:, 0]
    for image, was, x, y, flip in zip(found, images, right, down, mirrored, strict=True):
        seen = np.flip(was.numpy(), 2) if flip else was.numpy()
        wide = np.pad(seen, ((0, 0), (2, 2), (2, 2)), mode="reflect")
        cut = wide[:, 2 + y : 8 + y, 2 + x : 7 + x]
        assert np.array_equal(image.numpy(), cut)


SIGNS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r"
"""Which Python takes for ends of lines, and a text may hold."""


def test_what_is_written_in_lines_is_read_whatever_signs_it_has(tmp_path: Path) -> None:
    text = Field("tokens", "tokens", (3,), ("", "a", *SIGNS))
    tokens = torch.tensor([[1, k, 1] for k in range(2, 2 + len(SIGNS))] + [[1, 1, 2], [3, 0, 0]])
    kind_of("tokens").write(text, tokens, tmp_path, 0)
    assert torch.equal(kind_of("tokens").read(text, tmp_path), tokens)
    label = Field("label", "label", (), (*(f"a{sign}b" for sign in SIGNS), "c\nd"))
    labels = torch.arange(len(label.names)).flip(0)
    kind_of("label").write(label, labels, tmp_path, 0)
    assert torch.equal(kind_of("label").read(label, tmp_path), labels)


@pytest.mark.parametrize(
    ("codec", "written", "said"),
    [
        ("", "b,a\n0,0\n0,0\n0,0\n", "columns of '.*' are b, a, and must be a, b"),
        ("bytes", "a,b\n0,0\n300,0\n0,0\n", "whole numbers from 0 to 255"),
        ("bytes", "a,b\n0,0\n-1,0\n0,0\n", "whole numbers from 0 to 255"),
        ("bytes", "a,b\n0,0\n1.5,0\n0,0\n", "whole numbers from 0 to 255"),
        ("", "", "no numbers"),
        ("", "a,b\n0,0\n0,1.01\n0,0\n", "of 'b' that are not within those .* from -1 to 1"),
        ("[[0,5],[9,7]]", "a,b\n0,5\n9.1,7\n1,6\n", "of 'a' .* from 0 to 9, where"),
        ("", "a,b\n0,0\nnan,0\n0,0\n", "of 'a' that are not within"),
    ],
)
def test_series_that_are_others_are_refused(
    tmp_path: Path, codec: str, written: str, said: str
) -> None:
    """Columns were taken in any order, 300 was 44, and what was beyond the range was cut to it."""
    (tmp_path / "00000.csv").write_text(written)
    with pytest.raises(GanzooError, match=said):
        kind_of("series").read(Field("x", "series", (3, 2), ("a", "b"), codec), tmp_path)
