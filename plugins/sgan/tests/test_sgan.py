"""SGAN: the losses of both papers, which labels are used, and the game step by step."""

import copy
import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from ganzoo_sgan import losses, variant
from ganzoo_sgan.labels import balanced_subset
from ganzoo_sgan.networks import MLPClassifier, Noise, WeightNormLinear
from ganzoo_sgan.variant import BASELINE_EVERY, FEATURE_MATCHING, ODENA, SGAN, SGANConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Batch, Dataset, DataSpec, GanzooError
from ganzoo.abilities import Classifier
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.sampling import published_weights

OBJECTIVES = (FEATURE_MATCHING, ODENA)
DATA = DataSpec((1, 28, 28), classes=3, name="blobs")


def blobs(n: int = 120, seed: int = 0) -> Dataset:
    """Noise with a bright band whose height is the class."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(3, (n,), generator=generator)
    image = torch.randint(0, 60, (n, 1, 28, 28), generator=generator, dtype=torch.uint8)
    for k in range(3):
        image[label == k, :, 8 * k : 8 * k + 8] += 180
    return Dataset("blobs", {"image": image, "label": label}, ("low", "middle", "high"))


def make(objective: str = FEATURE_MATCHING, **settings: object) -> SGAN:
    torch.manual_seed(0)
    return SGAN(SGANConfig(objective=objective, labels=12, width=4, **settings), DATA)  # type: ignore[arg-type]


def make_engine(sgan: SGAN, dataset: Dataset, iterations: int = 8, batch_size: int = 10) -> Engine:
    feed = make_feed(
        dataset,
        batch_size,
        device=torch.device("cpu"),
        seed=0,
        streams=sgan.streams(dataset),
    )
    return Engine(sgan.train(), feed, iterations)


def weights(sgan: SGAN, *nets: str) -> dict[str, Tensor]:
    return {
        f"{net}.{name}": value.clone()
        for net in nets
        for name, value in sgan.get_submodule(net).state_dict().items()
    }


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor], *, tolerance: float = 0.0) -> None:
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=tolerance, atol=tolerance, msg=name)


# The losses


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


# The labels


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data(), st.integers(0, 2**31))
def test_classes_take_turns(labels: list[int], data: st.DataObject, draw: int) -> None:
    label = torch.tensor(labels)
    count = data.draw(st.integers(1, len(labels)))
    chosen = balanced_subset(label, count, draw)
    assert len(chosen.unique()) == len(chosen) == count
    there, taken = label.bincount(minlength=5), label[chosen].bincount(minlength=5)
    most = int(taken.max())
    for have, got in zip(there.tolist(), taken.tolist(), strict=True):
        assert got <= have
        assert got >= min(most - 1, have)


def test_25_labels_of_10_classes_are_2_or_3_each() -> None:
    label = torch.arange(10).repeat(100)
    assert set(label[balanced_subset(label, 25, 0)].bincount().tolist()) == {2, 3}
    assert label[balanced_subset(label, 100, 0)].bincount().tolist() == [10] * 10


def test_a_draw_is_random_fixed_and_nested() -> None:
    """Neither the first rows nor another choice at the next start."""
    label = torch.arange(10).repeat(100)
    torch.manual_seed(0)
    chosen = balanced_subset(label, 100, 0)
    torch.manual_seed(1)
    assert chosen.tolist() == balanced_subset(label, 100, 0).tolist()
    assert set(balanced_subset(label, 25, 0).tolist()) < set(chosen.tolist())
    assert len(set(chosen.tolist()) & set(balanced_subset(label, 100, 1).tolist())) < 40
    assert chosen.max() > 800
    assert len(set(chosen.tolist()) & set(range(100))) < 40


def test_streams_hold_the_chosen_labels_and_all_images() -> None:
    dataset = blobs()
    labelled, unlabelled, for_generator = make().streams(dataset)
    assert len(labelled["label"]) == 12
    assert labelled["label"].bincount().tolist() == [4, 4, 4]
    for image, label in zip(labelled["image"], labelled["label"], strict=True):
        (row,) = [i for i, other in enumerate(dataset.fields["image"]) if torch.equal(image, other)]
        assert dataset.fields["label"][row] == label
    assert list(unlabelled) == ["unlabelled"]
    assert list(for_generator) == ["unlabelled_for_generator"]
    assert unlabelled["unlabelled"] is dataset.fields["image"]
    assert for_generator["unlabelled_for_generator"] is dataset.fields["image"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_labels_of_the_other_images_are_not_used(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = blobs()
    chosen = balanced_subset(dataset.fields["label"], 12, 0)
    monkeypatch.setattr(variant, "balanced_subset", lambda label, count, draw: chosen)
    wrong = (dataset.fields["label"] + 1) % 3
    wrong[chosen] = dataset.fields["label"][chosen]
    assert (wrong != dataset.fields["label"]).sum() == 108
    results = []
    for label in (dataset.fields["label"], wrong):
        fields = {"image": dataset.fields["image"], "label": label}
        sgan = make(objective)
        engine = make_engine(sgan, Dataset("blobs", fields, dataset.classes))
        torch.manual_seed(1)
        for _ in range(6):
            engine.step()
        results.append(weights(sgan, "generator", "classifier", "baseline"))
    assert_same(*results)


# The game


@pytest.fixture
def float64() -> Iterator[None]:
    """Adam makes whole steps of rounding errors: with 64 bits there are none to speak of."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Recorder:
    """Keeps the batches that a feed draws."""

    def __init__(self, engine: Engine) -> None:
        self.batches: list[dict[str, Tensor]] = []
        self._draw = engine.feed.draw
        engine.feed.draw = self.draw  # type: ignore[method-assign]

    def draw(self) -> dict[str, Tensor]:
        batch = self._draw().items()
        self.batches.append({k: v.double() if v.is_floating_point() else v for k, v in batch})
        return self.batches[-1]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_training_is_the_loop_that_one_would_write_by_hand(objective: str) -> None:
    """Both papers' updates, written out, with Adam, its schedule and the average of the weights."""
    iterations, ema, lr, generator_lr = 8, 0.9, 1e-3, 5e-4
    played = make(objective, ema=ema, lr=lr, generator_lr=generator_lr, unlabelled_weight=0.7)
    by_hand = copy.deepcopy(played).train()
    d, g, b = by_hand.classifier, by_hand.generator, by_hand.baseline
    average = copy.deepcopy(d)
    engine = make_engine(played, blobs(), iterations)
    recorder = Recorder(engine)
    torch.manual_seed(1)
    for _ in range(iterations):
        engine.step()

    def latent() -> Tensor:
        uniform = torch.empty(10, 100).uniform_(-1, 1)
        return (uniform + 1) / 2 if objective == FEATURE_MATCHING else uniform

    eps = 1e-4 if objective == FEATURE_MATCHING else 1e-8
    optimizers = {
        net: torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999), eps=eps)
        for net in (d, g, b)
    }

    def step(net: nn.Module, loss: Tensor, factor: float) -> None:
        for group in optimizers[net].param_groups:
            group["lr"] = (generator_lr if net is g else lr) * factor
        by_hand.zero_grad(set_to_none=True)
        loss.backward()
        optimizers[net].step()

    torch.manual_seed(1)
    for t, data in enumerate(recorder.batches):
        factor = min(1, 2 * (1 - t / iterations))
        fake = g(latent()).detach()
        out = d(torch.cat((data["image"], data["unlabelled"], fake)))
        log_z = out[:, :3].logsumexp(1) - out[:, 3]
        labelled = -(out[:10, :3].log_softmax(1)[range(10), data["label"]]).mean()
        unlabelled = (
            -0.5 * log_z[10:20].mean()
            + 0.5 * F.softplus(log_z[10:20]).mean()
            + 0.5 * F.softplus(log_z[20:]).mean()
        )
        step(d, labelled + 0.7 * unlabelled, factor)
        fake = g(latent())
        if objective == FEATURE_MATCHING:
            with torch.no_grad():
                real = d.features(data["unlabelled_for_generator"])
            loss = (d.features(fake).mean(0) - real.mean(0)).pow(2).mean()
        else:
            out = d(fake)
            loss = F.softplus(out[:, 3] - out[:, :3].logsumexp(1)).mean()
        step(g, loss, factor)
        if t % BASELINE_EVERY == 0:
            step(b, F.cross_entropy(b(data["image"])[:, :3], data["label"]), factor)
        weight = max(1 - ema, 9 / (10 + t + 1))
        with torch.no_grad():
            for old, new in zip(
                average.state_dict().values(), d.state_dict().values(), strict=True
            ):
                old.lerp_(new, weight)
    nets = ("classifier", "generator", "baseline")
    assert_same(weights(played, *nets), weights(by_hand, *nets), tolerance=1e-9)
    with engine.averaged() as averaged:
        torch.testing.assert_close(
            list(averaged.classifier.parameters()), list(average.parameters()), rtol=1e-7, atol=1e-7
        )


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("phase", ["classifier", "generator", "supervised"])
def test_an_update_moves_its_own_player_alone(objective: str, phase: str) -> None:
    sgan = make(objective)
    engine = make_engine(sgan, blobs())
    mover = {"supervised": "baseline"}.get(phase, phase)
    names = {net: set(dict(sgan.get_submodule(net).named_parameters())) for net in engine.learners}
    before = {net: weights(sgan, net) for net in engine.learners}
    batch = Batch(engine.feed.draw())
    learner = engine.learners[mover]
    loss = engine.phases[phase].loss(batch)
    grads = torch.autograd.grad(loss, learner.params, allow_unused=True)
    assert all(grad is not None for grad in grads)
    learner.update(grads)
    for net in engine.learners:
        after = weights(sgan, net)
        changed = {
            name
            for name in names[net]
            if not torch.equal(before[net][f"{net}.{name}"], after[f"{net}.{name}"])
        }
        assert bool(changed) == (net == mover), net


