"""What images are compared by: a classifier that is trained once, and the Inception network."""

import io
import pickle
import re
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.mixtures import load_ring8
from ganzoo.data.made.stacked import _stacked
from ganzoo.data.sources.torchvision_sets import load_mnist
from ganzoo.errors import GanzooError
from ganzoo.metrics.features import classifier
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.make import make_extractor

MNIST = Path(__file__).parents[3] / "shared/data"
SPLITS = ("train", "test")
CPU = torch.device("cpu")


def digits(count: int, seed: int, name: str = "few-glyphs") -> Dataset:
    label = torch.arange(count) % 10
    image = glyphs.draw(label, (28, 28), Generator().manual_seed(seed))
    return Dataset.of(name, image, label, tuple("0123456789"))


def part(dataset: Dataset, chosen: slice) -> Dataset:
    return dataset.with_tensors({key: rows[chosen] for key, rows in dataset.tensors.items()})


TRAIN, TEST = digits(1500, 0), digits(300, 1)
TAUGHT = "training a classifier of 10 classes on 1,500 images of 'few-glyphs'"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a training that is short enough for a test."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(classifier, "STEPS", 8)
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    """A classifier that knows its glyphs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(classifier, "STEPS", 40)
        return make_extractor("classifier", TRAIN, TEST, CPU, lambda message: None)


def load(train: Dataset = TRAIN, test: Dataset | None = TEST) -> tuple[Extractor, list[str]]:
    """A classifier, and what was reported."""
    said: list[str] = []
    return make_extractor("classifier", train, test, CPU, said.append), said


def told(extractor: Extractor, images: Tensor) -> Tensor:
    probabilities = extractor(images).probabilities
    assert probabilities is not None
    return probabilities.argmax(1)


def test_a_classifier_learns_its_classes(trained: Extractor) -> None:
    features = trained(TEST.fields["image"])
    assert features.hidden.shape == (300, 128)
    assert features.hidden.dtype == torch.float32
    assert features.probabilities is not None
    assert features.probabilities.shape == (300, 10)
    assert torch.allclose(features.probabilities.sum(1), torch.ones(300))
    right = (features.probabilities.argmax(1) == TEST.fields["label"]).double().mean().item()
    assert right > 0.9
    assert trained.name.endswith(f" of few-glyphs ({100 * right:.2f} % of its test images)")
    assert trained.resizing == "bilinear, antialiased, to 28x28"


@pytest.mark.skipif(not MNIST.exists(), reason="real MNIST is not at ../shared/data")
def test_a_fifteenth_of_its_training_teaches_it_real_mnist(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "STEPS", 120)
    train, test = (part(load_mnist(DataRequest(MNIST, split)), slice(5000)) for split in SPLITS)
    found, _ = load(train, test)
    assert (told(found, test.fields["image"]) == test.fields["label"]).double().mean() > 0.95


def test_it_is_trained_once_and_read_from_then_on(cache: Path) -> None:
    first, said = load()
    assert [re.sub(r"\d+ s", "1 s", line) for line in said] == [f"{TAUGHT}, about 1 s; it is kept"]
    assert len(list(cache.iterdir())) == 1
    again, said = load()
    assert said == []
    assert again.name == first.name
    for ours, theirs in zip(again(TEST.fields["image"]), first(TEST.fields["image"]), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_data_give_the_same_weights_and_a_training_elsewhere_notices_nothing(
    cache: Path,
) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, _ = load()
    assert torch.equal(torch.get_rng_state(), before)
    next(cache.iterdir()).unlink()
    torch.manual_seed(6)
    with torch.no_grad():
        again, said = load()
    assert said
    assert again.name == first.name


def test_other_data_have_a_classifier_of_their_own(cache: Path) -> None:
    label = TRAIN.fields["label"]
    others = [
        TRAIN,
        digits(1500, 2),
        TRAIN.with_tensors({"label": label.roll(1)}),
        part(TRAIN, slice(1400)),
    ]
    hashes = {load(other)[0].name.split()[1] for other in others}
    assert len(hashes) == len(others)
    assert all(len(digits) == 12 for digits in hashes)
    assert len(list(cache.iterdir())) == len(others)


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "garbage"])
def test_a_damaged_file_is_not_trusted(cache: Path, damage: str) -> None:
    name = load()[0].name
    path = next(cache.iterdir())
    whole = path.read_bytes()
    changed = whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:]
    damaged = {"cut": whole[:-1], "empty": b"", "changed": changed, "garbage": b"x" * 5000}
    path.write_bytes(damaged[damage])
    again, said = load()
    assert [re.sub(r"\d+ s", "1 s", line) for line in said] == [f"{TAUGHT}, about 1 s; it is kept"]
    assert again.name == name
    assert load()[1] == []


def test_its_accuracy_is_measured_when_there_is_something_to_measure_it_on(cache: Path) -> None:
    without, _ = load(test=None)
    assert without.name.endswith(" of few-glyphs")
    known, said = load()
    assert said == []
    assert known.name.startswith(f"{without.name} (")
    assert load(test=None)[0].name == known.name


def test_its_accuracy_is_of_the_test_images_that_there_are(cache: Path) -> None:
    """It was that of those on which it was measured first."""
    before, said = load()[0], load()[1]
    wrong = TEST.with_tensors({"label": (TEST.fields["label"] + 1) % len(TEST.classes)})
    after, _ = load(test=wrong)
    assert said == []
    assert after.name.split(" (")[0] == before.name.split(" (")[0]
    assert f"({100 * after.accuracy(wrong):.2f} % of" in after.name  # type: ignore[attr-defined]
    assert after.name != before.name
    assert load()[0].name == before.name


def test_a_cache_that_cannot_be_written_is_no_reason_not_to_measure(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    _, said = load()
    assert len(said) == 2
    assert said[1].startswith(f"the classifier cannot be kept in '{cache}' (")
    assert said[1].endswith("set GANZOO_CACHE to a folder that can be written")


def test_an_images_features_depend_on_no_other_image(trained: Extractor) -> None:
    images = TEST.fields["image"]
    together = trained(torch.cat([images, 255 - images]))
    for size in (1, 7):
        apart = [trained(chunk) for chunk in images[:21].split(size)]
        for index in range(2):
            separate = torch.cat([features[index] for features in apart])
            assert torch.allclose(separate, together[index][:21], atol=1e-5)


@pytest.mark.parametrize("size", [(32, 32), (56, 56), (40, 64)])
def test_images_of_another_size_are_brought_to_its_own(
    trained: Extractor, size: tuple[int, int]
) -> None:
    images, label = TEST.fields["image"], TEST.fields["label"]
    larger = interpolate(images.float(), size, mode="bicubic").clamp(0, 255).to(torch.uint8)
    # What is scaled twice is blurred, which so short a training has not prepared it for.
    assert (told(trained, larger) == label).double().mean() > 0.4


def test_colours_are_averaged_for_a_judge_of_gray_images(trained: Extractor) -> None:
    images = TEST.fields["image"]
    for colour in (
        images.expand(-1, 3, -1, -1),
        torch.cat([images, images * 0, 2 * (images // 2)], 1),
    ):
        gray = colour.double().mean(1, keepdim=True).round().to(torch.uint8)
        assert torch.allclose(trained(colour).hidden, trained(gray).hidden, atol=1e-5)


def test_gray_is_repeated_for_a_judge_of_colours(cache: Path) -> None:
    image = torch.cat([TRAIN.fields["image"], 255 - TRAIN.fields["image"]], 1)[:, [0, 1, 0]]
    image = interpolate(image.float(), (64, 48)).to(torch.uint8)
    found, _ = load(TRAIN.with_tensors({"image": image}), None)
    assert found.resizing == "bilinear, antialiased, to 32x32"
    gray = TEST.fields["image"]
    assert torch.equal(found(gray).hidden, found(gray.repeat(1, 3, 1, 1)).hidden)
    assert found(image[:5]).hidden.shape == (5, 128)
    assert not torch.allclose(found(image[:5]).hidden, found(image[:5].flip(1).roll(1, 1)).hidden)


def test_each_channel_of_a_stacked_set_is_looked_at_by_itself(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "STEPS", 40)
    stacked = _stacked("stacked", TRAIN, DataRequest(split="test"))
    test = part(_stacked("stacked", TEST, DataRequest(split="test")), slice(200))
    found, _ = load(stacked, test)
    images, label = test.fields["image"], test.fields["label"]
    hidden, probabilities = found(images)
    assert hidden.shape == (200, 3 * 128)
    assert probabilities is not None
    assert probabilities.shape == (200, 1000)
    assert probabilities.dtype == torch.float32
    assert torch.allclose(probabilities.sum(1), torch.ones(200), atol=1e-4)
    assert (probabilities.argmax(1) == label).double().mean() > 0.8
    swapped = found(images[:, [1, 2, 0]])
    assert torch.allclose(swapped.hidden, hidden.roll(-128, 1), atol=1e-5)
    assert swapped.probabilities is not None
    expected = probabilities.view(-1, 10, 10, 10).permute(0, 2, 3, 1).reshape(-1, 1000)
    assert torch.allclose(swapped.probabilities, expected, atol=1e-5)


def test_what_has_no_labels_is_refused(cache: Path) -> None:
    photos = Dataset.of("photos", TRAIN.fields["image"])
    with pytest.raises(GanzooError, match=r"^'photos' has no labels to train a classifier"):
        load(photos)
    with pytest.raises(GanzooError, match="'ring8' holds points"):
        load(load_ring8(DataRequest()))
    with pytest.raises(GanzooError, match="no extractor 'inceptoin': did you mean 'incepti"):
        make_extractor("inceptoin", TRAIN, None, CPU, print)
    assert not cache.exists()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as the Inception network's, of random weights."""
    library = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")

    class Untrained(library.FeatureExtractorInceptionV3):
        def load_state_dict(self, *_: object) -> None:
            pass

    path = (
        tmp_path_factory.mktemp("torch") / "hub/checkpoints" / Path(library.URL_INCEPTION_V3).name
    )
    path.parent.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "load_state_dict_from_url", lambda *_, **__: {})
        torch.manual_seed(0)
        torch.save(Untrained("random", ["2048"]).state_dict(), path)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the Inception network's file is expected, on a machine that reaches no other."""
    library = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    file = Path(library.URL_INCEPTION_V3).name
    monkeypatch.setattr(library, "URL_INCEPTION_V3", f"http://127.0.0.1:9/{file}")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub/checkpoints" / file


