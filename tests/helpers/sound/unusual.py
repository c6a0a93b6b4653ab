"""Sound variants that do what variants seldom do: no check may find fault with them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot, relu, softplus
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import (
    Adam,
    AdamW,
    Average,
    Batch,
    DataSpec,
    GanzooError,
    Phase,
    Player,
    Progress,
    RMSprop,
    Stage,
    Upkeep,
)
from ganzoo.engine.engine import Engine
from ganzoo.engine.plan import Plan
from helpers.sound.able import Able, Looks, Psi, Restyles
from helpers.sound.healthy import Healthy, HealthyConfig


class Spectral(Healthy):
    """A hinge loss, a D with spectral norms beside its gradient penalty, and dropout."""

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        flatten, first, act, last = self.discriminator
        self.discriminator = nn.Sequential(
            flatten, spectral_norm(first), act, nn.Dropout(0.3), spectral_norm(last)
        )

    def g_loss(self, batch: Batch) -> Tensor:
        super().g_loss(batch)
        return -self.discriminator(self(self.sample_latent(len(batch)))).mean()

    def d_loss(self, batch: Batch) -> Tensor:
        both = self.discriminator(torch.cat((batch.image, batch.shared["fake"])))
        real, fake = both.chunk(2)
        penalty = self.gradient_penalty(batch.image)
        return relu(1 - real).mean() + relu(1 + fake).mean() + penalty


class Lazy(Healthy):
    """A penalty every third iteration, two updates of D, the second on a fresh batch, noise."""

    def phases(self) -> list[Phase]:
        return [
            Phase("penalty", "d", self.penalty_loss, every=3, second_order=True),
            Phase("d", "d", self.d_loss, repeat=self.updates, after=self.clip),
            Phase("g", "g", self.g_loss),
        ]

    def updates(self, iteration: int) -> int:
        return 4 if iteration < 10 else 2

    def penalty_loss(self, batch: Batch) -> Tensor:
        return self.gradient_penalty(batch.image)

    def d_loss(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            fake = self(self.sample_latent(2 * len(batch)))[: len(batch)]
        shuffled = fake[torch.randperm(len(batch), device=self.device)]
        noisy = batch.image + self.dial * torch.randn_like(batch.image)
        mix = torch.bernoulli(torch.full((len(batch),), 0.5, device=self.device)) * torch.rand(1)[0]
        real = self.discriminator(noisy)
        return (
            softplus(-real).mean() + softplus(self.discriminator(shuffled)).mean() + 0 * mix.sum()
        )

    def clip(self) -> None:
        torch._foreach_clamp_min_([*self.discriminator.parameters()], -1)


class Codes(Healthy):
    """A latent with a categorical code, which a second head of D's trunk is to find again."""

    conditional = True

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        if not data.classes:
            raise GanzooError(f"codes needs labelled data, and '{data.name}' has no labels")
        self.generator = nn.Sequential(
            nn.Linear(3 + data.classes, data.classes + 4), *list(self.generator[3:])
        )
        self.generator[1] = nn.Linear(data.classes + 4, self.generator[1].out_features)
        self.trunk = self.discriminator[:3]
        self.head = self.discriminator[3]
        del self.discriminator
        self.finder = nn.Linear(8, data.classes)

    def players(self) -> dict[str, Player]:
        return {
            "d": Player(("trunk", "head"), RMSprop(1e-3)),
            "g": Player(("generator", "finder"), Adam(1e-3), ema=0.99),
        }

    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, second_order=False)]

    def g_loss(self, batch: Batch) -> Tensor:
        code = torch.randint(self.data.classes, (len(batch),), device=self.device)
        fake = self(self.sample_latent(len(batch)), code)
        batch.shared["fake"] = fake.detach()
        features = self.trunk(fake)
        information = cross_entropy(self.finder(features), code)
        batch.metrics["information"] = information.detach()
        return softplus(-self.head(features)).mean() + information

    def d_loss(self, batch: Batch) -> Tensor:
        real = self.head(self.trunk(batch.image))
        fake = self.head(self.trunk(batch.shared["fake"]))
        return mse_loss(real, torch.ones_like(real)) + fake.square().mean()

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        assert label is not None
        code = one_hot(label, self.data.classes).float()
        return self.generator(torch.cat((latent, code), 1))


class Grows(Healthy):
    """ProGAN-like: levels by images, a fade of its own, other batches, a layer of the last level.

    The stage changes between the runs of several checks.
    """

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator.later = nn.Linear(3, 3)
        self.generator.register_buffer("fade", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(()))

    def stage(self, now: Progress) -> Stage:
        if now.images < 2 * 4:
            return Stage((0, "stable"))
        if now.images < 300:
            return Stage((1, "fading"), batch_size=6, resets=("g", "d"))
        return Stage((1, "stable"))

    def dials(self, now: Progress) -> Mapping[str, float]:
        return {**super().dials(now), "generator.fade": min(1.0, now.images / 300)}

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        self.mean.lerp_(loss.detach(), 0.1)
        batch.metrics["mean"] = self.mean.clone()
        return loss

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        if self.level[0]:
            latent = latent + self.generator.get_buffer("fade") * self.generator.later(latent)
        return self.generator[:6](latent)


