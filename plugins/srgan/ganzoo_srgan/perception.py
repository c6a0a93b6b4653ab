"""VGG19 (Simonyan & Zisserman 2015) up to conv5_4 before its ReLU, if its weights are at hand."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

BLOCKS = (64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4
"""Maps of the convolutions between two poolings."""
FILE = "vgg19-dcbb9e9d.pth"
"""As torchvision calls the weights that were trained on ImageNet."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours in [0, 1], which its inputs are normalised by."""


class VGG(nn.Module):
    """Features of images; of gray ones, as if they were coloured."""

    mean: Tensor
    std: Tensor

    def __init__(self, data: DataSpec) -> None:
        """Load the weights.

        Raises:
            GanzooError: they are not there, or the images are of 4 channels or other than 1 and 3.
        """
        super().__init__()
        if data.shape[0] not in (1, 3):
            raise GanzooError(
                f"--perceptual vgg sees images of 1 or 3 channels, and '{data.name}' has "
                f"{data.shape[0]}: choose --perceptual discriminator"
            )
        layers: list[nn.Module] = []
        maps = 3
        for block in BLOCKS:
            for wider in block:
                layers += [nn.Conv2d(maps, wider, 3, padding=1), nn.ReLU()]
                maps = wider
            layers.append(nn.MaxPool2d(2))
        self.net = nn.Sequential(*layers[:-2])
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        path = Path(torch.hub.get_dir()) / "checkpoints" / FILE
        if not path.is_file():
            raise GanzooError(
                f"--perceptual vgg needs {path}, which torchvision.models.vgg19(weights='DEFAULT') "
                "downloads: do so, or choose --perceptual discriminator"
            )
        saved = torch.load(path, map_location="cpu", weights_only=True)
        self.net.load_state_dict(
            {name: saved[f"features.{name}"] for name in self.net.state_dict()}
        )

    def forward(self, image: Tensor) -> Tensor:
        """Images in [-1, 1] to (n, 512, height / 16, width / 16)."""
        coloured = image.expand(-1, 3, -1, -1)
        features: Tensor = self.net(((coloured + 1) / 2 - self.mean) / self.std)
        return features
