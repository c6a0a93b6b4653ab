"""The history of fakes that D is trained on (Shrivastava et al. 2017; Zhu et al. 2017, section 4).

It is a buffer on the device, filled and drawn from without a read by the host.
"""

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """The fakes of earlier iterations."""

    images: Tensor
    count: Tensor

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        """Hold up to `size` images of the `shape` (channels, height, width); 0: none."""
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, images: Tensor) -> Tensor:
        """Some images in exchange for others, one after the other.

        While there is room an image is stored and given back. After that it is given back with
        probability 1/2, and otherwise stored in the place of a random one, which is given back.

        Args:
            images: (n, channels, height, width).

        Returns:
            As many images.
        """
        n, size = len(images), len(self.images)
        if not size:
            return images
        slots, new = torch.arange(size, device=images.device), torch.arange(n, device=images.device)
        place = self.count + new
        room = place < size
        place = torch.where(room, place, torch.randint(size, (n,), device=images.device))
        swap = ~room & (torch.rand(n, device=images.device) < 0.5)

        # What is in a slot is a number: s for its old content, size + i for image i, so that the
        # latest of those that one batch puts into the same slot is the largest number.
        stored = (place == slots[:, None]) & (room | swap)
        content = torch.where(stored, size + new, slots[:, None])
        content = torch.cat((slots[:, None], content), 1).cummax(1).values
        given = torch.where(swap, content[place, new], size + new)

        candidates = torch.cat((self.images, images))
        self.images.copy_(candidates[content[:, -1]])
        self.count.add_(n).clamp_(max=size)
        return candidates[given]
