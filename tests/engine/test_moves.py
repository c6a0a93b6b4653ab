"""Who moves when, on which batches, and who never does, against loops written by hand."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, assert_same, make_engine, reference
from helpers.games import Toy, points
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Batch, GanzooError, Phase, Player, RMSprop, Upkeep
from ganzoo.data.feed import make_feed


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
