"""R3GAN as a ganzoo plugin."""

from ganzoo import Advice, Need, VariantSpec, hookimpl

PAPER = "https://arxiv.org/abs/2501.05441"
TITLE = "The GAN is dead; long live the GAN! A Modern GAN Baseline"
ADVICE = Advice(
    "because its game converges, on data of any kind, without tricks that would have to be tuned",
    least=5000,
)
SIDES = "4 to 7 pixels, doubled any number of times"


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `r3gan`, and `r3gan-cond`, whose samples are of a class that one asks for."""
    return [
        VariantSpec(
            name="r3gan",
            target="ganzoo_r3gan.variant:R3GAN",
            title=TITLE,
            year=2024,
            paper=PAPER,
            needs=((Need(("image",), of=SIDES),),),
            advice=ADVICE,
        ),
        VariantSpec(
            name="r3gan-cond",
            target="ganzoo_r3gan.variant:ConditionalR3GAN",
            title=TITLE,
            year=2024,
            paper=PAPER,
            needs=((Need(("image",), of=SIDES), Need(("label",))),),
            advice=ADVICE,
        ),
    ]
