"""What the tests of CycleGAN compare with."""

import pytest
import torch
from torch import Tensor


class ListPool:
    """The reference's pool, image by image, with the draws of the tensors'."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor) -> Tensor:
        if self.size == 0:
            return images
        places = torch.randint(self.size, (len(images),))
        coins = torch.rand(len(images))
        given = []
        for image, place, coin in zip(images, places.tolist(), coins.tolist(), strict=True):
            if len(self.images) < self.size:
                self.images.append(image)
                given.append(image)
            elif coin < 0.5:
                given.append(self.images[place])
                self.images[place] = image
            else:
                given.append(image)
        return torch.stack(given)


@pytest.fixture(scope="session")
def list_pool() -> type[ListPool]:
    """A pool to compare with: `ListPool(size).exchange(images)`."""
    return ListPool
