"""What a plugin registers, and what a variant is told about its data: plain dataclasses, no torch.

A spec names its code by a string, ``"package.module:attribute"``, which is imported only by the
commands that train, sample or measure.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

API = 1
"""The version of the plugin interface; a spec built for another one is listed, not loaded."""

MADE, DOWNLOADED, FILES = SOURCES = ("made on the spot", "downloaded", "your files")
"""Where data sets come from."""


@dataclass(frozen=True)
class VariantSpec:
    """A GAN that ``ganzoo train NAME`` can train."""

    name: str
    """What the user types, in lower case: ``wgan-gp``."""
    target: str
    """Where the `ganzoo.Variant` subclass is: ``"ganzoo_dcgan.variant:DCGAN"``."""
    title: str
    """The paper's title."""
    year: int
    """The paper's year."""
    paper: str = ""
    """A link to the paper."""
    needs: str = "images"
    """What data it trains on, in a few words for the user: ``"labelled images"``."""
    dataset: str = "glyphs"
    """The data set for a user who names none: one that is made on the spot."""
    api: int = API
    """The plugin interface that it was built for."""


@dataclass(frozen=True)
class DatasetSpec:
    """A source of data that ``--dataset NAME`` can name."""

    name: str
    """What the user types, in lower case."""
    target: str
    """Where the loader is, a function ``(DataRequest) -> Dataset`` (see `ganzoo.data`)."""
    title: str
    """What it holds, in a few words."""
    shape: str
    """Its shape for the user, ``"1x28x28"`` or ``"any size"``."""
    classes: int = 0
    """How many labels; 0 where it has none or where that depends on the files."""
    source: str = MADE
    """Where it comes from: one of `SOURCES`."""
    api: int = API
    """The plugin interface that it was built for."""


@dataclass(frozen=True)
class LossSpec:
    """An adversarial loss that ``--loss NAME`` can name."""

    name: str
    """What the user types, in lower case."""
    target: str
    """Where the `ganzoo.losses.AdversarialLoss` is."""
    title: str
    """What it is, in a few words."""
    paper: str = ""
    """A link to the paper."""
    api: int = API
    """The plugin interface that it was built for."""


@dataclass(frozen=True)
class DataSpec:
    """What a variant is told about the data that it will be trained on."""

    shape: tuple[int, ...]
    """Of one sample: (channels, height, width) of an image, (dimensions,) of a point."""
    classes: int = 0
    """How many labels; 0: unlabelled."""
    name: str = "data"
    """The data set's name, for error messages."""
    domains: int = 1
    """2: two unpaired sets of samples of this shape."""

    @property
    def is_image(self) -> bool:
        """Whether a sample is an image with values in [-1, 1], and not a point."""
        return len(self.shape) == 3

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))


def resolve(target: str) -> Any:
    """Import what ``"package.module:attribute"`` names.

    Raises:
        ImportError: the module or the attribute does not exist.
        ValueError: `target` is not of that form.
    """
    module, colon, attribute = target.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"'{target}' is not of the form 'package.module:attribute'")
    try:
        return getattr(import_module(module), attribute)
    except AttributeError as error:
        raise ImportError(f"module '{module}' has no '{attribute}'") from error
