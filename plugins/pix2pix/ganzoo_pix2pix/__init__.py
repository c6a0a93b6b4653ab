"""Pix2Pix as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `pix2pix`."""
    return [
        VariantSpec(
            name="pix2pix",
            target="ganzoo_pix2pix.variant:Pix2Pix",
            title="Image-to-Image Translation with Conditional Adversarial Networks",
            year=2017,
            paper="https://arxiv.org/abs/1611.07004",
            needs=((Need(("image",), "source"), Need(("image",), "target")),),
        )
    ]
