"""FastGAN as a ganzoo plugin."""

from ganzoo import Advice, Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `fastgan`."""
    return [
        VariantSpec(
            name="fastgan",
            target="ganzoo_fastgan.variant:FastGAN",
            title=(
                "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image "
                "Synthesis"
            ),
            year=2021,
            paper="https://arxiv.org/abs/2101.04775",
            needs=((Need(("image",), of="4 to 7 pixels, doubled 2 to 8 times"),),),
            advice=Advice(
                "because its D sees all images augmented, and must be able to make them again, so "
                "that it cannot learn a few hundred of them by heart",
                least=20,
                most=5000,
            ),
        )
    ]
