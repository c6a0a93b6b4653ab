"""Training Generative Adversarial Networks with Limited Data (Karras et al. 2020): ADA."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import DataSpec, GanzooError, option
from ganzoo.engine.distributed import process_count
from ganzoo_augmentations.images import OfImages
from ganzoo_augmentations.resampling import REACH, Transform

_UPDATES = 4
"""Of D, between two moves of p."""
CUTOUT = 0.5
"""Of height and width, which the rectangle that is cut out has."""


@dataclass(frozen=True)
class ADAConfig:
    """What happens to images, and how often."""

    p: float = option(0.0, "probability of each change, to begin with", minimum=0, maximum=1)
    target: float = option(
        0.6, "r, at which p is held; 0: p stays what it is", minimum=0, maximum=0.9999
    )
    images: int = option(500_000, "samples of the data in which p goes from 0 to 1", minimum=1)
    pipe: str = option(
        "bgc",
        "blits, geometry, colours and cutouts (u), or more of them",
        choices=("b", "g", "c", "u", "bg", "bgc", "bgcu"),
    )
    colours: float = option(
        1.0, "by which p is multiplied for colours; half in R3GAN's code", minimum=0, maximum=1
    )


class ADA(OfImages):
    """Each change happens to each image with the probability p, which adapts to how D overfits.

    r = E[sign D(x)] over the last four updates of D, D(x) being the logit: 0 where D cannot tell,
    1 where it takes all samples of the data for real. p rises where r is above the target, and
    falls where it is below, as fast as the samples pass. Draws are in the order of the authors'
    code (NVlabs/stylegan2-ada-pytorch), and so is what is done with them, but that images are
    reflected after they are made finer, where that code pads as much as the batch needs: a number
    read on the host. p has a ceiling of 1, where theirs may rise on.
    """

    Config = ADAConfig
    name = "ada"
    p: Tensor
    signs: Tensor
    seen: Tensor
    updates: Tensor

    def __init__(self, config: ADAConfig) -> None:
        super().__init__(config)
        self.target, self.images = config.target, config.images
        self.pipe, self.colours = config.pipe, config.colours
        self.observes = config.target > 0
        self.transform = Transform()
        self.register_buffer("p", torch.tensor(config.p))
        for name in ("signs", "seen", "updates"):
            self.register_buffer(name, torch.zeros(()))

    def check(self, data: DataSpec) -> None:
        super().check(data)
        if min(data.shape[1:]) <= REACH:
            raise GanzooError(
                f"--augment ada needs images of more than {REACH} pixels a side, and those of "
                f"'{data.name}' are {data}: use translation,cutout"
            )

    def observe(self, certainty: Tensor) -> dict[str, Tensor]:
        r = certainty.float().sign().mean()
        many = len(certainty) * process_count()  # which see as many each, and average what is kept
        self.signs.add_(r * many)
        self.seen.add_(many)
        return {"ada_p": self.p.clone(), "ada_r": r}

    def adapt(self) -> None:
        self.updates.add_(1)
        r = self.signs / self.seen
        due = self.updates >= _UPDATES
        step = (r - self.target).sign() * self.seen / self.images
        self.p.copy_(torch.where(due, (self.p + step).clamp(0, 1), self.p))
        for counted in (self.signs, self.seen, self.updates):
            counted.copy_(torch.where(due, 0, counted))

    def forward(self, sample: Tensor) -> Tensor:
        image = sample
        if "b" in self.pipe or "g" in self.pipe:
            image = self.transform(image, self._places(image))
        if "c" in self.pipe and sample.shape[1] in (1, 3):  # colours of other images are unknown
            image = self._recoloured(image)
        if "u" in self.pipe:
            image = image * self._left(image)
        return image

    def _places(self, image: Tensor) -> Tensor:
        """From places in the result to places in the image, (n, 3, 3)."""
        n, _, height, width = image.shape
        draw = _Draws(n, image.device, self.p)
        places = torch.eye(3, device=image.device).expand(n, 3, 3)
        if "b" in self.pipe:
            side = 1 - 2 * draw.choice(2)
            places = places @ _scaling(side, torch.ones_like(side))
            places = places @ _rotation(math.pi / 2 * draw.choice(4))
            shift = draw.sometimes((draw.uniform(2) * 2 - 1) * 0.125, 0)
            x, y = shift.unbind(1)
            places = places @ _translation(-(x * width).round(), -(y * height).round())
        if "g" in self.pipe:
            # Either rotation happens with such a probability that one of both does with p.
            turned = 1 - (1 - self.p).clamp(0, 1).sqrt()
            scale = draw.sometimes(draw.power_of_2(0.2), 1)
            places = places @ _scaling(1 / scale, 1 / scale)
            angle = draw.sometimes((draw.uniform() * 2 - 1) * math.pi, 0, turned)
            places = places @ _rotation(angle)
            ratio = draw.sometimes(draw.power_of_2(0.2), 1)
            places = places @ _scaling(1 / ratio, ratio)
            angle = draw.sometimes((draw.uniform() * 2 - 1) * math.pi, 0, turned)
            places = places @ _rotation(angle)
            shift = draw.sometimes(draw.normal(2) * 0.125, 0)
            x, y = shift.unbind(1)
            places = places @ _translation(-x * width, -y * height)
        return places

    def _recoloured(self, image: Tensor) -> Tensor:
        """Colours, of which each is a vector, mapped by one affine map an image."""
        n, channels, _, _ = image.shape
        draw = _Draws(n, image.device, self.colours * self.p)
        eye = torch.eye(3, device=image.device)
        grey = torch.full((3, 3), 1 / 3, device=image.device)  # the projection on the luma axis
        brightness = draw.sometimes(draw.normal() * 0.2, 0)
        contrast = draw.sometimes(draw.power_of_2(0.5), 1)
        mapped = contrast[:, None, None] * eye
        offset = contrast * brightness
        flip = draw.choice(2)[:, None, None]
        mapped, offset = (eye - 2 * grey * flip) @ mapped, offset * (1 - 2 * flip[:, 0, 0])
        if channels == 3:
            angle = draw.sometimes((draw.uniform() * 2 - 1) * math.pi, 0)
            mapped = _hue(angle, eye, grey) @ mapped
            saturation = draw.sometimes(draw.power_of_2(1.0), 1)[:, None, None]
            mapped = (grey + (eye - grey) * saturation) @ mapped
            mapped, flat = mapped.to(image.dtype), image.flatten(2)
            return (mapped @ flat + offset[:, None, None].to(image.dtype)).view_as(image)
        factor = mapped.mean(1).sum(1)
        return image * factor.view(n, 1, 1, 1).to(image.dtype) + offset.view(n, 1, 1, 1)

    def _left(self, image: Tensor) -> Tensor:
        """Which pixels are not cut out, boolean (n, 1, height, width)."""
        n, _, *sides = image.shape
        draw = _Draws(n, image.device, self.p)
        size = draw.sometimes(torch.full((n,), CUTOUT, device=image.device), 0)
        outside = []
        for side, centre in zip(sides, draw.uniform(2).flip(1).unbind(1), strict=True):
            place = (torch.arange(side, device=image.device) + 0.5) / side
            outside.append((place - centre[:, None]).abs() >= size[:, None] / 2)
        rows, columns = outside
        return rows[:, None, :, None] | columns[:, None, None, :]


class _Draws:
    """Random numbers for each of n images.

    Args:
        n: how many.
        device: where.
        p: with which probability a change happens to an image.
    """

    def __init__(self, n: int, device: torch.device, p: Tensor) -> None:
        self._n, self._device, self._p = n, device, p

    def uniform(self, *shape: int) -> Tensor:
        """U[0, 1), (n, *shape)."""
        return torch.rand(self._n, *shape, device=self._device)

    def normal(self, *shape: int) -> Tensor:
        """N(0, 1), (n, *shape)."""
        return torch.randn(self._n, *shape, device=self._device)

    def power_of_2(self, std: float) -> Tensor:
        """2 to the power of N(0, std²), (n,)."""
        return torch.exp2(self.normal() * std)

    def choice(self, count: int) -> Tensor:
        """One of 0 to count - 1, and 0 where nothing happens, (n,)."""
        return self.sometimes((self.uniform() * count).floor(), 0)

    def sometimes(self, change: Tensor, neutral: float, p: Tensor | None = None) -> Tensor:
        """What was drawn, (n, ...), where it happens, and `neutral` elsewhere."""
        happens = self.uniform(*[1] * (change.dim() - 1)) < (self._p if p is None else p)
        return torch.where(happens, change, neutral)


def _matrix(*rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """(n, 3, 3) of rows of (n,)."""
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix((x, zero, zero), (zero, y, zero), (zero, zero, one))


def _translation(x: Tensor, y: Tensor) -> Tensor:
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix((one, zero, x), (zero, one, y), (zero, zero, one))


def _rotation(angle: Tensor) -> Tensor:
    one, zero, sin, cos = torch.ones_like(angle), torch.zeros_like(angle), angle.sin(), angle.cos()
    return _matrix((cos, -sin, zero), (sin, cos, zero), (zero, zero, one))


def _hue(angle: Tensor, eye: Tensor, grey: Tensor) -> Tensor:
    """Rotations of colours around the luma axis, (n, 3, 3)."""
    cross = (eye.roll(1, 0) - eye.roll(-1, 0)) / math.sqrt(3)
    sin, cos = angle.sin()[:, None, None], angle.cos()[:, None, None]
    return grey + (eye - grey) * cos + cross * sin
