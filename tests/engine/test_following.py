"""What follows training: averages, dials and stages, against recursions written by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy, ToyConfig, points
from torch import Tensor, nn

from ganzoo import SGD, Adam, Average, Batch, DataSpec, GanzooError, Phase, Player, Progress, Stage
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from ganzoo.engine.plan import count_iterations, make_plan
from ganzoo.engine.stages import enter_again
from ganzoo.runs.load import published_weights


def quick_engine(cls: type[Toy], iterations: int = 100, *, parts: int = 1, **more: Any) -> Engine:
    """One that learns so much at a step that an average is far behind."""
    execution, config = Execution(accumulate=parts), ToyConfig(lr=0.05)
    return make_engine(cls, execution, config=config, iterations=iterations, **more)


def averaging(how: Average) -> type[Toy]:
    class Averaging(Toy):
        def __init__(self, config: ToyConfig, data: DataSpec) -> None:
            super().__init__(config, data)
            self.generator.register_buffer("level", torch.zeros((), dtype=torch.int64))
            self.generator.register_buffer("flag", torch.zeros((), dtype=torch.bool))

        def players(self) -> dict[str, Player]:
            return {
                "generator": Player(optim=Adam(0.05), ema=how),
                "d": Player(("discriminator",), Adam(0.05)),
            }

        def phases(self) -> list[Phase]:
            return [Phase("generator", loss=self.g_loss), Phase("d", loss=self.d_loss)]

        def g_loss(self, batch: Batch) -> Tensor:
            self.generator.get_buffer("level").add_(1)
            self.generator.get_buffer("flag").logical_not_()
            return super().g_loss(batch)

    return Averaging


@pytest.mark.parametrize(
    ("how", "decay"),
    [
        (Average(0.8), lambda t, seen: min(0.8, (1 + t) / (10 + t))),
        (Average(half_life=20), lambda t, seen: 0.5 ** (4 / 20)),
        (Average(half_life=0), lambda t, seen: 0.0),
        (
            Average(half_life=30, ramp=0.5),
            lambda t, seen: 0.5 ** (4 / min(30, 0.5 * seen)) if seen else 0.0,
        ),
        (Average(0.8, start=20), lambda t, seen: min(0.8, (1 + t) / (10 + t)) * (seen >= 20)),
        (
            Average(half_life=20, start=20, copy_buffers=True),
            lambda t, seen: 0.5 ** (4 / 20) * (seen >= 20),
        ),
    ],
)
def test_averages_follow_the_weights(how: Average, decay: Callable[[int, int], float]) -> None:
    """Against the recursion in float64."""
    engine = quick_engine(averaging(how))
    net = engine.variant.get_submodule("generator")
    expected = {k: v.double().clone() for k, v in net.state_dict().items()}
    buffers = dict(net.named_buffers())
    for t in range(1, 31):
        share = decay(t, engine.images_seen)
        engine.step()
        for key, value in net.state_dict().items():
            kept = share
            if not value.is_floating_point() or (how.copy_buffers and key in buffers):
                kept = 0.0
            expected[key] = kept * expected[key] + (1 - kept) * value.double()
    with engine.averaged() as variant:
        average = variant.get_submodule("generator").state_dict()
    for key, value in expected.items():
        torch.testing.assert_close(average[key].double(), value, rtol=1e-5, atol=1e-6)
    assert average["level"] == average["1.num_batches_tracked"] == 30


class Grown(Toy):
    """A dial within an averaged network, one beside it, and all that can be set of a player."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.generator.register_buffer("alpha", torch.zeros(()))
        self.register_buffer("gamma", torch.zeros(()))

    def players(self) -> dict[str, Player]:
        return {
            "g": Player(("generator",), Adam(0.05), ema=Average(half_life=8)),
            "d": Player(("discriminator",), Adam(0.01)),
        }

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return {"d.lr": lambda share: 1 - share}

    def dials(self, now: Progress) -> Mapping[str, float]:
        return {
            **super().dials(now),
            "generator.alpha": now.images / 100,
            "gamma": 10 - now.iteration,
            "d.beta2": 0.9 + now.images / 1000,
            "g.half_life": 8 + now.images,
        }


def test_a_dial_is_exact_in_the_averaged_copy() -> None:
    engine = quick_engine(Grown, 10)
    for _ in range(6):
        engine.step()
    with engine.averaged() as variant:
        assert float(variant.get_buffer("generator.alpha")) == pytest.approx(20 / 100, rel=1e-6)
    assert float(engine.variant.get_buffer("generator.alpha")) == pytest.approx(0.2, rel=1e-6)
    assert float(engine.variant.get_buffer("gamma")) == 5
    assert engine.learners["d"].optimizer.param_groups[0]["lr"] == pytest.approx(0.01 * 0.5)


