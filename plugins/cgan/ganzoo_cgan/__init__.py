"""CGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `cgan`."""
    return [
        VariantSpec(
            name="cgan",
            target="ganzoo_cgan.variant:CGAN",
            title="Conditional Generative Adversarial Nets",
            year=2014,
            paper="https://arxiv.org/abs/1411.1784",
            needs=((Need(("image", "point")), Need(("label",))),),
        )
    ]
