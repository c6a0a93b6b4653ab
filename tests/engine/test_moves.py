"""Who moves when, and whether at all, against loops written by hand."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import SGD, Adam, AdamW, Batch, GanzooError, Phase, Player, RMSprop, Upkeep
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.capture import Watch, Watched
from ganzoo.engine.modes.execution import Execution

CPU = torch.device("cpu")


def make_engine(cls: type[Toy], execution: Execution | None = None, batch: int = 4) -> Engine:
    data = points()
    torch.manual_seed(3)
    variant = cls(ToyConfig(), data.spec)
    torch.manual_seed(5)
    feed = make_feed(data, batch, device=CPU, seed=1)
    return Engine(variant, feed, 100, execution or Execution())


def reference(cls: type[Toy] = Toy) -> Any:
    """The same networks before the first step, and what they are given."""
    engine = make_engine(cls)
    return engine.variant, make_feed(points(), 4, device=CPU, seed=1)


def assert_same(one: nn.Module, other: nn.Module, **tolerances: float) -> None:
    for name, value in one.state_dict().items():
        torch.testing.assert_close(
            value, other.state_dict()[name], **(tolerances or {"rtol": 0.0, "atol": 0.0})
        )


class OnlyD(Toy):
    """D learns to say 0."""

    optim: Any = Adam(1e-2)
    extra: dict[str, Any] = {}  # noqa: RUF012
    clip: float | None = None

    def players(self) -> dict[str, Player]:
        return {"discriminator": Player(optim=self.optim, clip_norm=self.clip)}

    def phases(self) -> list[Phase]:
        return [Phase("discriminator", loss=self.square, **self.extra)]

    def square(self, batch: Batch) -> Tensor:
        loss = self.discriminator(batch.image).square().mean()
        batch.shared["positive"] = (batch.image.sum() > 0).detach()
        return loss


@pytest.mark.parametrize(
    ("spec", "make"),
    [
        (Adam(1e-2), lambda p: torch.optim.Adam(p, 1e-2, fused=True)),
        (AdamW(1e-2), lambda p: torch.optim.AdamW(p, 1e-2, weight_decay=0.01, fused=True)),
        (SGD(1e-2, 0.9), lambda p: torch.optim.SGD(p, 1e-2, 0.9, fused=True)),
        (SGD(1e-2), lambda p: torch.optim.SGD(p, 1e-2, fused=True)),
        (RMSprop(1e-2), lambda p: torch.optim.RMSprop(p, 1e-2, foreach=True)),
    ],
)
def test_a_gated_step_is_as_if_it_had_not_been_due(
    spec: Any, make: Callable[[Any], torch.optim.Optimizer]
) -> None:
    class Gated(OnlyD):
        optim = spec
        extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

    toy, feed = reference(Gated)
    optimizer = make(toy.discriminator.parameters())
    made = []
    for _ in range(20):
        image = feed.draw()["image"]
        made.append(bool(image.sum() > 0))
        if made[-1]:
            optimizer.zero_grad()
            toy.discriminator(image).square().mean().backward()
            optimizer.step()
    assert 5 < sum(made) < 15

    engine = make_engine(Gated)
    for _ in range(20):
        engine.step()
    assert_same(engine.variant, toy)
    moments = engine.learners["discriminator"].optimizer.state_dict()["state"]
    for key, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if value is not None:
                assert torch.equal(torch.as_tensor(value), moments[key][name]), name


def test_a_gate_reads_nothing_on_the_host() -> None:
    for optimizer in (Adam(1e-2), RMSprop(1e-2), SGD(1e-2, 0.5)):

        class Gated(OnlyD):
            optim = optimizer
            extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

        engine = make_engine(Gated)
        engine.step()
        with Watch(seen := Watched()):
            engine.play(engine.make_plan())
        ours = [read for read in seen.host_reads if not read.startswith("order.py")]
        assert seen.operations
        if not isinstance(optimizer, RMSprop):  # whose count of steps lies on the host, on a CPU
            assert ours == []


def test_half_of_the_micro_batches_decide() -> None:
    class Gated(OnlyD):
        extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

    engine = make_engine(Gated, Execution(accumulate=4), batch=8)
    feed = make_feed(points(), 8, device=CPU, seed=1)
    for _ in range(10):
        before = copy.deepcopy(engine.variant.discriminator)
        engine.step()
        votes = [bool(part.sum() > 0) for part in feed.draw()["image"].chunk(4)]
        moved = not torch.equal(before[0].weight, engine.variant.discriminator[0].weight)  # type: ignore[index, union-attr]
        assert moved == (sum(votes) >= 2)


class OneByOne(Toy):
    """D first, so that G has gradients at other weights where D has moved before."""

    at_once = False

    def phases(self) -> list[Phase]:
        return [Phase("d", loss=self.d_loss), Phase("g", loss=self.g_loss, together=self.at_once)]

    def d_loss(self, batch: Batch) -> Tensor:
        batch.shared["fake"] = self(self.sample_latent(len(batch))).detach()
        return super().d_loss(batch)


class AtOnce(OneByOne):
    at_once = True


def test_those_who_move_at_once_have_gradients_at_the_same_weights() -> None:
    toy, feed = reference()
    g, d = toy.generator, toy.discriminator
    optims = [torch.optim.Adam(net.parameters(), lr=1e-3, fused=True) for net in (d, g)]
    for _ in range(10):
        real, fake = feed.draw()["image"], g(torch.randn(4, 3)).detach()
        d_loss = softplus(-d(real)).mean() + softplus(d(fake)).mean()
        d_grads = torch.autograd.grad(d_loss, [*d.parameters()])
        g_grads = torch.autograd.grad(softplus(-d(g(torch.randn(4, 3)))).mean(), [*g.parameters()])
        for net, optim, grads in zip((d, g), optims, (d_grads, g_grads), strict=True):
            for param, grad in zip(net.parameters(), grads, strict=True):
                param.grad = grad
            optim.step()
    engine, one_by_one = make_engine(AtOnce), make_engine(OneByOne)
    for _ in range(10):
        engine.step()
    assert_same(engine.variant, toy)
    torch.manual_seed(5)
    for _ in range(10):
        one_by_one.step()
    weights = [e.variant.get_parameter("generator.0.weight") for e in (engine, one_by_one)]
    assert not torch.equal(*weights)


def test_who_moves_at_once_when_not_all_are_due() -> None:
    order: list[str] = []

    class Watching(Toy):
        def phases(self) -> list[Phase]:
            def loss(name: str) -> Callable[[Batch], Tensor]:
                def taken(batch: Batch) -> Tensor:
                    order.append(f"loss {name}")
                    return self.discriminator(batch.image).mean()

                return taken

            def after(name: str) -> Callable[[], None]:
                return lambda: order.append(f"step {name}")

            return [
                Phase("a", "d", loss("a"), after=after("a")),
                Phase("b", "d", loss("b"), after=after("b"), every=2),
                Phase("c", "d", loss("c"), after=after("c"), together=True, repeat=2),
            ]

    engine = make_engine(Watching)
    engine.step()
    both = ["loss b", "loss c", "step b", "step c", "loss c", "step c"]
    assert order == ["loss a", "step a", *both]
    order.clear()
    engine.step()  # without b, c moves alone, and not at once with a
    assert order == ["loss a", "step a", *["loss c", "step c"] * 2]


def test_two_players_have_one_network_with_an_optimizer_each() -> None:
    class TwoOwners(Toy):
        def players(self) -> dict[str, Player]:
            return {
                "one": Player(("generator", "discriminator"), Adam(1e-2)),
                "other": Player(("discriminator",), RMSprop(1e-3)),
            }

        def phases(self) -> list[Phase]:
            return [Phase("one", loss=self.g_loss), Phase("other", loss=self.d_loss)]

    toy, feed = reference()
    g, d = toy.generator, toy.discriminator
    one = torch.optim.Adam([*g.parameters(), *d.parameters()], lr=1e-2, fused=True)
    other = torch.optim.RMSprop(d.parameters(), lr=1e-3, foreach=True)
    for _ in range(10):
        real, fake = feed.draw()["image"], g(torch.randn(4, 3))
        one.zero_grad()
        softplus(-d(fake)).mean().backward()
        one.step()
        other.zero_grad()
        (softplus(-d(real)).mean() + softplus(d(fake.detach())).mean()).backward()
        other.step()
    engine = make_engine(TwoOwners)
    for _ in range(10):
        engine.step()
    assert_same(engine.variant, toy)
    names = engine.state().keys()
    assert "one.optimizer.discriminator.0.weight.exp_avg" in names
    assert "other.optimizer.discriminator.0.weight.square_avg" in names


def test_a_network_is_averaged_by_one_player_only() -> None:
    class TwoAverages(Toy):
        def players(self) -> dict[str, Player]:
            player = Player(("generator",), Adam(1e-3), ema=0.9)
            return {"g": player, "d": player}

    with pytest.raises(GanzooError, match="two players average the network 'generator'"):
        make_engine(TwoAverages)


def test_a_fresh_phase_has_batches_and_latents_of_its_own() -> None:
    seen: list[tuple[str, Tensor, bool]] = []

    class OwnBatch(Toy):
        def phases(self) -> list[Phase]:
            return [
                Phase("g", loss=self.watched("g"), fresh=True),
                Phase("d", loss=self.watched("d"), repeat=2),
                Phase("penalty", "d", self.watched("penalty")),
            ]

        def watched(self, name: str) -> Callable[[Batch], Tensor]:
            def loss(batch: Batch) -> Tensor:
                seen.append((name, batch.image, "mark" in batch.shared))
                batch.shared["mark"] = batch.image
                batch.metrics[name] = batch.image.mean()
                return self.discriminator(self(self.sample_latent(4))).mean()

            return loss

    engine = make_engine(OwnBatch)
    assert engine.make_plan().batches == 3
    metrics = engine.step()
    feed = make_feed(points(), 4, device=CPU, seed=1)
    drawn = [feed.draw()["image"] for _ in range(3)]
    expected = [drawn[0], drawn[1], drawn[2], drawn[1]]
    assert [(name, marked) for name, _, marked in seen] == [
        ("g", False),
        ("d", False),
        ("d", False),
        ("penalty", True),
    ]
    for (_, image, _), batch in zip(seen, expected, strict=True):
        assert torch.equal(image, batch)
    assert engine.images_seen == 12
    assert metrics["g"] == drawn[0].mean()
    assert metrics["d"] == drawn[2].mean()


@pytest.mark.parametrize(
    ("spec", "make"),
    [
        (
            Adam(1e-2, (0.5, 0.99)),
            lambda p, c: torch.optim.Adam(p, 1e-2 * c, (0.5**c, 0.99**c), fused=True),
        ),
        (RMSprop(1e-2), lambda p, c: torch.optim.RMSprop(p, 1e-2 * c, 0.99**c, foreach=True)),
        (SGD(1e-2, 0.9), lambda p, c: torch.optim.SGD(p, 1e-2 * c, 0.9**c, fused=True)),
    ],
)
def test_a_lazy_regulariser_counts_as_often_and_corrects_the_optimizer(
    spec: Any, make: Callable[[Any, float], torch.optim.Optimizer]
) -> None:
    class Lazy(OnlyD):
        optim = spec

        def phases(self) -> list[Phase]:
            def small(batch: Batch) -> Tensor:
                return 0.1 * self.discriminator[0].weight.square().sum()  # type: ignore[index, union-attr]

            return [*super().phases(), Phase("small", "discriminator", small, every=4, lazy=True)]

    toy, feed = reference(Lazy)
    optimizer = make([*toy.discriminator.parameters()], 4 / 5)
    for i in range(9):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        optimizer.step()
        if i % 4 == 0:
            optimizer.zero_grad()
            (4 * 0.1 * toy.discriminator[0].weight.square().sum()).backward()
            optimizer.step()
    engine = make_engine(Lazy)
    rows = [engine.step() for _ in range(9)]
    assert_same(engine.variant, toy, rtol=1e-6, atol=1e-8)
    weight = make_engine(Lazy).variant.get_parameter("discriminator.0.weight")
    engine = make_engine(Lazy)
    first = engine.step()
    assert first["small_loss"] < 0.1 * weight.square().sum() * 1.1  # logged without the gain
    assert ["small_loss" in row for row in rows] == [i % 4 == 0 for i in range(9)]


def test_the_gradients_of_a_phase_count_as_often_as_it_gains() -> None:
    class Gains(OnlyD):
        optim = SGD(1e-2)
        extra = {"gain": 3.0}  # noqa: RUF012

    toy, feed = reference()
    image = feed.draw()["image"]
    loss = toy.discriminator(image).square().mean()
    (grad,) = torch.autograd.grad(loss, [toy.discriminator[0].weight])
    engine = make_engine(Gains)
    assert engine.step()["discriminator_loss"] == loss
    expected = toy.discriminator[0].weight - 3e-2 * grad
    torch.testing.assert_close(engine.variant.get_parameter("discriminator.0.weight"), expected)


def test_gradients_are_clipped_by_the_norm_of_all_together() -> None:
    class Clipped(OnlyD):
        optim = SGD(1.0)
        clip = 0.01

    toy, feed = reference(Clipped)
    optimizer = torch.optim.SGD(toy.discriminator.parameters(), 1.0, fused=True)
    for _ in range(5):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        norm = nn.utils.clip_grad_norm_(toy.discriminator.parameters(), 0.01)
        assert norm > 0.01
        optimizer.step()
    engine = make_engine(Clipped)
    for _ in range(5):
        engine.step()
    assert_same(engine.variant, toy)


def test_adamw_decays_weights_apart_from_gradients() -> None:
    class Decays(OnlyD):
        optim = AdamW(1e-2, weight_decay=0.1)

    toy, feed = reference(Decays)
    optimizer = torch.optim.AdamW(toy.discriminator.parameters(), 1e-2, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        optimizer.step()
    engine = make_engine(Decays)
    for _ in range(5):
        engine.step()
    assert_same(engine.variant, toy, rtol=1e-6, atol=1e-7)


def test_upkeep_comes_after_the_phases_where_it_is_due() -> None:
    class Kept(Toy):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.register_buffer("seen", torch.zeros(()))
            self.register_buffer("dial", torch.zeros(()))

        def upkeep(self) -> list[Upkeep]:
            return [Upkeep("adjust", self.adjust, every=4)]

        def d_loss(self, batch: Batch) -> Tensor:
            self.seen += 1
            return super().d_loss(batch)

        def adjust(self) -> None:
            assert not torch.is_grad_enabled()
            self.dial += self.seen
            self.seen.zero_()

    engine = make_engine(Kept)
    plans, dials = [], []
    for _ in range(9):
        plans.append(engine.make_plan())
        engine.step()
        dials.append(float(engine.variant.get_buffer("dial")))
    assert dials == [1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0, 9.0]
    assert plans[0] == plans[4] != plans[1] == plans[2]
    assert plans[0].upkeep == ("adjust",)


class Reads(Toy):
    """D sees the data through a network that nobody trains."""

    frozen = ("eye",)
    scale = 1.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        generator = torch.Generator().manual_seed(0)
        self.eye = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        with torch.no_grad():
            self.eye[0].weight.copy_(self.scale * torch.randn(2, 2, generator=generator))
            self.eye[0].bias.zero_()

    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(Batch({"image": self.eye(batch.image)}, batch.shared))


def test_a_frozen_network_stays_as_it_is_and_is_known_by_its_hash() -> None:
    engine = make_engine(Reads)
    before = copy.deepcopy(engine.variant.get_submodule("eye"))
    for _ in range(3):
        engine.step()
    with engine.averaged():
        pass
    engine.step()  # statistics are not taken after that either
    assert_same(engine.variant.get_submodule("eye"), before)
    state = {name: value.clone() for name, value in engine.state().items()}
    assert [name for name in state if "eye" in name] == ["frozen.eye"]
    again = make_engine(Reads)
    again.load_state(state)
    assert_same(again.variant, engine.variant)

    class Changed(Reads):
        scale = 2.0

    with pytest.raises(GanzooError, match=r"frozen network 'eye' is not the one .*SHA-256"):
        make_engine(Changed).load_state(state)


def test_what_a_player_owns_is_not_frozen() -> None:
    class Owned(Reads):
        frozen = ("discriminator",)

    with pytest.raises(GanzooError, match="'discriminator' is frozen, and player 'd' has it"):
        make_engine(Owned)


def test_what_is_not_said_is_named_after_who_moves() -> None:
    phase = Phase("critic", loss=lambda batch: batch.image.sum())
    assert phase.player == "critic"
    with pytest.raises(TypeError, match="a Phase needs loss="):
        Phase("critic")
    with pytest.raises(TypeError, match="a Player needs optim="):
        Player()
