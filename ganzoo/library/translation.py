"""What a translator is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import pad

from ganzoo.abilities import Direction, Translator, direction_of
from ganzoo.errors import GanzooError, unknown


def chosen_direction(variant: Translator, name: str | None) -> Direction:
    """The direction of that name, or the only one.

    Raises:
        GanzooError: there is none of that name, or several and none is named.
    """
    if name is not None:
        return direction_of(variant, name)
    if len(variant.directions) == 1:
        return variant.directions[0]
    names = " or ".join(direction.name for direction in variant.directions)
    raise GanzooError(f"this run translates in several directions: choose --direction {names}")


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


def at_own_size(
    function: Callable[[Tensor], Tensor], multiple: int, shape: tuple[int, int, int]
) -> Callable[[Tensor], Tensor]:
    """The same for images of any size, which are enlarged by their last pixels meanwhile.

    Args:
        function: of images whose sides are multiples of so many pixels.
        multiple: so many.
        shape: (channels, height, width) of those of the training; none is given smaller ones.
    """

    def translate(images: Tensor) -> Tensor:
        sides = images.shape[2:]
        wanted = [
            -(-max(side, least) // multiple) * multiple
            for side, least in zip(sides, shape[1:], strict=True)
        ]
        below, right = (more - side for more, side in zip(wanted, sides, strict=True))
        made = function(pad(images.float(), (0, right, 0, below), "replicate").to(images.dtype))
        if [*made.shape[2:]] != wanted:
            raise GanzooError(
                "this run's networks make images of another size of those that they are given: "
                "leave out --own-size"
            )
        return made[:, :, : sides[0], : sides[1]]

    return translate
