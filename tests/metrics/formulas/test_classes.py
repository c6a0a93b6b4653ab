"""What a classifier says of samples, and which class is nearest: known answers."""

import math

import pytest
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from helpers.normal import normal
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.metrics.images import classes
from ganzoo.metrics.images.nearest_class import nearest_error

SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


class TestClasses:
    @pytest.mark.parametrize("count", [2, 10])
    def test_clear_and_even_classes_score_their_number(self, count: int) -> None:
        assert classes.classifier_score(torch.eye(count).repeat(7, 1)) == pytest.approx(count)

    def test_one_answer_to_everything_scores_one(self) -> None:
        assert classes.classifier_score(torch.tensor([[0.2, 0.5, 0.3]] * 9)) == pytest.approx(1)
        assert classes.classifier_score(torch.tensor([[0.0, 1.0, 0.0]] * 9)) == pytest.approx(1)

    def test_score_by_another_library(self) -> None:
        library = pytest.importorskip("torch_fidelity.metric_isc")
        logits = 3 * normal(200, 10, seed=0)
        theirs = library.isc_features_to_metric(logits, splits=1)["inception_score_mean"]
        assert classes.classifier_score(logits.softmax(1)) == pytest.approx(theirs, rel=1e-12)

    def test_histogram(self) -> None:
        share = classes.histogram(torch.tensor([3, 0, 0, 3, 3, 1, 0, 0]), 5)
        assert share.tolist() == [0.5, 0.125, 0, 0.375, 0]

    @given(SHARES, SHARES)
    def test_divergence_is_scipys(self, share: list[float], reference: list[float]) -> None:
        p, q = (torch.tensor(x, dtype=torch.float64) for x in (share, reference))
        p, q = p / p.sum(), q / q.sum()
        expected = scipy.stats.entropy(p.numpy(), q.numpy())
        assert classes.kl_divergence(p, q) == pytest.approx(expected, abs=1e-12)

    def test_divergence_where_classes_are_missing(self) -> None:
        half, whole = torch.tensor([0.5, 0.5, 0, 0]), torch.tensor([0.25, 0.25, 0.25, 0.25])
        assert classes.kl_divergence(half, whole) == pytest.approx(math.log(2))
        assert classes.kl_divergence(half, half) == 0
        assert classes.kl_divergence(whole, half) == math.inf

    def test_a_few_misread_images_cover_no_class_of_ten(self) -> None:
        labels = torch.cat([torch.arange(8).repeat(1250), torch.tensor([8] * 29 + [9] * 31)])
        assert classes.classes_covered(labels, 10) == 9

    def test_one_image_covers_a_class_of_a_thousand(self) -> None:
        labels = torch.cat([torch.arange(990), torch.zeros(25_010, dtype=torch.int64)])
        assert classes.classes_covered(labels, 1000) == 990
        assert classes.classes_covered(torch.tensor([4]), 10) == 1


class TestNearestClass:
    def test_against_brute_force(self) -> None:
        generator = torch.Generator().manual_seed(0)

        def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
            images = torch.randint(256, (n, 1, 4, 4), generator=generator, dtype=torch.uint8)
            return images, torch.randint(3, (n,), generator=generator)

        images, labels = draw(2100)  # more than a block
        test, truth = draw(50)
        wrong = 0
        for image, label in zip(test, truth, strict=True):
            distance = (images.int() - image.int()).square().flatten(1).sum(1)
            wrong += int(labels[distance.argmin()] != label)
        assert nearest_error(images, labels, test, truth) == wrong / 50
        assert nearest_error(test, truth, test, truth) == 0
