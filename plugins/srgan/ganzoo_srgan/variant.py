"""SRGAN (Ledig et al. 2017) and ESRGAN (Wang et al. 2018).

Small images are made of those of the data; G makes these again, first by their pixels alone, and
then also by what a network sees in them, and by what D says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from ganzoo import Adam, Batch, DataSpec, Gallery, GanzooError, Phase, Player, Variant, option
from ganzoo.abilities import Enlarger
from ganzoo.adversarial import said_by_d
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks.resizing import larger, smaller
from ganzoo.schedules import Progress, Stage
from ganzoo_srgan.degradations import RealDegradation
from ganzoo_srgan.discriminator import SRDiscriminator
from ganzoo_srgan.generators import RRDBNet, SRResNet
from ganzoo_srgan.perception import VGG

SMALLEST_IMAGE = 16
PIXELS, ADVERSARIAL = "pixels", "adversarial"
"""The stages."""
HALVED_AT = 1 / 8, 1 / 4, 1 / 2, 3 / 4
"""When learning rates are halved: after 50, 100, 200 and 300 of ESRGAN's 400 thousand steps."""
SHOWN = 10


@dataclass(frozen=True)
class SRGANConfig:
    """The settings of SRGAN."""

    factor: int = option(4, "how many times as high and wide images become", minimum=2, maximum=8)
    degradations: str = option(
        "bicubic",
        "what makes small images of those of the data: real adds blur, noise and JPEG",
        choices=("bicubic", "real"),
    )
    pretrain: float = option(
        0.5, "share of the training in which G learns pixels alone", minimum=0, maximum=1
    )
    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    perceptual: str = option(
        "discriminator",
        "who sees what images have in common: D itself, or vgg, where torchvision's weights are",
        choices=("discriminator", "vgg"),
    )
    lambda_features: float = option(1.0, "weight of the distance of features", minimum=0)
    lambda_adversarial: float = option(1e-3, "weight of what D says", minimum=0)
    lambda_pixels: float = option(1.0, "weight of the distance of pixels beside them", minimum=0)
    width: int = option(64, "feature maps of both networks next to the image", minimum=1)
    blocks: int = option(16, "residual blocks of G", minimum=1)
    lr: float = option(1e-4, "learning rate of both Adams, halved four times", above=0)
    ema: float = option(
        0.999, "decay of the average of G's weights that images come from", minimum=0, maximum=1
    )


