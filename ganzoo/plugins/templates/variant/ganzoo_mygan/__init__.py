"""MyGAN as a ganzoo plugin, without torch: `ganzoo list` imports this."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `mygan`."""
    return [
        VariantSpec(
            name="mygan",
            target="ganzoo_mygan.variant:MyGAN",
            title="Generative Adversarial Nets",  # the paper's; so are the next two
            year=2014,
            paper="https://arxiv.org/abs/1406.2661",
            needs=((Need(("image", "point")),),),
        )
    ]
