"""CoGAN as a ganzoo plugin."""

from ganzoo import EvaluatorSpec, Need, VariantSpec, hookimpl

PAPER = "https://arxiv.org/abs/1606.07536"


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `cogan`."""
    size = "28 to 128 pixels"
    return [
        VariantSpec(
            name="cogan",
            target="ganzoo_cogan.variant:CoGAN",
            title="Coupled Generative Adversarial Networks",
            year=2016,
            paper=PAPER,
            needs=((Need(("image",), "a", of=size),), (Need(("image",), "b", of=size),)),
        )
    ]


@hookimpl
def ganzoo_register_evaluators() -> list[EvaluatorSpec]:
    """Offer `couples`, for `cogan` alone."""
    return [
        EvaluatorSpec(
            "couples",
            "ganzoo_cogan.couples:couples",
            "what both images of a latent have in common",
            PAPER,
            kinds=("image",),
        )
    ]
