"""The semi-supervised GAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `sgan`."""
    return [
        VariantSpec(
            name="sgan",
            target="ganzoo_sgan.variant:SGAN",
            title="Semi-Supervised Learning with Generative Adversarial Networks",
            year=2016,
            paper="https://arxiv.org/abs/1606.01583",
            needs=((Need(("image",)), Need(("label",))),),
        )
    ]
