"""SGAN: the game step by step, as a loop by hand would play it, and what it refuses."""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from ganzoo_sgan.variant import BASELINE_EVERY, FEATURE_MATCHING, ODENA, SGAN, SGANConfig
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Batch, Dataset, DataSpec, GanzooError
from ganzoo.augmentations import SeenAugmentation
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

OBJECTIVES = (FEATURE_MATCHING, ODENA)


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
def test_a_training_is_the_loop_that_one_would_write_by_hand(
    blobs: Callable[..., Dataset],
    make: Callable[..., SGAN],
    make_engine: Callable[..., Engine],
    weights: Callable[..., dict[str, Tensor]],
    assert_same: Callable[..., None],
    objective: str,
) -> None:
    """Both papers' updates, written out, with Adam, its schedule and the average of the weights."""
    iterations, ema, lr, generator_lr = 8, 0.9, 1e-3, 5e-4
    played = make(objective, ema=ema, lr=lr, generator_lr=generator_lr, unlabelled_weight=0.7)
    by_hand = copy.deepcopy(played).train()
    d, g, b = by_hand.classifier, by_hand.generator, by_hand.baseline
    average = copy.deepcopy(d)
    engine = make_engine(played, blobs(), iterations)
    recorder = Recorder(engine)
    torch.manual_seed(1)
    logged = [engine.step() for _ in range(iterations)]

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
        expected = {
            "classifier_loss": labelled + 0.7 * unlabelled,
            "labelled_loss": labelled,
            "unlabelled_loss": unlabelled,
            "real_score": log_z[10:20].sigmoid().mean(),
            "fake_score": log_z[20:].sigmoid().mean(),
        }
        step(d, labelled + 0.7 * unlabelled, factor)
        fake = g(latent())
        if objective == FEATURE_MATCHING:
            with torch.no_grad():
                real = d.features(data["unlabelled_for_generator"])
            loss = (d.features(fake).mean(0) - real.mean(0)).pow(2).mean()
        else:
            out = d(fake)
            loss = F.softplus(out[:, 3] - out[:, :3].logsumexp(1)).mean()
        expected["generator_loss"] = loss
        step(g, loss, factor)
        if t % BASELINE_EVERY == 0:
            loss = F.cross_entropy(b(data["image"])[:, :3], data["label"])
            expected["supervised_loss"] = loss
            step(b, loss, factor)
        assert logged[t].keys() == expected.keys()
        for name, value in expected.items():
            assert logged[t][name].item() == pytest.approx(value.item(), rel=1e-9), name
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
def test_an_update_moves_its_own_player_alone(
    blobs: Callable[..., Dataset],
    make: Callable[..., SGAN],
    make_engine: Callable[..., Engine],
    weights: Callable[..., dict[str, Tensor]],
    objective: str,
    phase: str,
) -> None:
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


def test_the_classifiers_step_does_not_reach_the_generator(
    blobs: Callable[..., Dataset], make: Callable[..., SGAN], make_engine: Callable[..., Engine]
) -> None:
    sgan = make()
    batch = Batch(make_engine(sgan, blobs()).feed.draw())
    grads = torch.autograd.grad(
        sgan.classifier_loss(batch), [*sgan.generator.parameters()], allow_unused=True
    )
    assert all(grad is None for grad in grads)


def test_the_baseline_is_the_same_network(
    make: Callable[..., SGAN],
    weights: Callable[..., dict[str, Tensor]],
    assert_same: Callable[..., None],
) -> None:
    for objective in OBJECTIVES:
        sgan = make(objective)
        same = weights(sgan, "baseline")
        assert_same({f"baseline.{k}": v for k, v in sgan.classifier.state_dict().items()}, same)
        assert not {id(p) for p in sgan.classifier.parameters()} & {
            id(p) for p in sgan.baseline.parameters()
        }


def test_the_baseline_sees_labelled_images_alone(
    blobs: Callable[..., Dataset], make: Callable[..., SGAN], make_engine: Callable[..., Engine]
) -> None:
    sgan = make()
    batch = Batch(make_engine(sgan, blobs()).feed.draw())
    seen = []
    sgan.baseline.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    sgan.supervised_loss(batch)
    assert len(seen) == 1
    assert seen[0] is batch.image


def test_learning_rates_fall_to_zero_in_a_line(make: Callable[..., SGAN]) -> None:
    schedules = make(decay_from=0.75).schedules()
    assert set(schedules) == {"classifier.lr", "generator.lr", "baseline.lr"}
    for factor in schedules.values():
        assert [factor(p) for p in (0.0, 0.5, 0.75, 0.875, 1.0)] == [1, 1, 1, 0.5, 0]


