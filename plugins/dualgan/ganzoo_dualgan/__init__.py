"""DualGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `dualgan`."""
    return [
        VariantSpec(
            name="dualgan",
            target="ganzoo_dualgan.variant:DualGAN",
            title="DualGAN: Unsupervised Dual Learning for Image-to-Image Translation",
            year=2017,
            paper="https://arxiv.org/abs/1704.02510",
            needs=((Need(("image",), "a"),), (Need(("image",), "b"),)),
        )
    ]
