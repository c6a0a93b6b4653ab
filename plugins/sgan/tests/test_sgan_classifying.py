"""SGAN as a classifier: what it measures, what it offers, and that it learns the classes."""

from collections.abc import Callable

import pytest
import torch
from ganzoo_sgan.variant import FEATURE_MATCHING, ODENA, SGAN
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Dataset, GanzooError
from ganzoo.abilities import Classifier
from ganzoo.engine.engine import Engine
from ganzoo.runs.load import published_weights


def test_accuracy_is_the_share_of_right_classes_on_the_test_split(
    blobs: Callable[..., Dataset], make: Callable[..., SGAN]
) -> None:
    """The most probable class wins, also over the logit of "fake"."""
    sgan = make(ODENA)
    test = blobs(n=1200, seed=1)
    sgan.eval()

    class Ruler(nn.Module):
        """Sure that everything is fake, and right about the first 1000 images."""

        calls = 0

        def forward(self, image: Tensor) -> Tensor:
            assert image.dtype == torch.float32
            assert -1 <= image.min() < image.max() <= 1
            seen = test.fields["label"][self.calls : self.calls + len(image)].clone()
            wrong = torch.arange(self.calls, self.calls + len(image)) >= 1000
            seen[wrong] = (seen[wrong] + 1) % 3
            self.calls += len(image)
            return F.pad(F.one_hot(seen, 3).float(), (0, 1), value=9.0)

    sgan.classifier = Ruler()  # type: ignore[assignment]
    with torch.no_grad():
        measured = sgan.measure(test)
        right = (
            sgan.baseline(test.fields["image"] / 127.5 - 1)[:, :3].argmax(1) == test.fields["label"]
        )
    assert measured["test_accuracy"] == 1000 / 1200
    assert measured["supervised_accuracy"] == pytest.approx(right.double().mean().item())


def test_supervised_only_trains_the_classifier_and_nothing_else(
    blobs: Callable[..., Dataset],
    make: Callable[..., SGAN],
    make_engine: Callable[..., Engine],
    weights: Callable[..., dict[str, Tensor]],
) -> None:
    sgan = make(supervised_only=True)
    assert [phase.name for phase in sgan.phases()] == ["supervised"]
    assert list(sgan.players()) == ["classifier"]
    dataset = blobs()
    engine = make_engine(sgan, dataset)
    before = weights(sgan, "classifier")
    engine.step()
    after = weights(sgan, "classifier")
    assert any(not torch.equal(before[name], after[name]) for name in before)
    with engine.averaged() as averaged:
        assert list(averaged.measure(blobs(50, 1))) == ["supervised_accuracy"]
        examples = engine.feed.draw()
        assert averaged.gallery(examples) is examples["image"]
    assert all(name.startswith("classifier.") for name in published_weights(sgan))
    with pytest.raises(GanzooError, match="--supervised-only has no generator"):
        sgan.sample_latent(3)


def test_it_classifies(make: Callable[..., SGAN]) -> None:
    sgan = make(ODENA).eval()
    assert isinstance(sgan, Classifier)
    with torch.no_grad():
        probabilities = sgan.classify(torch.randn(5, 1, 28, 28).clamp(-1, 1))
    assert probabilities.shape == (5, 3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    assert {name.split(".")[0] for name in published_weights(sgan)} == {"generator", "classifier"}


@pytest.mark.parametrize("objective", [FEATURE_MATCHING, ODENA])
def test_it_learns_the_classes(
    blobs: Callable[..., Dataset],
    make: Callable[..., SGAN],
    make_engine: Callable[..., Engine],
    objective: str,
) -> None:
    sgan = make(objective)
    engine = make_engine(sgan, blobs(), iterations=50)
    torch.manual_seed(1)
    for _ in range(50):
        engine.step()
    with engine.averaged() as averaged:
        measured = averaged.measure(blobs(300, seed=1))
        image = blobs(30, seed=2).fields["image"] / 127.5 - 1
        found = averaged.classify(image).argmax(1)
    assert measured["test_accuracy"] > 0.95
    assert measured["supervised_accuracy"] > 0.8
    assert (found == blobs(30, seed=2).fields["label"]).float().mean() > 0.9
