"""What augmentations of images have in common."""

from typing import ClassVar

from ganzoo import DataSpec, GanzooError
from ganzoo.augmentations import SeenAugmentation


class OfImages(SeenAugmentation):
    """An augmentation that refuses other data."""

    name: ClassVar[str]
    """As typed after ``--augment``."""

    def check(self, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError(
                f"--augment {self.name} changes images, and '{data.name}' has none: leave it out"
            )
