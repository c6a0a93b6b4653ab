"""CycleGAN as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `cyclegan`."""
    return [
        VariantSpec(
            name="cyclegan",
            target="ganzoo_cyclegan.variant:CycleGAN",
            title="Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
            year=2017,
            paper="https://arxiv.org/abs/1703.10593",
            needs=((Need(("image",), "a"),), (Need(("image",), "b"),)),
        )
    ]
