"""StyleGAN2 and ProGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl

SIDES = "4 to 7 pixels, doubled any number of times"


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `progan` and `stylegan2`."""
    return [
        VariantSpec(
            name="progan",
            target="ganzoo_stylegan.progan:ProGAN",
            title="Progressive Growing of GANs for Improved Quality, Stability, and Variation",
            year=2018,
            paper="https://arxiv.org/abs/1710.10196",
            needs=((Need(("image",), of=SIDES),),),
        ),
        VariantSpec(
            name="stylegan2",
            target="ganzoo_stylegan.stylegan2:StyleGAN2",
            title="Analyzing and Improving the Image Quality of StyleGAN",
            year=2020,
            paper="https://arxiv.org/abs/1912.04958",
            needs=((Need(("image",), of=SIDES),),),
        ),
    ]
