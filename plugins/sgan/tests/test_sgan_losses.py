"""SGAN's losses: those of both papers, in their values and their gradients."""

import math

import pytest
import torch
from ganzoo_sgan import losses
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

LOGITS = st.lists(st.floats(-30, 30), min_size=4, max_size=4)


@settings(deadline=None)
@given(LOGITS, LOGITS)
def test_losses_are_those_of_a_softmax_of_k_plus_1(real: list[float], fake: list[float]) -> None:
    """Salimans et al., section 5, and Odena, written as the logarithms of probabilities."""
    x, g = torch.tensor([real]).double(), torch.tensor([fake]).double()
    p_x, p_g = x.softmax(1)[0], g.softmax(1)[0]
    unlabelled = -(p_x[:3].sum().log() + p_g[3].log()) / 2
    torch.testing.assert_close(losses.unlabelled_loss(x, g), unlabelled, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(
        losses.generator_loss(g), -p_g[:3].sum().log(), rtol=1e-9, atol=1e-12
    )
    labelled = -(p_x[1] / p_x[:3].sum()).log()
    torch.testing.assert_close(
        losses.class_loss(x, torch.tensor([1])), labelled, rtol=1e-9, atol=1e-9
    )
    torch.testing.assert_close(losses.class_probabilities(x)[0], p_x[:3] / p_x[:3].sum())


def test_the_unlabelled_loss_is_that_of_the_authors_code() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(50, 10).double(), torch.randn(50, 10).double()
    l_unl, l_fake = real.logsumexp(1), fake.logsumexp(1)
    expected = (
        -0.5 * l_unl.mean() + 0.5 * F.softplus(l_unl).mean() + 0.5 * F.softplus(l_fake).mean()
    )
    ours = losses.unlabelled_loss(F.pad(real, (0, 1)), F.pad(fake, (0, 1)))
    torch.testing.assert_close(ours, expected)


def test_losses_are_finite_for_any_logit_and_so_are_their_gradients() -> None:
    for size in (1e2, 1e4, 1e30):
        for sign in (1, -1):
            logits = torch.tensor([[sign * size, 0.0, 0.0, -sign * size]], requires_grad=True)
            loss = losses.unlabelled_loss(logits, -logits) + losses.generator_loss(logits)
            (grad,) = torch.autograd.grad(
                loss + losses.class_loss(logits, torch.tensor([1])), logits
            )
            assert loss.isfinite()
            assert grad.isfinite().all()


def test_a_sure_classifier_has_no_loss() -> None:
    """A softmax before the cross-entropy could not get below 0.55 for 3 classes, 1.46 for 10."""
    logits = torch.tensor([[40.0, 0.0, 0.0, 0.0]])
    assert losses.class_loss(logits, torch.tensor([0])) < 1e-6
    assert losses.class_loss(torch.zeros(1, 11), torch.tensor([0])) == pytest.approx(math.log(10))


def test_the_class_loss_does_not_depend_on_the_fake_logit() -> None:
    logits = torch.randn(5, 4)
    changed = logits.clone()
    changed[:, 3] = 100.0
    label = torch.tensor([0, 1, 2, 0, 1])
    assert losses.class_loss(logits, label) == losses.class_loss(changed, label)


def test_features_are_matched_in_the_mean_of_the_batch() -> None:
    """Not sample by sample: other samples with the same mean are a perfect match."""
    torch.manual_seed(0)
    real = torch.randn(8, 5).double()
    assert losses.feature_matching_loss(real, real[torch.randperm(8)]) < 1e-30
    spread = torch.randn(8, 5).double()
    assert losses.feature_matching_loss(real, real + spread - spread.mean(0)) < 1e-30
    assert losses.feature_matching_loss(real, real + 3) == pytest.approx(9)
