"""The engine against loops written by hand, bit for bit."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy, ToyConfig, points
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Batch, GanzooError, Phase, Player
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine


def equal(a: nn.Module, b: nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def test_updates_equal_a_hand_written_loop_bitwise() -> None:
    data = points()
    torch.manual_seed(3)
    toy = Toy(ToyConfig(), data.spec)
    g, d = toy.generator, toy.discriminator
    g_optim = torch.optim.Adam(g.parameters(), lr=1e-3, fused=True)
    d_optim = torch.optim.Adam(d.parameters(), lr=1e-3, fused=True)
    feed = make_feed(data, 4, device=CPU, seed=1)
    torch.manual_seed(5)
    for _ in range(25):
        real = feed.draw()["image"]
        fake = g(torch.randn(4, 3))
        g_optim.zero_grad()
        softplus(-d(fake)).mean().backward()
        g_optim.step()
        d_optim.zero_grad()  # also what G's backward left in D
        (softplus(-d(real)).mean() + softplus(d(fake.detach())).mean()).backward()
        d_optim.step()

    engine = make_engine()
    for _ in range(25):
        engine.step()
    assert equal(engine.variant, toy)


@pytest.mark.parametrize(
    ("phase", "mover", "other"),
    [("g", "generator", "discriminator"), ("d", "discriminator", "generator")],
)
def test_a_phase_changes_its_own_player_only(phase: str, mover: str, other: str) -> None:
    class OnePhase(Toy):
        def phases(self) -> list[Phase]:
            chosen = next(p for p in super().phases() if p.name == phase)
            return [Phase(phase, phase, lambda batch: self.with_fake(batch, chosen))]

        def with_fake(self, batch: Batch, chosen: Phase) -> Tensor:
            batch.shared["fake"] = torch.ones(len(batch), 2)
            return chosen.loss(batch)

    engine = make_engine(OnePhase)
    before = copy.deepcopy(engine.variant)
    engine.step()
    for name, param in engine.variant.named_parameters():
        changed = not torch.equal(param, before.get_parameter(name))
        assert changed == name.startswith(mover), name
        assert (param.grad is None) == name.startswith(other), name


def test_a_parameter_that_the_loss_does_not_reach_keeps_no_gradient() -> None:
    class Unused(Toy):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.discriminator.register_parameter("unused", nn.Parameter(torch.ones(2)))

    engine = make_engine(Unused)
    engine.step()
    unused = engine.variant.get_parameter("discriminator.unused")
    assert unused.grad is None
    assert torch.equal(unused, torch.ones(2))


def test_after_clips_the_weights_at_every_update() -> None:
    class Clipped(Toy):
        def phases(self) -> list[Phase]:
            g, d = super().phases()
            return [g, Phase("d", "d", d.loss, after=self.clip)]

        def clip(self) -> None:
            for param in self.discriminator.parameters():
                param.clamp_(-0.01, 0.01)

    engine = make_engine(Clipped)
    engine.step()
    weights = torch.cat([p.flatten() for p in engine.variant.discriminator.parameters()])  # type: ignore[union-attr]
    assert weights.abs().max() <= 0.01
    assert (weights != 0).all()


def test_average_of_the_weights() -> None:
    """Against the recursion in float64; running statistics are averaged with the weights."""
    engine = make_engine(config=ToyConfig(lr=0.1, ema=0.8))
    net = engine.variant.get_submodule("generator")
    expected = {k: v.double().clone() for k, v in net.state_dict().items()}
    for t in range(1, 41):
        engine.step()
        decay = min(0.8, (1 + t) / (10 + t))
        for key, value in net.state_dict().items():
            expected[key] = decay * expected[key] + (1 - decay) * value.double()
    with engine.averaged() as variant:
        assert not variant.training
        average = variant.get_submodule("generator").state_dict()
        for key in ("0.weight", "1.running_mean", "1.running_var", "2.bias"):
            torch.testing.assert_close(average[key].double(), expected[key], rtol=1e-5, atol=1e-6)
    assert engine.variant.get_submodule("generator") is net
    assert engine.variant.training
    assert not torch.equal(net.state_dict()["0.weight"], average["0.weight"])


def test_metrics_are_the_losses_and_what_the_variant_logged() -> None:
    engine = make_engine()
    metrics = engine.step()
    assert metrics.keys() == {"g_loss", "d_loss", "real_score"}
    assert all(value.dim() == 0 and not value.requires_grad for value in metrics.values())


def test_schedules_set_learning_rates_and_buffers() -> None:
    class Scheduled(Toy):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.register_buffer("fade", torch.zeros(()))

        def schedules(self) -> dict[str, Callable[[float], float]]:
            return {"g.lr": lambda t: 1 - t, "fade": lambda t: 2 * t}

    engine = make_engine(Scheduled, iterations=10)
    for _ in range(6):
        engine.step()
    lrs = {k: learner.optimizer.param_groups[0]["lr"] for k, learner in engine.learners.items()}
    assert lrs == {"g": pytest.approx(0.5e-3), "d": 1e-3}
    assert engine.variant.get_buffer("fade").item() == pytest.approx(1.0)


def test_state_loaded_into_another_engine_goes_on_bitwise() -> None:
    one = make_engine(config=ToyConfig(ema=0.9))
    for _ in range(13):
        one.step()
    saved = {name: tensor.clone() for name, tensor in one.state().items()}
    for _ in range(7):
        one.step()
    expected = {name: tensor.clone() for name, tensor in one.state().items()}
    two = make_engine(config=ToyConfig(ema=0.9))
    addresses = {name: t.data_ptr() for name, t in two.state().items() if name[:3] != "rng"}
    two.step()
    two.load_state(saved)
    for _ in range(7):
        two.step()
    for name, tensor in two.state().items():
        assert torch.equal(tensor, expected[name]), name
    for name, tensor in two.state().items():
        if name not in ("iteration", "feed.drawn") and name in addresses:
            assert tensor.data_ptr() == addresses[name], name


def test_unsound_names_the_phase_and_the_parameter() -> None:
    engine = make_engine()
    assert engine.unsound() is None
    with torch.no_grad():
        engine.variant.get_parameter("discriminator.0.bias")[1] = float("nan")
    assert engine.unsound() == ("d", "discriminator.0.bias")


def test_mistakes_of_an_author_are_named() -> None:
    class NoSuchPlayer(Toy):
        def phases(self) -> list[Phase]:
            return [Phase("critic", "dd", self.d_loss)]

    class NoSuchNetwork(Toy):
        def players(self) -> dict[str, Player]:
            return {**super().players(), "d": Player(("discriminatr",), Adam(1e-3))}

    class ManyLosses(Toy):
        def phases(self) -> list[Phase]:
            return [Phase("d", "d", lambda batch: self.discriminator(batch.image))]

    with pytest.raises(GanzooError, match="no player of phase 'critic', 'dd'"):
        make_engine(NoSuchPlayer)
    with pytest.raises(GanzooError, match="'discriminatr': did you mean 'discriminator'"):
        make_engine(NoSuchNetwork)
    with pytest.raises(GanzooError, match=r"loss of phase 'd' must be a scalar, not \(4, 1\)"):
        make_engine(ManyLosses).step()


def test_a_game_may_decide_its_order_by_data() -> None:
    class Adaptive(Toy):
        capturable = False

        def iterate(self, engine: Engine, plan: Any) -> dict[str, Tensor]:
            metrics = engine.play(plan)
            while metrics["d_loss"] > 1.0 and engine.feed.drawn < 50:
                metrics = engine.play(plan)
            return metrics

    engine = make_engine(Adaptive, config=ToyConfig(lr=0.05))
    engine.step()
    assert engine.feed.drawn > 1
