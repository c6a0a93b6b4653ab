"""StarGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `stargan`."""
    return [
        VariantSpec(
            name="stargan",
            target="ganzoo_stargan.variant:StarGAN",
            title="StarGAN: Unified Generative Adversarial Networks for Multi-Domain "
            "Image-to-Image Translation",
            year=2018,
            paper="https://arxiv.org/abs/1711.09020",
            needs=((Need(("image",)), Need(("attributes",))),),
        )
    ]
