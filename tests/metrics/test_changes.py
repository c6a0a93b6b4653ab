"""Whether set attributes are seen, where what is seen is known by hand; and who sees them."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from helpers.exams import Able, bytes_, make_ground
from torch import Tensor

from ganzoo import DataSpec, Field
from ganzoo.abilities import Control, Direction, Translator
from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.data.dataset import Dataset
from ganzoo.metrics.catalogue import suitable
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features import classifier, teaching
from ganzoo.metrics.features.attributes import load_attribute_judge
from ganzoo.metrics.features.extractor import Features

CPU = torch.device("cpu")
NAMES = ("hat", "tie")


def people(n: int = 40, seed: int = 0, labelled: bool = True) -> Dataset:
    """Pixels 0 and 1 of the first row are the attributes, 200 or 0, and pixel 2 is the class."""
    generator = torch.Generator().manual_seed(seed)
    image, chosen = bytes_(n, 1, 8, 8, seed=seed), torch.randint(2, (n, 2), generator=generator)
    label = torch.arange(n) % 3
    image[:, 0, 0, :2] = 200 * chosen.to(torch.uint8)
    image[:, 0, 0, 2] = label.to(torch.uint8)
    fields = [Field("image", "image", (1, 8, 8)), Field("attributes", "attributes", (2,), NAMES)]
    tensors = {"image": image, "attributes": chosen.to(torch.uint8)}
    if labelled:
        fields.append(Field("label", "label", (), ("x", "y", "z")))
        tensors["label"] = label
    return Dataset(DataSpec((tuple(fields),), "people"), tensors)


class FirstPixels:
    """A judge to whom the first two pixels are the attributes."""

    name, resizing = "first pixels", "none"

    def sees(self, images: Tensor) -> Tensor:
        return (images[:, 0, 0, :2] > 100).to(torch.uint8)


class ThirdPixel:
    """An extractor to whom the third pixel is the class."""

    name, resizing = "third pixel", "none"

    def __call__(self, images: Tensor) -> Features:
        label = images[:, 0, 0, 2].long().clamp(max=2)
        return Features(images.flatten(1).float(), torch.nn.functional.one_hot(label, 3).float())


class Obeys(Able, Translator):
    """Sets the pixel of each attribute that it is asked for."""

    directions = (Direction("edit", "image", "image"),)

    def controls(self) -> Mapping[str, Control]:
        return {name: Control("whether", ("0", "1")) for name in NAMES}

    def translate(self, image: Tensor, direction: str, **asked: str) -> Tensor:
        assert direction == "edit"
        stored = to_bytes(image)
        for column, name in enumerate(NAMES):
            if name in asked:
                stored[:, 0, 0, column] = 200 * int(asked[name])
        return to_floats(stored)


class Ignores(Obeys):
    def translate(self, image: Tensor, direction: str, **asked: str) -> Tensor:
        return image


class Ruins(Obeys):
    """Obeys, and puts a hat on all, whom it makes of class x."""

    def translate(self, image: Tensor, direction: str, **asked: str) -> Tensor:
        stored = to_bytes(super().translate(image, direction, **asked))
        if "hat" not in asked:
            stored[:, 0, 0, 0] = 200
        stored[:, 0, 0, 2] = 0
        return to_floats(stored)


def scores(kind: type[Obeys], test: Dataset) -> dict[str, tuple[float, float | None]]:
    ground = make_ground(test, test)
    vars(ground).update(attribute_judge=FirstPixels(), _extractor=ThirdPixel())
    (known,) = suitable(Exam(ground, kind(test.spec)), ["changes"])
    found = known.evaluator.judge(Exam(ground, kind(test.spec)))
    return {score.name: (score.value, score.real) for score in found}


WHOLE = {
    f"edit_{who}_{what}"
    for who in (*NAMES, "all")
    for what in ("obeyed", "others_kept", "class_kept")
}


def test_one_that_obeys_has_all() -> None:
    found = scores(Obeys, people())
    assert found.keys() == WHOLE
    assert set(found.values()) == {(1.0, 1.0)}


def test_one_that_leaves_images_as_they_are_obeys_nobody_and_keeps_all() -> None:
    """Each attribute is set to the other of its values, never to its own."""
    found = scores(Ignores, people())
    for name, (value, real) in found.items():
        assert (value, real) == (0.0 if name.endswith("obeyed") else 1.0, 1.0)


def test_what_else_is_changed_is_counted() -> None:
    test = people()
    found = scores(Ruins, test)
    hats = test.tensors["attributes"][:, 0].double().mean().item()
    of_class_x = (test.tensors["label"] == 0).double().mean().item()
    assert found["edit_hat_obeyed"][0] == found["edit_tie_obeyed"][0] == 1
    assert found["edit_hat_others_kept"][0] == 1
    assert found["edit_tie_others_kept"][0] == pytest.approx(hats)
    assert found["edit_all_others_kept"][0] == pytest.approx((1 + hats) / 2)
    assert found["edit_all_class_kept"][0] == pytest.approx(of_class_x)


def test_beside_each_stands_how_often_real_images_are_seen_right() -> None:
    test = people()
    test.tensors["image"][:10, 0, 0, 1] = 200 - test.tensors["image"][:10, 0, 0, 1]
    found = scores(Ignores, test)
    assert found["edit_tie_obeyed"] == (0.25, 0.75)
    assert found["edit_hat_others_kept"] == (0.75, 0.75)


def test_without_labels_no_class_is_looked_for() -> None:
    names = {name for name in WHOLE if not name.endswith("class_kept")}
    assert scores(Obeys, people(labelled=False)).keys() == names


def test_others_are_not_judged_so() -> None:
    class Partly(Obeys):
        def controls(self) -> Mapping[str, Control]:
            return {"hat": Control("whether", ("0", "1"))}

    test = people()
    exam = Exam(make_ground(test, test), Partly(test.spec))
    assert not [known for known in suitable(exam) if known.spec.name == "changes"]


def test_the_judge_learns_each_attribute_once_and_is_read_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(classifier, "STEPS", 30)
    monkeypatch.setattr(teaching, "QUIET", 1e9)  # however long a busy machine takes
    train, test = people(400), people(100, seed=1)
    for part in (train, test):  # what a network can see: a corner for each attribute
        image, chosen = part.tensors["image"], part.tensors["attributes"]
        image[:, :, :4, :4] = 120 * chosen[:, 0, None, None, None]
        image[:, :, 4:, 4:] = 120 * chosen[:, 1, None, None, None]
    said: list[str] = []
    judge = load_attribute_judge(train, test, CPU, said.append)
    (line,) = said
    assert line.startswith("training a classifier of 2 attributes on 400 images of 'people', about")
    assert (judge.sees(test.tensors["image"]) == test.tensors["attributes"]).float().mean() > 0.95
    again = load_attribute_judge(train, test, CPU, said.append)
    assert (again.name, len(said)) == (judge.name, 1)
    seen = (each(test.tensors["image"]).probabilities for each in (judge, again))
    torch.testing.assert_close(*seen, rtol=0, atol=0)
    (file,) = tmp_path.glob("attributes-*.safetensors")
    file.write_bytes(file.read_bytes()[:-40])
    assert load_attribute_judge(train, test, CPU, said.append).name == judge.name
    assert len(said) == 2
