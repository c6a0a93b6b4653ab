"""Goodfellow's GAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `vanilla`."""
    return [
        VariantSpec(
            name="vanilla",
            target="ganzoo_vanilla.variant:Vanilla",
            title="Generative Adversarial Nets",
            year=2014,
            paper="https://arxiv.org/abs/1406.2661",
            needs=((Need(("image", "point")),),),
        )
    ]