def test_the_classifiers_step_does_not_reach_the_generator() -> None:
    sgan = make()
    batch = Batch(make_engine(sgan, blobs()).feed.draw())
    grads = torch.autograd.grad(
        sgan.classifier_loss(batch), [*sgan.generator.parameters()], allow_unused=True
    )
    assert all(grad is None for grad in grads)


def test_the_baseline_is_the_same_network() -> None:
    for objective in OBJECTIVES:
        sgan = make(objective)
        same = weights(sgan, "baseline")
        assert_same({f"baseline.{k}": v for k, v in sgan.classifier.state_dict().items()}, same)
        assert not {id(p) for p in sgan.classifier.parameters()} & {
            id(p) for p in sgan.baseline.parameters()
        }


def test_the_baseline_sees_labelled_images_alone() -> None:
    sgan = make()
    batch = Batch(make_engine(sgan, blobs()).feed.draw())
    seen = []
    sgan.baseline.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    sgan.supervised_loss(batch)
    assert len(seen) == 1
    assert seen[0] is batch.image


def test_learning_rates_fall_to_zero_in_a_line() -> None:
    schedules = make(decay_from=0.75).schedules()
    assert set(schedules) == {"classifier.lr", "generator.lr", "baseline.lr"}
    for factor in schedules.values():
        assert [factor(p) for p in (0.0, 0.5, 0.75, 0.875, 1.0)] == [1, 1, 1, 0.5, 0]