@dataclass(frozen=True)
class ESRGANConfig(SRGANConfig):
    """The settings of ESRGAN."""

    loss: AdversarialLoss = option(
        "relativistic-average", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_adversarial: float = option(5e-3, "weight of what D says: λ of eq. 3", minimum=0)
    lambda_pixels: float = option(
        1e-2, "weight of the distance of pixels beside them: η of eq. 3", minimum=0
    )
    blocks: int = option(23, "RRDBs of G", minimum=1)


class SRGAN(Variant, Enlarger):
    """The game of Ledig et al. 2017, section 2, behind a pretraining by pixels (section 3.2)."""

    Config: ClassVar[type] = SRGANConfig
    config: SRGANConfig
    name: ClassVar[str] = "srgan"
    frozen: ClassVar[tuple[str, ...]] = ("perception",)
    network: ClassVar[type[SRResNet] | type[RRDBNet]] = SRResNet
    share: ClassVar[float] = 1.0
    """What the adversarial loss counts beside that of `ganzoo.losses`."""
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if data.is_image and min(data.shape[1:]) < 64:
            return {"steps": 3000, "batch_size": 16, "factor": 2, "width": 16, "blocks": 2}
        return {"steps": 400_000, "batch_size": 16}

    def __init__(self, config: SRGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images(self.name, config.factor, data)
        self.factor = config.factor
        self.loss = config.loss
        self.scores = config.loss.scores
        self.generator = self.network(data.shape[0], config.factor, config.width, config.blocks)
        self.discriminator = SRDiscriminator(config.width, data)
        self.perception = VGG(data) if config.perceptual == "vgg" else nn.Identity()
        self.reach = self.generator.reach
        self.degrade: Callable[[Tensor], Tensor] = (
            RealDegradation(config.factor, data)
            if config.degradations == "real"
            else partial(smaller, factor=config.factor)
        )

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=self.betas)
        return {
            "generator": Player(("generator",), optim, ema=self.config.ema),
            "discriminator": Player(("discriminator",), optim),
        }

    def stage(self, now: Progress) -> Stage:
        return Stage(PIXELS if now.share < self.config.pretrain else ADVERSARIAL)

    def phases(self) -> list[Phase]:
        def during(level: str) -> Callable[[int], int]:
            return lambda iteration: int(self.level == level)

        return [
            Phase("pixels", "generator", self.pixels_loss, repeat=during(PIXELS)),
            Phase("generator", loss=self.generator_loss, repeat=during(ADVERSARIAL)),
            Phase("discriminator", loss=self.discriminator_loss, repeat=during(ADVERSARIAL)),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        def halved(share: float) -> float:
            return 0.5 ** sum(share >= at for at in HALVED_AT)

        return {f"{player}.lr": halved for player in self.players()}

    def distance(self, made: Tensor, real: Tensor) -> Tensor:
        """Of pixels and of features: the mean squared difference of eqs. 4 and 5."""
        return mse_loss(made, real)

    def pixels_loss(self, batch: Batch) -> Tensor:
        """Eq. 4 alone: what G is pretrained by."""
        return self.distance(self.generator(self.degrade(batch.image)), batch.image)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 3: pixels, features (eq. 5) and D (eq. 6)."""
        real = batch.image
        fake = self.generator(self.degrade(real))
        batch.shared["fake"] = fake.detach()
        real_logits = self.discriminator(real) if self.loss.generator_sees_real else None
        terms = {
            "pixels_distance": (self.config.lambda_pixels, self.distance(fake, real)),
            "features_distance": (
                self.config.lambda_features,
                self.distance(self.perceived(fake), self.perceived(real).detach()),
            ),
            "deception": (
                self.config.lambda_adversarial,
                self.share * self.loss.generator(self.discriminator(fake), real_logits),
            ),
        }
        batch.metrics |= {name: term.detach() for name, (_, term) in terms.items()}
        return torch.stack([weight * term for weight, term in terms.values()]).sum()

    def perceived(self, image: Tensor) -> Tensor:
        """Features by which images are alike to those who look at them."""
        seen = self.perception if self.config.perceptual == "vgg" else self.discriminator.features
        features: Tensor = seen(image)
        return features

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """D tells images of the data from those that G makes of small ones."""
        real_logits = self.discriminator(batch.image)
        fake_logits = self.discriminator(self.fakes(batch))
        batch.metrics |= said_by_d(self.loss, None, real_logits, fake_logits)
        return self.share * self.loss.discriminator(real_logits, fake_logits)

    def fakes(self, batch: Batch) -> Tensor:
        """Those that G's step has left, or as many new ones, of which G learns nothing."""
        if "fake" not in batch.shared:
            with torch.no_grad():
                batch.shared["fake"] = self.generator(self.degrade(batch.image))
        return batch.shared["fake"]

    def enlarge(self, image: Tensor) -> Tensor:
        enlarged: Tensor = self.generator(image).clamp(-1, 1)
        return enlarged

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten: images made small and enlarged by bicubic interpolation, by G, and whole."""
        whole = cut(examples["image"][:SHOWN], self.factor)
        small = smaller(whole, self.factor)
        made = self.enlarge(small)
        images = torch.cat((larger(small, self.factor), made, whole))
        return Gallery(
            images,
            columns=len(whole),
            made=[len(whole) <= number < 2 * len(whole) for number in range(3 * len(whole))],
            caption="bicubic, enlarged by G, original",
        )


class ESRGAN(SRGAN):
    """The game of Wang et al. 2018, section 3: RRDBs, relativistic, features before activation."""

    Config = ESRGANConfig
    config: ESRGANConfig
    name = "esrgan"
    network = RRDBNet
    share = 0.5  # as in the authors' code: the mean of both terms of eqs. 1 and 2
    betas = (0.9, 0.99)
    batchwise = True  # D is told how real the average of the batch is

    def distance(self, made: Tensor, real: Tensor) -> Tensor:
        """Section 3.4: the mean absolute difference."""
        return l1_loss(made, real)

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        small = data.is_image and min(data.shape[1:]) < 64
        return super().recipe(data) | ({"blocks": 1} if small else {})


def cut(image: Tensor, factor: int) -> Tensor:
    """Images without the last rows and columns that make no whole pixel of a small one."""
    height, width = (side - side % factor for side in image.shape[2:])
    return image[:, :, :height, :width]


def check_images(variant: str, factor: int, data: DataSpec) -> None:
    """See to it that the data are images that can be made smaller.

    Raises:
        GanzooError: they are something else, too small, or no multiple of the factor.
    """
    if not data.is_image:
        raise GanzooError(f"{variant} needs images, and '{data.name}' has points: try vanilla")
    if min(data.shape[1:]) < SMALLEST_IMAGE or any(side % factor for side in data.shape[1:]):
        raise GanzooError(
            f"{variant} with --factor {factor} needs images of at least {SMALLEST_IMAGE} pixels a "
            f"side and multiples of {factor}, and '{data.name}' has {data}: try --image-size 32"
        )
