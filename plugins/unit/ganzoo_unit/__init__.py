"""UNIT as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `unit`."""
    return [
        VariantSpec(
            name="unit",
            target="ganzoo_unit.variant:UNIT",
            title="Unsupervised Image-to-Image Translation Networks",
            year=2017,
            paper="https://arxiv.org/abs/1703.00848",
            needs=((Need(("image",), "a"),), (Need(("image",), "b"),)),
        )
    ]