@pytest.mark.parametrize(("objective", "lr"), [(FEATURE_MATCHING, 3e-3), (ODENA, 1e-3)])
def test_learning_rates(objective: str, lr: float) -> None:
    players = make(objective).players()
    assert [players[net].optim.lr for net in ("classifier", "baseline")] == [lr, lr]
    assert players["generator"].optim.lr == 1e-3
    assert {player.optim.betas for player in players.values()} == {(0.5, 0.999)}
    players = make(objective, lr=0.1, generator_lr=0.2).players()
    assert [player.optim.lr for player in players.values()] == [0.1, 0.2, 0.1]


def test_latents() -> None:
    low, high = make().sample_latent(1000), make(ODENA).sample_latent(1000)
    assert low.shape == high.shape == (1000, 100)
    assert 0 <= low.min() < 0.01
    assert 0.99 < low.max() <= 1
    assert -1 <= high.min() < -0.98
    assert 0.98 < high.max() <= 1


# What it measures and offers


def test_accuracy_is_the_share_of_right_classes_on_the_test_split() -> None:
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


def test_supervised_only_trains_the_classifier_and_nothing_else() -> None:
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


def test_it_classifies() -> None:
    sgan = make(ODENA).eval()
    assert isinstance(sgan, Classifier)
    with torch.no_grad():
        probabilities = sgan.classify(torch.randn(5, 1, 28, 28).clamp(-1, 1))
    assert probabilities.shape == (5, 3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    assert {name.split(".")[0] for name in published_weights(sgan)} == {"generator", "classifier"}


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (DataSpec((1, 28, 28), 0, "photos"), {}, "labelled images, and 'photos' has no labels"),
        (DataSpec((2,), 8, "ring8"), {}, "needs images, and 'ring8' has points"),
        (DataSpec((1, 28, 28), 10, "mnist"), {"labels": 9}, "--labels 9 .* 10 classes of 'mnist'"),
        (DataSpec((1, 8, 8), 2, "tiny"), {"objective": ODENA}, "28 to 128 pixels a side"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    data: DataSpec, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(GanzooError, match=message):
        SGAN(SGANConfig(**settings), data)  # type: ignore[arg-type]


def test_more_labels_than_images_are_refused() -> None:
    sgan = SGAN(SGANConfig(labels=121), DATA)
    with pytest.raises(GanzooError, match="--labels 121 is more than the 120 images of 'blobs'"):
        sgan.streams(blobs())


def test_many_classes_get_a_label_each() -> None:
    assert SGAN.recipe(DataSpec((1, 28, 28), 10))["labels"] == 100
    assert SGAN.recipe(DataSpec((3, 28, 28), 1000))["labels"] == 1000


# The networks


def test_the_classifier_of_salimans() -> None:
    net = MLPClassifier(DataSpec((1, 28, 28), 10))
    linear = [layer for layer in net.modules() if isinstance(layer, WeightNormLinear)]
    sizes = [(layer.v.shape[1], layer.v.shape[0]) for layer in linear]
    assert sizes == [*pairwise((784, 1000, 500, 250, 250, 250, 10))]
    noise = [layer.std for layer in net.modules() if isinstance(layer, Noise)]
    assert noise == [0.3, 0.5, 0.5, 0.5, 0.5, 0.5]
    learned = [isinstance(layer.g, nn.Parameter) for layer in linear]
    assert learned == [False] * 5 + [True]
    assert net(torch.zeros(2, 1, 28, 28))[:, 10].tolist() == [0, 0]


def test_a_weight_norm_layer_is_torchs() -> None:
    torch.manual_seed(0)
    layer = WeightNormLinear(6, 4, 1.7).double()
    theirs = nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)).double()
    with torch.no_grad():
        layer.b.normal_()
        theirs.bias.copy_(layer.b)
        theirs.parametrizations.weight.original0.fill_(1.7)
        theirs.parametrizations.weight.original1.copy_(layer.v)
    x = torch.randn(3, 6).double()
    torch.testing.assert_close(layer(x), theirs(x))