@pytest.mark.parametrize(("objective", "lr"), [(FEATURE_MATCHING, 3e-3), (ODENA, 1e-3)])
def test_learning_rates(make: Callable[..., SGAN], objective: str, lr: float) -> None:
    players = make(objective).players()
    assert [players[net].optim.lr for net in ("classifier", "baseline")] == [lr, lr]
    assert players["generator"].optim.lr == 1e-3
    assert {player.optim.betas for player in players.values()} == {(0.5, 0.999)}
    assert {player.ema for player in players.values()} == {0.9999}
    players = make(objective, lr=0.1, generator_lr=0.2).players()
    assert [player.optim.lr for player in players.values()] == [0.1, 0.2, 0.1]


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (
            DataSpec.images((1, 28, 28), 0, "photos"),
            {},
            "labelled images, and 'photos' has no labels",
        ),
        (DataSpec.points(2, 8, "ring8"), {}, "needs images, and 'ring8' has points"),
        (
            DataSpec.images((1, 28, 28), 10, "mnist"),
            {"labels": 9},
            "--labels 9 .* 10 classes of 'mnist'",
        ),
        (DataSpec.images((1, 8, 8), 2, "tiny"), {"objective": ODENA}, "28 to 128 pixels a side"),
        (
            DataSpec.images((1, 28, 28), 10, "mnist"),
            {"supervised_only": True, "regulariser": "r1"},
            "--supervised-only plays no game, .*--regulariser .*: leave one of them out",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(
    data: DataSpec, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(GanzooError, match=message):
        SGAN(equipped(SGANConfig(**settings)), data)  # type: ignore[arg-type]


class Square(nn.Module):
    """D, of whose three classes one alone is likely: its verdict is |x|² / 2."""

    def forward(self, image: Tensor) -> Tensor:
        verdict = image.flatten(1).square().sum(1, keepdim=True) / 2
        never = torch.full_like(verdict, -100.0)
        return torch.cat((verdict, never, never, torch.zeros_like(verdict)), 1)


@pytest.mark.parametrize(("term", "which"), [("r1:gamma=4", 0), ("r2:gamma=4", 1)])
def test_terms_are_of_unlabelled_images_and_fakes(
    make: Callable[..., SGAN], term: str, which: int
) -> None:
    """The slope of |x|² / 2 is x."""
    losses, seen = [], []
    for regulariser in (None, term):
        variant = make(ODENA, regulariser=regulariser)
        variant.classifier = Square()  # type: ignore[assignment]
        torch.manual_seed(1)
        batch = Batch(
            {
                "image": torch.randn(4, 1, 28, 28),
                "label": torch.arange(4) % 3,
                "unlabelled": torch.randn(4, 1, 28, 28),
            }
        )
        losses.append(variant.classifier_loss(batch))
        seen = [batch.data["unlabelled"], batch.shared["fake"]]
    penalty = 4 / 2 * seen[which].flatten(1).square().sum(1).mean()
    torch.testing.assert_close(losses[1] - losses[0], penalty)


class Black(SeenAugmentation):
    def __init__(self, config: None) -> None:
        super().__init__(config)

    def forward(self, sample: Tensor) -> Tensor:
        return 0 * sample


def test_all_that_learn_see_augmented_images(make: Callable[..., SGAN]) -> None:
    """The baseline too, so that the difference of both is what the unlabelled images are worth."""
    variant = make(ODENA)
    variant.augmentations["black"] = Black(None)
    seen: list[Tensor] = []
    for net in (variant.classifier, variant.baseline):
        net.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    names = ("image", "unlabelled", "unlabelled_for_generator")
    batch = Batch(
        {name: torch.rand(4, 1, 28, 28) for name in names} | {"label": torch.arange(4) % 3}
    )
    for phase in variant.phases():
        phase.loss(batch)
    assert len(seen) == 3
    assert not any(image.any() for image in seen)
    variant.classify(batch.image)
    assert seen[-1].any()


@pytest.mark.parametrize(("objective", "mean"), [(FEATURE_MATCHING, 0.5), (ODENA, 0.0)])
def test_truncation_brings_latents_to_the_mean_of_the_prior(
    make: Callable[..., SGAN], objective: str, mean: float
) -> None:
    variant = make(objective).eval()
    latent = variant.sample_latent(3)
    assert (latent.mean() - mean).abs() < 0.2
    with torch.no_grad():
        at_mean = variant.truncated(latent, 0.0)
        expected = variant(torch.full_like(latent, mean))
    torch.testing.assert_close(at_mean, expected)
