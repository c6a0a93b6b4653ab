"""DCGAN as a ganzoo plugin."""

from ganzoo import Advice, Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `dcgan`."""
    return [
        VariantSpec(
            name="dcgan",
            target="ganzoo_dcgan.variant:DCGAN",
            title="Unsupervised Representation Learning with Deep Convolutional GANs",
            year=2016,
            paper="https://arxiv.org/abs/1511.06434",
            needs=((Need(("image",), of="28 to 128 pixels"),),),
            advice=Advice("because its networks are small and quick to train", least=2000),
        )
    ]
