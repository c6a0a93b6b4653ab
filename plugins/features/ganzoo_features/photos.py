"""`photos`: what the network that is shipped with this package sees in images of any kind."""

import hashlib
from functools import cache
from importlib import resources

import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import DataSpec, GanzooError
from ganzoo.artifacts.pixels import to_floats
from ganzoo.metrics.features.extractor import Extractor, Features, with_channels
from ganzoo.metrics.features.source import ExtractorRequest, Source
from ganzoo_features.network import SIDE, WIDTHS, Network

WEIGHTS = "photos.safetensors"
CLASSES = 10
"""That it was trained to tell, of CIFAR-10. They are no features: other images have others."""
CHUNK = 500
"""Images that are looked at together."""


class Photos:
    """An `Extractor`: 320 features, and no classes.

    Images of one channel are taken as gray, those of four are laid on white (see `with_channels`).
    Those of another size are brought to 32x32 pixels, whatever their proportions; nothing finer is
    seen of them.

    Args:
        device: where it computes.

    Raises:
        GanzooError: the package is damaged.
    """

    resizing = f"bilinear, antialiased, to {SIDE}x{SIDE}"

    def __init__(self, device: torch.device) -> None:
        content = _content()
        self.name = f"photos {hashlib.sha256(content).hexdigest()[:12]} of ganzoo-features"
        self._device, network = device, Network(CLASSES)
        try:
            network.load_state_dict(load(content))
        except Exception as error:  # whatever a reader makes of something else
            raise GanzooError(
                f"{WEIGHTS} of ganzoo-features is damaged: `pip install --force-reinstall "
                "ganzoo-features` brings it again"
            ) from error
        self._network = network.eval().to(device).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """The features of images; see `Extractor`."""
        seen = [self._see(chunk.to(self._device)).cpu() for chunk in torch.split(images, CHUNK)]
        return Features(torch.cat(seen) if seen else torch.empty(0, WIDTHS[-1]), None)

    def _see(self, images: Tensor) -> Tensor:
        pixels = to_floats(with_channels(images, 3))
        if pixels.shape[-2:] != (SIDE, SIDE):
            pixels = interpolate(pixels, size=(SIDE, SIDE), mode="bilinear", antialias=True)
        features: Tensor
        features, _ = self._network(pixels.contiguous(memory_format=torch.channels_last))
        return features


class _Source(Source):
    def lacks(self, data: DataSpec) -> str:
        return "" if data.is_image else "sees images alone"

    def make(self, request: ExtractorRequest) -> Extractor:
        return Photos(request.device)


photos = _Source()


@cache
def _content() -> bytes:
    return (resources.files("ganzoo_features") / WEIGHTS).read_bytes()
