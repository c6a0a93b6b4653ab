"""InfoGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `infogan`."""
    return [
        VariantSpec(
            name="infogan",
            target="ganzoo_infogan.variant:InfoGAN",
            title="InfoGAN: Interpretable Representation Learning by Information Maximizing GANs",
            year=2016,
            paper="https://arxiv.org/abs/1606.03657",
            needs=((Need(("image",), of="28 to 128 pixels"),),),
        )
    ]
