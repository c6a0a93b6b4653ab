"""What a trained variant can do: small mixins that commands and evaluators look for.

A variant has as many as it has, and is evaluated in each of them. Whatever they take and give is as
a batch has it, on the variant's device: images (n, channels, height, width) in [-1, 1].
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from ganzoo.draws import drawing_apart
from ganzoo.errors import GanzooError, unknown


class Sampler(Protocol):
    """Draws samples: ``ganzoo sample``. Every `ganzoo.Variant` does, whose `sample_latent` does."""

    @property
    def device(self) -> torch.device:
        """Where they are drawn."""

    def sample_latent(self, n: int) -> Tensor:
        """`n` latents from the prior, (n, ...)."""

    def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Samples."""


class Classifier(ABC):
    """Tells classes: ``ganzoo classify``."""

    @abstractmethod
    def classify(self, image: Tensor) -> Tensor:
        """Probabilities (n, classes) of samples."""


@dataclass(frozen=True)
class Direction:
    """From which field of the data a translator makes which."""

    name: str
    """What ``--direction`` takes: ``"a2b"``."""
    source: str
    """The field that is translated. Of two unpaired domains: ``"a"`` or ``"b"``."""
    target: str
    """The field that a translation is like: another one of the same samples where they are pairs,
    one of the other domain, or `source` itself, where there is only one."""


@dataclass(frozen=True)
class Control:
    """What the user can ask of a translation: ``--set NAME=VALUE``."""

    doc: str
    """What it is, in a few words."""
    choices: tuple[str, ...] = ()
    """The values that it takes; none: any number."""

    def parse(self, name: str, text: str) -> str | float:
        """The value that `text` stands for.

        Raises:
            GanzooError: it is none of the choices, or no number.
        """
        if self.choices:
            if text not in self.choices:
                raise unknown(f"value of {name}", text, self.choices)
            return text
        try:
            return float(text)
        except ValueError:
            raise GanzooError(f"--set {name} takes a number, not '{text}'") from None


class OfImages:
    """Makes images of images. Which sizes it takes decides how large ones are given to it."""

    multiple: ClassVar[int] = 0
    """Of how many pixels the sides must be of images of any other size than those that it was
    trained on; 0: it takes no others."""
    reach: int | None = None
    """How far from a pixel, in pixels of what it is given, others decide what it makes of it, so
    that a large image can be made of tiles that know as much of their surroundings; None: however
    far they are, as where a norm is of whole images."""


class Translator(OfImages, ABC):
    """Makes one field of the data of another: ``ganzoo translate``, ``--own-size``."""

    directions: tuple[Direction, ...] = (
        Direction("a2b", "a", "b"),
        Direction("b2a", "b", "a"),
    )
    """At least one; as they are here, for two unpaired domains and the ways between them."""
    stochastic: bool = False
    """Whether it draws random numbers, so that an image has many translations: ``--seed``."""

    def controls(self) -> Mapping[str, Control]:
        """What can be asked of it, by name, on the data that it was built for."""
        return {}

    @abstractmethod
    def translate(self, image: Tensor, direction: str) -> Tensor:
        """As many samples of the target of the direction of that name.

        One that has `controls` takes, besides, an optional argument of the name of each, a choice
        or a number: ``translate(self, image, direction, hair=None)``, or ``**asked``.
        """


class Encoder(ABC):
    """Finds the latent of a sample: ``ganzoo reconstruct``."""

    @abstractmethod
    def encode(self, image: Tensor) -> Tensor:
        """Latents (n, ...), as `ganzoo.Variant.forward` takes them."""

    def reconstruct(self, image: Tensor) -> Tensor:
        """What the generator makes of the latents of samples; of their shape."""
        assert callable(self)
        made: Tensor = self(self.encode(image))
        return made


class Restorer(OfImages, ABC):
    """Fills in the parts of an image that are missing: ``ganzoo restore``."""

    @abstractmethod
    def restore(self, image: Tensor, missing: Tensor) -> Tensor:
        """Whole images.

        Args:
            image: as the others, 0 where it is missing.
            missing: (n, 1, height, width), 1 where a pixel is missing, else 0.
        """


class Enlarger(OfImages, ABC):
    """Makes larger images of small ones, of any size: ``ganzoo enlarge``."""

    multiple: ClassVar[int] = 1
    factor: int = 2
    """How many times as high and wide they become."""

    @abstractmethod
    def enlarge(self, image: Tensor) -> Tensor:
        """Images (n, channels, factor * height, factor * width)."""


ABILITIES: dict[str, Any] = {
    "sampler": Sampler,
    "classifier": Classifier,
    "translator": Translator,
    "encoder": Encoder,
    "restorer": Restorer,
    "enlarger": Enlarger,
}
"""By the name that an `ganzoo.EvaluatorSpec` gives."""


def draws(variant: Sampler) -> bool:
    """Whether a variant makes samples from noise."""
    try:
        with drawing_apart(variant.device):
            variant.sample_latent(1)
    except GanzooError:
        return False
    return True


def can(variant: Any, ability: str) -> bool:
    """Whether a variant has the ability of that name; the empty one is everybody's."""
    if ability == "sampler":
        return draws(variant)
    return not ability or isinstance(variant, ABILITIES[ability])


def direction_of(variant: Translator, name: str) -> Direction:
    """The direction of that name.

    Raises:
        GanzooError: the variant has none.
    """
    known = {direction.name: direction for direction in variant.directions}
    if name not in known:
        raise unknown("direction", name, known)
    return known[name]


def asked_of(variant: Translator, wanted: Mapping[str, object]) -> dict[str, str | float]:
    """What is asked of a translation, by the names of the variant's controls.

    Raises:
        GanzooError: the variant has no such control or value.
    """
    known = variant.controls()
    for name, value in wanted.items():
        if not known:
            raise GanzooError(f"nothing can be asked of this run: leave out --set {name}={value}")
        if name not in known:
            raise unknown("control", name, known)
    return {name: known[name].parse(name, str(value)) for name, value in wanted.items()}