def inception() -> tuple[Extractor, list[str]]:
    said: list[str] = []
    return make_extractor("inception", TRAIN, None, CPU, said.append), said


def test_the_inception_network_sees_2048_features_and_1008_classes(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(weights.parents[2]))
    monkeypatch.setattr("ganzoo.metrics.features.inception.CHUNK", 2)
    found, said = inception()
    assert said == []
    digest = sha256(weights.read_bytes()).hexdigest()[:12]
    assert found.name.startswith(f"inception-v3 {digest} of torch-fidelity 0.")
    assert found.resizing == "bilinear as in TensorFlow 1, to 299x299"
    gray = TEST.fields["image"][:3]
    hidden, probabilities = found(gray)
    assert hidden.shape == (3, 2048)
    assert probabilities is not None
    assert probabilities.shape == (3, 1008)
    assert torch.allclose(probabilities.sum(1), torch.ones(3))
    assert torch.allclose(found(gray[2:].repeat(1, 3, 1, 1)).hidden, hidden[2:], atol=1e-4)
    assert not torch.allclose(hidden[0], hidden[2])


def test_without_torch_fidelity_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("torch_fidelity", "torch_fidelity.feature_extractor_inceptionv3"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(GanzooError, match=r"needs torch-fidelity.*'ganzoo-core\[inception\]'$"):
        inception()


def test_without_network_it_is_said_where_to_put_the_weights(home: Path) -> None:
    with pytest.raises(GanzooError) as error:
        inception()
    message = str(error.value)
    assert message.startswith("the weights of inception-v3 could not be downloaded (")
    assert f"put the file '{home.name}'" in message
    assert f"into '{home.parent}' ($TORCH_HOME moves it); without --features what" in message
    assert list(home.parent.iterdir()) == []


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_file_of_something_else_is_refused_and_not_run(home: Path) -> None:
    home.parent.mkdir(parents=True)
    sprung = home.with_name("sprung")
    tensors = io.BytesIO()
    torch.save({"fc.weight": torch.zeros(3)}, tensors)
    for content in (b"", b"half", tensors.getvalue(), pickle.dumps(Trap(sprung), protocol=2)):
        home.write_bytes(content)
        with pytest.raises(
            GanzooError, match=r"is damaged or does not hold the weights of incepti"
        ):
            inception()
        assert not sprung.exists()
