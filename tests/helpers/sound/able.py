"""Sound variants that can more than draw: translate, encode, and be asked for something."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import avg_pool2d, dropout, interpolate

from ganzoo import option
from ganzoo.abilities import Control, Direction, Encoder, Enlarger, Translator
from helpers.sound.healthy import Healthy


class Able(Healthy, Translator, Encoder):
    """One direction on one domain, with dropout when it translates, as its paper wants; latents."""

    directions = (Direction("restyle", "image", "image"),)
    stochastic = True

    def translate(self, image: Tensor, direction: str) -> Tensor:
        assert direction == "restyle"
        return dropout(image, 0.5).tanh()

    def encode(self, image: Tensor) -> Tensor:
        return image.flatten(1)[:, :3]


class Psi(Healthy):
    """Settings of its sampling, and what can be asked of its translations."""

    @dataclass(frozen=True)
    class Sampling:
        psi: float = option(1.0, "how far from the mean", minimum=0, maximum=2)
        noise: str = option("some", "of the layers", choices=("none", "some"))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(self.sampling.psi * latent)


class Restyles(Healthy, Translator):
    """Translations that are asked for by name and number."""

    directions = (Direction("restyle", "image", "image"),)

    def controls(self) -> Mapping[str, Control]:
        return {"hue": Control("hue", ("red", "blue")), "strength": Control("how much")}

    def translate(
        self, image: Tensor, direction: str, hue: str = "red", strength: float = 0.5
    ) -> Tensor:
        return ((2.0 if hue == "red" else 1.0) * strength * image).tanh()


class Looks(Healthy, Enlarger):
    """Larger images, of whose pixels each is made of those that are at most two away."""

    reach = 2

    def enlarge(self, image: Tensor) -> Tensor:
        return interpolate(avg_pool2d(image.tanh(), 5, 1, 2), scale_factor=2.0)