def test_the_second_decay_of_an_adam_follows_its_dial() -> None:
    engine = quick_engine(Grown, 10)
    other = quick_engine(Grown, 10).variant
    optimizer = torch.optim.Adam(other.discriminator.parameters(), 0.01, foreach=False)
    grads: list[list[Tensor]] = []
    update = engine.learners["d"].update
    engine.learners["d"].update = lambda g, when: (grads.append(g), update(g, when))  # type: ignore[method-assign, assignment, func-returns-value]
    for i in range(6):
        engine.step()
        for param, grad in zip(other.discriminator.parameters(), grads[-1], strict=True):
            param.grad = grad
        for group in optimizer.param_groups:
            group |= {"lr": 0.01 * (1 - i / 10), "betas": (0.9, 0.9 + 4 * i / 1000)}
        optimizer.step()
    for mine, theirs in zip(
        engine.variant.get_submodule("discriminator").parameters(),
        other.discriminator.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_half_life_of_an_average_follows_its_dial() -> None:
    engine = quick_engine(Grown, 10)
    weight = engine.variant.get_parameter("generator.0.weight")
    expected = weight.detach().double().clone()
    for i in range(6):
        engine.step()
        decay = 0.5 ** (4 / (8 + 4 * i))
        expected = decay * expected + (1 - decay) * weight.detach().double()
    with engine.averaged() as variant:
        average = variant.get_parameter("generator.0.weight").double()
    torch.testing.assert_close(average, expected, rtol=1e-5, atol=1e-6)


class Growing(Toy):
    """Three stages, by images: a batch of 4, then of 6, then of 4 again with a new optimizer."""

    def stage(self, now: Progress) -> Stage:
        if now.images < 16:
            return Stage(0)
        return Stage(1, batch_size=6) if now.images < 40 else Stage(2, resets=("d",))

    def d_loss(self, batch: Batch) -> Tensor:
        assert self.level == batch.stage.level
        batch.metrics["level"] = torch.tensor(float(self.level))
        batch.metrics["size"] = torch.tensor(float(len(batch)))
        batch.metrics["first"] = batch.image[0, 0]
        return super().d_loss(batch)


@pytest.mark.parametrize("budget", [None, 0])  # resident and streaming
def test_stages_change_the_size_of_a_batch_and_go_on_in_the_data(budget: int | None) -> None:
    engine = quick_engine(Growing, budget=budget)
    rows, seen = [], []
    for _ in range(11):
        seen.append(engine.images_seen)
        rows.append(engine.step())
    engine.feed.close()
    assert seen == [0, 4, 8, 12, 16, 22, 28, 34, 40, 44, 48]
    assert [int(row["level"]) for row in rows] == [0] * 4 + [1] * 4 + [2] * 3
    assert [int(row["size"]) for row in rows] == [4] * 4 + [6] * 4 + [4] * 3
    feed = make_feed(points(), 1, device=CPU, seed=1)
    order = torch.cat([feed.draw()["image"] for _ in range(40)])
    for start, row in zip(seen[:4], rows, strict=False):
        assert row["first"] == order[start, 0]
    assert rows[4]["first"] == order[12, 0]  # batch 16 // 6 = 2 of six: no sample is skipped


def test_epochs_are_counted_in_batches_of_the_stages() -> None:
    variant = quick_engine(Growing).variant
    assert count_iterations(variant, 10, 4) == 8  # 40 samples: 4 batches of 4, 4 of 6
    assert count_iterations(quick_engine(Toy).variant, 10, 4) == 10


class Uneven(Toy):
    def phases(self) -> list[Phase]:
        d, generator = super().phases()
        return [replace(d, every=2, repeat=3), replace(generator, every=3, fresh=True)]


@pytest.mark.parametrize("cls", [Toy, Uneven])
@pytest.mark.parametrize("batches", [0.2, 1, 3, 7, 10.5, 97])
def test_epochs_are_counted_by_rounds_as_they_are_one_by_one(
    cls: type[Toy], batches: float
) -> None:
    variant = quick_engine(cls).variant
    drawn = counted = 0
    while drawn < batches:
        drawn += make_plan(variant.phases(), counted).batches
        counted += 1
    assert count_iterations(variant, batches, 4) == counted


def test_epochs_without_end_are_counted_at_once_or_not_at_all() -> None:
    assert count_iterations(quick_engine(Toy).variant, 1e15, 4) == 10**15
    with pytest.raises(GanzooError, match="counted one by one"):
        count_iterations(quick_engine(Growing).variant, 1e9, 4)


def test_a_stage_has_an_optimizer_start_anew() -> None:
    engine = quick_engine(Growing)
    for _ in range(8):
        engine.step()
    assert float(engine.learners["d"].state()["optimizer.discriminator.0.weight.step"]) == 8
    engine.make_plan()  # enters the stage of the next iteration
    steps = {name: learner.state() for name, learner in engine.learners.items()}
    assert float(steps["d"]["optimizer.discriminator.0.weight.step"]) == 0
    assert float(steps["g"]["optimizer.generator.0.weight.step"]) == 8
    assert not steps["d"]["optimizer.discriminator.0.weight.exp_avg"].any()


@pytest.mark.parametrize("stopped", [3, 4, 6, 8, 9])
def test_a_training_with_stages_goes_on_bitwise(stopped: int) -> None:
    one = quick_engine(Growing)
    for _ in range(stopped):
        one.step()
    saved = {name: tensor.clone() for name, tensor in one.state().items()}
    for _ in range(11 - stopped):
        one.step()
    two = quick_engine(Growing)
    two.load_state(saved)
    assert two.images_seen == int(saved["images"])
    for _ in range(11 - stopped):
        two.step()
    for name, tensor in one.state().items():
        assert torch.equal(two.state()[name], tensor), name


@pytest.mark.parametrize("stopped", [0, 3, 4, 5, 8, 9])
def test_samples_are_drawn_in_the_stage_that_was_trained_last(stopped: int) -> None:
    """Also where the next iteration is of another, of which nothing is trained yet."""

    class Louder(Growing):
        def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
            return self.generator(latent) * 10**self.level

    engine = quick_engine(Louder)
    level = 0
    for _ in range(stopped):
        level = int(engine.step()["level"])
    latent = torch.ones(4, 3)
    with engine.averaged() as variant:
        samples = variant(latent)
        weights = {name: value.clone() for name, value in published_weights(variant).items()}
        assert torch.equal(samples, variant.generator(latent) * 10**level)
    saved = {name: tensor.clone() for name, tensor in engine.state().items()}
    resumed, loaded = quick_engine(Louder), quick_engine(Louder).variant.eval()
    resumed.load_state(saved)
    with resumed.averaged() as variant:
        assert torch.equal(variant(latent), samples)
    with torch.no_grad():
        for name, live in published_weights(loaded).items():
            live.copy_(weights[name])
        enter_again(loaded)
        assert torch.equal(loaded(latent), samples)


def test_a_variant_with_stages_has_no_other_level() -> None:
    class Other(Growing):
        def level(self, now: Progress) -> int:  # type: ignore[override]
            return 0

    with pytest.raises(GanzooError, match="Other has stages and a `level` of its own"):
        quick_engine(Other)


def test_stages_are_different_plans() -> None:
    engine = quick_engine(Growing)
    plans = []
    for _ in range(9):
        plans.append(engine.make_plan())
        engine.step()
    assert len(set(plans)) == 3
    assert plans[0] == plans[3] != plans[4]


def test_a_stage_whose_batches_cannot_be_split_is_refused() -> None:
    class Odd(Toy):
        def stage(self, now: Progress) -> Stage:
            return Stage(now.images, batch_size=7 if now.images else None)

    engine = quick_engine(Odd, parts=2)
    engine.step()
    with pytest.raises(GanzooError, match="--batch-size 7 cannot be split into --accumulate 2"):
        engine.step()


def test_a_stage_with_more_samples_than_there_are_is_refused() -> None:
    class Greedy(Growing):
        def stage(self, now: Progress) -> Stage:
            return Stage(0, batch_size=41)

    with pytest.raises(GanzooError, match="wants batches of 41 samples, and there are 40"):
        quick_engine(Greedy)


def test_a_training_without_stages_has_the_state_that_it_always_had() -> None:
    class Plain(Toy):
        def players(self) -> dict[str, Player]:
            return {**super().players(), "d": Player(("discriminator",), SGD(0.1))}

    engine = quick_engine(Plain)
    assert isinstance(engine.variant.generator, nn.Sequential)
    names = {name for name in engine.state() if not name.startswith(("variant.", "g.", "d."))}
    assert names == {"rng.cpu", "iteration", "feed.drawn"}


def test_a_stage_resets_players_that_there_are() -> None:
    class Misnamed(Toy):
        def stage(self, now: Progress) -> Stage:
            return Stage(now.images // 16, resets=("critic",))

    engine = quick_engine(Misnamed)
    for _ in range(4):
        engine.step()
    with pytest.raises(GanzooError, match="no player that stage 1 resets, 'critic'"):
        engine.step()
