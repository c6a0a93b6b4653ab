"""SRGAN and ESRGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl

IMAGES = Need(("image",), of="at least 16 pixels a side")


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `srgan` and `esrgan`."""
    return [
        VariantSpec(
            name="srgan",
            target="ganzoo_srgan.variant:SRGAN",
            title="Photo-Realistic Single Image Super-Resolution Using a GAN",
            year=2017,
            paper="https://arxiv.org/abs/1609.04802",
            needs=((IMAGES,),),
        ),
        VariantSpec(
            name="esrgan",
            target="ganzoo_srgan.variant:ESRGAN",
            title="ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks",
            year=2018,
            paper="https://arxiv.org/abs/1809.00219",
            needs=((IMAGES,),),
        ),
    ]
