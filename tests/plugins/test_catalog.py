"""Pairs of data sets: which two can be one, and what the second is brought to."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from helpers.cli import ganzoo
from helpers.places import SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo import hookimpl
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import make_feed
from ganzoo.data.made import drawing, glyphs, ink
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.discovery import Candidate
from ganzoo.plugins.registry import Registry
from ganzoo.spec import DatasetSpec, DataSpec

MADE, READ = "made on the spot", "your files"
SETS = {  # what is said of each, and what its samples are unless a size is asked for
    "gray": ("1x20x24", 2, MADE, (1, 20, 24)),
    "gray-files": ("1x32x32", 2, READ, (1, 32, 32)),
    "colour": ("3x32x32", 2, MADE, (3, 32, 32)),
    "files": ("any", 0, READ, (3, 40, 44)),
    "four": ("4x20x24", 0, MADE, (4, 20, 24)),
    "points": ("2", 0, MADE, (2,)),
    "surprise": ("any", 0, READ, (2,)),
    "stubborn": ("3x7x9", 0, MADE, (3, 7, 9)),
}
PLAIN = ["gray", "gray-files", "colour", "files"]
DIST = "ganzoo-toy"
SHARED_FIXTURE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def requests() -> Iterator[dict[str, DataRequest]]:
    """What each of the toy sets was asked for last; meanwhile they are all that is installed."""
    asked: dict[str, DataRequest] = {}

    def loader(name: str) -> Callable[[DataRequest], Dataset]:
        def load(request: DataRequest) -> Dataset:
            asked[name] = request
            shape = SETS[name][3]
            if request.image_size and name != "stubborn" and len(shape) == 3:
                shape = (shape[0], *request.image_size)
            count = 10 + len(name)
            image = torch.full((count, *shape), len(name), dtype=torch.uint8)
            classes = tuple(f"{name} {label}" for label in range(SETS[name][1]))
            label = torch.arange(count) % 2 if classes else None
            return Dataset.of(name, image, label, classes)

        return load

    module = ModuleType("toy_sets")
    vars(module).update({name.replace("-", "_"): loader(name) for name in SETS})
    offers = [
        DatasetSpec(name, f"toy_sets:{name.replace('-', '_')}", "toys", shape, classes, source)
        for name, (shape, classes, source, _) in SETS.items()
    ]
    plugin = SimpleNamespace(ganzoo_register_datasets=hookimpl(lambda: offers))
    installed = Registry([Candidate("toy", DIST, "1", lambda: plugin)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "toy_sets", module)
        patch.setattr(catalog, "registry", lambda: installed)
        yield asked


def problem(name: str, **request: object) -> str:
    with pytest.raises(GanzooError) as error:
        catalog.load(name, DataRequest(**request))  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_plain_name_is_loaded_as_it_is(requests: dict[str, DataRequest], tmp_path: Path) -> None:
    request = DataRequest(root=tmp_path, split="test", image_size=(9, 8), seed=5)
    for name in SETS:
        for asked in (name, f"{DIST}:{name}"):
            requests.clear()
            dataset = catalog.load(asked, request)
            assert requests == {name: request}
            assert (dataset.name, dataset.other) == (name, None)


@SHARED_FIXTURE
@given(
    st.sampled_from(PLAIN),
    st.sampled_from(PLAIN),
    st.sampled_from(["", f"{DIST}:"]),
    st.sampled_from([None, (9, 8), (30, 30)]),
    st.sampled_from([None, Path("somewhere")]),
    st.sampled_from(["train", "test"]),
)
def test_two_plain_names_are_a_pair(
    requests: dict[str, DataRequest],
    first: str,
    second: str,
    dist: str,
    size: tuple[int, int] | None,
    root: Path | None,
    split: str,
) -> None:
    request = DataRequest(root=root, split=split, image_size=size, seed=3)
    if first == second:
        assert "names one data set twice" in problem(f"{dist}{first}+{second}")
        return
    requests.clear()
    pair = catalog.load(f"{first}+{dist}{second}", request)
    other = pair.other
    assert other is not None

    shape = SETS[first][3]
    channels = max(shape[0], SETS[second][3][0])
    expected = (channels, *(size or shape[1:]))
    assert pair.name == f"{first}+{second}"
    domains = [
        DataSpec.images(expected, tuple(f"{name} {k}" for k in range(SETS[name][1])), name)
        for name in (first, second)
    ]
    assert pair.spec == DataSpec.unpaired(*domains, pair.name)
    assert other.spec == domains[1]
    assert (len(pair), len(other)) == (10 + len(first), 10 + len(second))
    assert not pair.paired
    for dataset, name in ((pair.group(0), first), (other, second)):
        assert dataset.fields["image"].unique().tolist() == [len(name)]
        assert dataset.classes == tuple(f"{name} {label}" for label in range(SETS[name][1]))
        assert ("label" in dataset.fields) == bool(dataset.classes)

    reads = {name: SETS[name][2] == READ for name in (first, second)}
    wanted = {
        name: replace(request, root=root if reads[name] or not any(reads.values()) else None)
        for name in reads
    }
    wanted[second] = replace(wanted[second], image_size=expected[1:])
    assert requests == wanted

    if "files" in (first, second):
        with pytest.raises(GanzooError, match="'files' is of any shape"):
            catalog.described(f"{first}+{second}")
    elif size is None:
        described = catalog.described(f"{first}+{second}")
        assert [(field.name, field.shape) for field in described.fields.values()] == [
            (field.name, field.shape) for field in pair.spec.fields.values()
        ]


def test_what_is_no_pair_is_one_sentence(requests: dict[str, DataRequest]) -> None:
    form = "is neither a data set nor two: write A+B"
    for name in ("gray+colour+files", "+", "gray+", "+gray", "gray++colour", "++"):
        assert problem(name).startswith(f"'{name}' {form}")
    assert problem("gray+nope") == problem("nope")
    assert problem("gray+nope").startswith("there is no data set 'nope': choose from colour, ")
    assert problem("colr+gray") == "there is no data set 'colr': did you mean 'colour'?"
    assert problem("gray+other-dist:colour").startswith("there is no data set 'other-dist:colour'")
    assert problem(f"gray+{DIST}:gray").startswith(f"'gray+{DIST}:gray' names one data set twice")
    assert problem("colour+four", image_size=(8, 8)) == (
        "'colour' has images of 3x8x8 and 'four' of 4x8x8: two domains must have one shape"
    )
    assert problem("colour+stubborn") == (
        "'colour' has images of 3x32x32 and 'stubborn' of 3x7x9: two domains must have one shape"
    )
    for name in ("gray+points", "points+gray", "gray+surprise", "surprise+gray"):
        points = "points" if "points" in name else "surprise"
        assert problem(name).startswith(f"'{points}' holds points and cannot be one of a pair")


def test_what_is_known_to_be_wrong_is_said_before_anything_is_loaded(
    requests: dict[str, DataRequest],
) -> None:
    requests.clear()
    for name in ("gray+points", "gray+nope", "gray+gray", "gray+colour+files"):
        problem(name)
    assert requests == {}


def test_a_set_is_described_without_loading_it(requests: dict[str, DataRequest]) -> None:
    requests.clear()
    assert catalog.described("points") == DataSpec.points(2, 0, "points")
    assert catalog.described(f"{DIST}:gray") == DataSpec.images((1, 20, 24), 2, "gray")
    colour, gray = (DataSpec.images((3, 32, 32), SETS[name][1]) for name in ("colour", "gray"))
    assert catalog.described("colour+gray") == DataSpec.unpaired(colour, gray, "colour+gray")
    for name in ("files", "gray+files", "files+gray"):
        with pytest.raises(GanzooError, match="choose one whose shape `ganzoo datasets` shows"):
            catalog.described(name)
    with pytest.raises(GanzooError, match="'points' holds points"):
        catalog.described("gray+points")
    assert requests == {}


def test_a_grayscale_domain_takes_no_more_memory(requests: dict[str, DataRequest]) -> None:
    pair = catalog.load("colour+gray", DataRequest())
    assert pair.other is not None
    image = pair.other.fields["image"]
    assert image.shape[1] == 3
    assert image.untyped_storage().nbytes() == image.nbytes / 3


@settings(SHARED_FIXTURE, max_examples=5)
@given(st.sampled_from([None, 0]), st.integers(1, 14))
def test_both_domains_feed_training(
    requests: dict[str, DataRequest], budget: int | None, size: int
) -> None:
    pair = catalog.load("colour+gray", DataRequest(image_size=(4, 4)))
    assert pair.other is not None
    for dataset, name in ((pair.group(0), "colour"), (pair.other, "gray")):
        feed = make_feed(dataset, size, device=torch.device("cpu"), seed=0, budget=budget)
        try:
            batch = feed.draw()["image"]
        finally:
            feed.close()
        assert batch.shape == (size, 3, 4, 4)
        assert torch.allclose(batch, torch.tensor(len(name) / 127.5 - 1))


def test_the_embedded_pair_holds_the_two_sets() -> None:
    request = DataRequest(split="test", image_size=(16, 16))
    pair = catalog.load("glyphs+ink", request)
    assert pair.other is not None
    first, second = glyphs.load(request).fields, ink.load(request).fields
    assert torch.equal(pair.fields["image"], first["image"].repeat(1, 3, 1, 1))
    assert torch.equal(pair.other.fields["image"], second["image"])
    for fields, expected in ((pair.fields, first), (pair.other.fields, second)):
        assert torch.equal(fields["label"], expected["label"])
    assert pair.paired
    larger = {name: torch.empty(0, 3, 28, 28) for name in ("a", "b")}
    assert catalog.described("glyphs+ink") == pair.with_tensors(larger).spec


def test_mnist_and_glyphs_are_a_pair() -> None:
    if not (SHARED / "MNIST").is_dir():
        pytest.skip("real MNIST is not there")
    pair = catalog.load("mnist+glyphs", DataRequest(root=SHARED, split="test"))
    assert pair.other is not None
    digits = DataSpec.images((1, 28, 28), 10)
    assert [len(field.names) for field in pair.spec.fields.values()] == [0, 10, 0, 10]
    assert pair.spec.group(1) == replace(digits, name="glyphs")
    assert len(pair) == len(pair.other) == 10_000
    assert not pair.paired


def test_a_folder_is_one_of_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for i in range(10):
        Image.new("RGB", (60, 50), (200, 0, i)).save(tmp_path / f"photos/{i}.png")
    for name, shape in (("folder+glyphs", (3, 64, 64)), ("glyphs+folder", (3, 28, 28))):
        said: list[str] = []
        request = DataRequest(root=tmp_path / "photos", split="test", report=said.append)
        pair = catalog.load(name, request)
        assert pair.other is not None
        assert pair.name == name.replace("folder", "photos")
        assert pair.spec.shape == pair.other.spec.shape == shape
        assert sorted([len(pair), len(pair.other)]) == [1, 10_000]
        assert any("images are scaled to 64x64" in line for line in said) == (shape[1] == 64)


def test_an_unpaired_folder_is_a_pair_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    for domain in ("trainA", "trainB"):
        (tmp_path / domain).mkdir()
        Image.new("L", (16, 16)).save(tmp_path / domain / "a.png")
    request = DataRequest(root=tmp_path, image_size=(16, 16))
    assert catalog.load("unpaired", request).spec.domains == 2
    for name in ("unpaired+glyphs", "glyphs+unpaired"):
        with pytest.raises(GanzooError, match="'unpaired' holds two domains by itself"):
            catalog.load(name, request)


@pytest.mark.usefixtures("few_drawn")
@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (("mnist+nope",), "there is no data set 'nope': choose from"),
        (("glyphs+ring8",), "'ring8' holds points and cannot be one of a pair"),
        (("glyphs+glyphs",), "'glyphs+glyphs' names one data set twice"),
        (("glyphs+ink+mnist",), "'glyphs+ink+mnist' is neither a data set nor two: write A+B"),
        (("glyphs+ink", "--data-root", "data"), "'glyphs' is drawn on the spot and reads no files"),
        (("glyphs+ink", "--image-size", "8"), "16 to 256 pixels a side, not 8x8"),
        (("glyphs+ink",), "'glyphs+ink' is two domains: name one"),
    ],
)
def test_the_command_line_says_so_and_writes_nothing(
    args: tuple[str, ...], saying: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ganzoo("train", "vanilla", "--dataset", *args, "--steps", 1)
    assert result.status == 2
    assert saying in result.err
    assert result.err.strip().count("\n") == 0
    assert list(tmp_path.iterdir()) == []


def test_info_describes_a_pair() -> None:
    result = ganzoo("info", "vanilla", "--dataset", "glyphs+ink")
    assert result.status == 0, result.err
    assert "network for glyphs+ink, 3x28x28" in result.out
    assert "network for glyphs, 1x28x28" in ganzoo("info", "vanilla").out
    assert ganzoo("info", "vanilla", "--dataset", "glyphs+nope").status == 2


@pytest.mark.parametrize("name", ["glyph-pairs", "moving-glyphs", "sines", "ring8"])
def test_a_pair_takes_two_sets_of_single_images(name: str) -> None:
    for both in (f"{name}+ink", f"ink+{name}"):
        with pytest.raises(GanzooError, match=f"'{name}' holds .* and cannot be one of a pair"):
            catalog.described(both)
        with pytest.raises(GanzooError, match=f"'{name}' holds .* and cannot be one of a pair"):
            catalog.load(both, DataRequest())


def test_attributes_stay_with_their_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    for samples in (drawing.SAMPLES, drawing.SMALL):
        monkeypatch.setitem(samples, "test", 50)
    pair = catalog.load("glyphs+painted-glyphs", DataRequest(split="test"))
    assert pair.spec == catalog.described("glyphs+painted-glyphs")
    assert [[field.name for field in group] for group in pair.spec.groups] == [
        ["a", "a_label"],
        ["b", "b_attributes", "b_label"],
    ]


@pytest.mark.parametrize(
    "name", ["folder", "attributes", "csv", "npz", "text", "pairs", "unpaired", "video", "words"]
)
@pytest.mark.parametrize("where", ["a" * 300, "b" * 4000, "loop/x"])
def test_files_that_the_system_refuses_are_a_sentence(
    tmp_path: Path, name: str, where: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(GanzooError) as error:
        catalog.load(name, DataRequest(root=tmp_path / where))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700
