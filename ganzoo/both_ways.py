"""What translators between two unpaired domains, a and b, have in common: there, and back."""

from typing import ClassVar

from torch import Tensor, nn

from ganzoo.abilities import Translator
from ganzoo.artifacts.gallery import COLUMNS, Gallery
from ganzoo.losses import AdversarialLoss
from ganzoo.variant import Batch, Variant


class BothWays(Variant, Translator):
    """A variant with a translator for each way, and a discriminator of each domain."""

    a2b: nn.Module
    """Images of a to images of b."""
    b2a: nn.Module
    """Images of b to images of a."""
    loss: AdversarialLoss
    """What is played."""
    published: ClassVar[tuple[str, ...]] = ("a2b", "b2a")

    def told_apart(
        self, batch: Batch, domain: str, real_logits: Tensor, fake_logits: Tensor
    ) -> Tensor:
        """The discriminator's side of the loss in one domain, whose verdicts are logged.

        Args:
            batch: into whose metrics they go, as ``real_a_score`` and ``fake_a_score``.
            domain: ``"a"`` or ``"b"``.
            real_logits: on samples of the data, of any shape.
            fake_logits: on translations.
        """
        batch.metrics |= {
            f"real_{domain}_score": self.loss.score(real_logits.detach()).mean(),
            f"fake_{domain}_score": self.loss.score(fake_logits.detach()).mean(),
        }
        return self.loss.discriminator(real_logits, fake_logits)

    def deception(self, discriminator: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """The generator's side: how far the fakes are from passing for real."""
        real_logits = discriminator(real) if self.loss.generator_sees_real else None
        return self.loss.generator(discriminator(fake), real_logits)

    def translate(self, image: Tensor, direction: str) -> Tensor:
        translated: Tensor = {"a2b": self.a2b, "b2a": self.b2a}[direction](image)
        return translated

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten: a, a -> b, a -> b -> a, then b, b -> a, b -> a -> b."""
        rows = []
        for domain, there, back in (("a", "a2b", "b2a"), ("b", "b2a", "a2b")):
            image = examples[domain][:COLUMNS]
            fake = self.translate(image, there)
            rows += [image, fake, self.translate(fake, back)]
        return Gallery.of_rows(rows, made=[number % 3 > 0 for number in range(len(rows))])
