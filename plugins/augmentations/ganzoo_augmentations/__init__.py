"""More augmentations of what D sees as a ganzoo plugin."""

from ganzoo import AugmentationSpec, hookimpl


@hookimpl
def ganzoo_register_augmentations() -> list[AugmentationSpec]:
    """Offer `colour`, `cutout`, `diffaugment`, which is both and `translation`, and `ada`."""
    at, paper = "ganzoo_augmentations.diffaugment", "https://arxiv.org/abs/2006.10738"
    return [
        AugmentationSpec(
            "colour", f"{at}:Colour", "brightness, saturation, contrast, Zhao et al. 2020", paper
        ),
        AugmentationSpec("cutout", f"{at}:Cutout", "a square of 0, Zhao et al. 2020", paper),
        AugmentationSpec(
            "diffaugment",
            f"{at}:DiffAugment",
            "colour, translation and cutout, Zhao et al. 2020",
            paper,
            for_few=True,
        ),
        AugmentationSpec(
            "ada",
            "ganzoo_augmentations.ada:ADA",
            "as much as D overfits, Karras et al. 2020",
            "https://arxiv.org/abs/2006.06676",
        ),
    ]