def test_units_start_with_a_variance_near_1() -> None:
    torch.manual_seed(0)
    net = MLPClassifier(DataSpec((1, 28, 28), 10)).train()
    x = torch.rand(500, 1, 28, 28) * 2 - 1
    stds: list[float] = []
    for layer in net.modules():
        if isinstance(layer, WeightNormLinear):
            layer.register_forward_hook(
                lambda layer, args, out: stds.append(out.std(0).mean().item())
            )
    net(x)
    assert stds[0] == pytest.approx(1, abs=0.1)
    assert all(0.5 < std < 1.5 for std in stds)


def test_noise_is_for_training() -> None:
    torch.manual_seed(0)
    layer = Noise(0.3)
    x = torch.zeros(20_000)
    assert layer(x).std() == pytest.approx(0.3, rel=0.05)
    assert layer.eval()(x) is x


def test_the_mlps_are_for_any_shape() -> None:
    for shape in ((1, 28, 28), (3, 16, 9)):
        sgan = SGAN(SGANConfig(), DataSpec(shape, 10))
        images = sgan(sgan.sample_latent(4))
        assert images.shape == (4, *shape)
        assert -1 <= images.min() < -0.1
        assert 0.1 < images.max() <= 1
        assert sgan.classifier(images).shape == (4, 11)


def test_the_classifier_sees_each_image_by_itself() -> None:
    """The three kinds of image share one pass: BatchNorm would let them see each other."""
    for objective in OBJECTIVES:
        sgan = make(objective)
        assert not [
            m for m in sgan.classifier.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
        ]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_learns_the_classes(objective: str) -> None:
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