class ByData(Healthy):
    """Which player moves next depends on the losses."""

    capturable = False

    def iterate(self, engine: Engine, plan: Plan) -> dict[str, Tensor]:
        metrics: dict[str, Tensor] = engine.play(plan)
        if metrics["g_loss"].item() > 0.5:
            metrics |= engine.play(plan)
        return metrics


class Relativistic(Healthy):
    """Each fake is judged by the mean of the real ones, which is declared."""

    batchwise = True

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        real = self.discriminator(batch.image).mean()
        return softplus(real - self.discriminator(fake)).mean()


class Unrepeatable(Healthy):
    """Its noise is drawn in a way that the kit cannot divide among the parts of a batch."""

    prior = "uniform"  # walks go straight between its latents

    def sample_latent(self, n: int) -> Tensor:
        odds = torch.ones(n, 3, device=self.device)
        return one_hot(torch.multinomial(odds, 1)[:, 0], 3).float()


class Eventful(Healthy):
    """Gates, steps at once, own batches, two owners, a frozen network, upkeep, stages, dials."""

    frozen = ("eye",)
    synchronised = ("verdicts",)

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.eye = nn.Flatten()
        self.eye.register_parameter("scale", nn.Parameter(torch.ones(1)))
        self.generator.register_buffer("level", torch.zeros((), dtype=torch.int64))
        self.register_buffer("verdicts", torch.zeros(()))
        self.register_buffer("pressure", torch.ones(()))

    def players(self) -> dict[str, Player]:
        average = Average(half_life=16, ramp=0.05, copy_buffers=True)
        return {
            "g": Player(("generator",), AdamW(1e-3), ema=average, clip_norm=10.0),
            "discriminator": Player(optim=Adam(1e-3)),
            "second": Player(("discriminator",), RMSprop(1e-3)),
        }

    def phases(self) -> list[Phase]:
        def almost_always(batch: Batch) -> Tensor:
            return batch.metrics["real_score"] < 2

        return [
            Phase("discriminator", loss=self.d_loss, second_order=True, when=almost_always),
            Phase("g", loss=self.g_loss, together=True, fresh=True),
            Phase("second", loss=self.d_loss, second_order=True, gain=0.5),
            Phase("small", "discriminator", self.pull, every=3, lazy=True),
        ]

    def d_loss(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            batch.shared["fake"] = self(self.sample_latent(len(batch)))
        seen = Batch({"image": self.eye.scale * batch.image}, batch.shared, batch.metrics)
        return self.pressure * super().d_loss(seen)

    def pull(self, batch: Batch) -> Tensor:
        squares = [weight.square().sum() for weight in self.discriminator.parameters()]
        return torch.stack(squares).sum()

    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("press", self.press, every=4)]

    def press(self) -> None:
        self.pressure += 0.01 * (self.verdicts - 0.5).sign()
        self.generator.get_buffer("level").add_(1)

    def stage(self, now: Progress) -> Stage:
        return Stage(now.images >= 1_000_000, resets=("g",))

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return {"dial": lambda share: share}

    def dials(self, now: Progress) -> Mapping[str, float]:
        return {**super().dials(now), "g.half_life": 16 + now.images, "g.lr": 1 - now.share}


class SharesATrunk(Healthy):
    """One network under two names, the later of which its player names."""

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        *trunk, head = self.discriminator
        self.trunk, self.head = nn.Sequential(*trunk), head
        self.discriminator = nn.Sequential(self.trunk, self.head)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr)
        return {
            "g": Player(("generator",), optim, ema=0.9),
            "d": Player(("trunk", "head"), optim, ema=0.9),
        }


class Follows(Healthy):
    """A copy of D, which nobody trains, follows it by upkeep, and judges fakes beside it."""

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.target = copy.deepcopy(self.discriminator).requires_grad_(False)

    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        return loss + softplus(-self.target(self(self.sample_latent(len(batch))))).mean()

    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("follow", self.follow)]

    def follow(self) -> None:
        pairs = zip(self.target.parameters(), self.discriminator.parameters(), strict=True)
        for target, own in pairs:
            target.lerp_(own, 0.1)


UNUSUAL: dict[type[Healthy], Any] = {
    Spectral: set(),
    SharesATrunk: set(),
    Eventful: set(),
    Lazy: set(),
    Codes: {"second-order"},
    Grows: set(),
    ByData: {"capture"},
    Relativistic: set(),
    Able: set(),
    Follows: set(),
    Psi: set(),
    Looks: set(),
    Restyles: set(),
    Unrepeatable: {"micro-batches", "second-order"},
}
"""With the checks that have nothing to say."""
