"""DiscoGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `discogan`."""
    return [
        VariantSpec(
            name="discogan",
            target="ganzoo_discogan.variant:DiscoGAN",
            title="Learning to Discover Cross-Domain Relations with "
            "Generative Adversarial Networks",
            year=2017,
            paper="https://arxiv.org/abs/1703.05192",
            needs=((Need(("image",), "a"),), (Need(("image",), "b"),)),
        )
    ]
