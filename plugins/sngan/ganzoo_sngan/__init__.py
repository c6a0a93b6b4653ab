"""GANs with spectral normalisation, on one ResNet, as a ganzoo plugin."""

from ganzoo import Advice, Need, VariantSpec, hookimpl

IMAGES = Need(("image",), of="4 to 7 pixels, doubled once or more")
LABELS = Need(("label",))


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `sngan`, and those that are told the class."""
    return [
        VariantSpec(
            name="sngan",
            target="ganzoo_sngan.sngan:SNGAN",
            title="Spectral Normalization for Generative Adversarial Networks",
            year=2018,
            paper="https://arxiv.org/abs/1802.05957",
            needs=((IMAGES,),),
            advice=Advice(
                "because its D is held by its weights alone, which takes no second derivative",
                least=2000,
            ),
        ),
        VariantSpec(
            name="projgan",
            target="ganzoo_sngan.projgan:ProjectionGAN",
            title="cGANs with Projection Discriminator",
            year=2018,
            paper="https://arxiv.org/abs/1802.05637",
            needs=((IMAGES, LABELS),),
            advice=Advice(
                "because its D compares each image with its class, which samples keep to", least=500
            ),
        ),
        VariantSpec(
            name="acgan",
            target="ganzoo_sngan.acgan:ACGAN",
            title="Conditional Image Synthesis with Auxiliary Classifier GANs",
            year=2017,
            paper="https://arxiv.org/abs/1610.09585",
            needs=((IMAGES, LABELS),),
        ),
        VariantSpec(
            name="sagan",
            target="ganzoo_sngan.sagan:SAGAN",
            title="Self-Attention Generative Adversarial Networks",
            year=2019,
            paper="https://arxiv.org/abs/1805.08318",
            needs=((IMAGES, LABELS),),
        ),
        VariantSpec(
            name="biggan",
            target="ganzoo_sngan.biggan:BigGAN",
            title="Large Scale GAN Training for High Fidelity Natural Image Synthesis",
            year=2019,
            paper="https://arxiv.org/abs/1809.11096",
            needs=((IMAGES, LABELS),),
        ),
    ]
