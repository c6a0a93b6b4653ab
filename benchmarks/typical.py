"""A training step as a typical script writes it, for the engine to be compared with.

The habits are those of the scripts that everybody copies: a DataLoader that transforms PIL images
one by one, the generator run for each player, gradients of D computed in G's step and thrown away,
Adam with its defaults, and losses read by ``.item()`` at every step.
"""

from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader
from torchvision import transforms

from ganzoo import Adversarial
from ganzoo.data.dataset import Dataset


class PILImages(torch.utils.data.Dataset[Tensor]):
    """What torchvision's MNIST does for each image."""

    def __init__(self, dataset: Dataset) -> None:
        self.images = dataset.fields["image"][:, 0].numpy()
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        image: Tensor = self.transform(Image.fromarray(self.images[index], mode="L"))
        return image


def typical_script(variant: Adversarial, dataset: Dataset, batch_size: int) -> Callable[[], None]:
    """One step of the script, for the variant's own networks."""
    generator, discriminator = variant.generator, variant.discriminator
    g_optim = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optim = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    loader = DataLoader(PILImages(dataset), batch_size=batch_size, shuffle=True, drop_last=True)
    valid, invalid = torch.ones(batch_size), torch.zeros(batch_size)

    def endless() -> Iterator[Tensor]:
        while True:
            yield from loader

    batches = endless()
    log = []

    def step() -> None:
        real = next(batches)
        g_optim.zero_grad()
        fake = generator(torch.randn(batch_size, variant.config.latent_dim))
        g_loss = binary_cross_entropy_with_logits(discriminator(fake), valid)
        g_loss.backward()
        g_optim.step()

        d_optim.zero_grad()
        fake = generator(torch.randn(batch_size, variant.config.latent_dim)).detach()
        d_loss = binary_cross_entropy_with_logits(discriminator(real), valid)
        d_loss = d_loss + binary_cross_entropy_with_logits(discriminator(fake), invalid)
        d_loss.backward()
        d_optim.step()
        log.append((g_loss.item(), d_loss.item()))

    return step
