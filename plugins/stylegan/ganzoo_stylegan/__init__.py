"""StyleGAN2 and ProGAN as a ganzoo plugin."""

from ganzoo import Advice, DatasetSpec, EvaluatorSpec, Need, VariantSpec, hookimpl

SIDES = "4 to 7 pixels, doubled any number of times"


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `progan` and `stylegan2`."""
    return [
        VariantSpec(
            name="progan",
            target="ganzoo_stylegan.progan:ProGAN",
            title="Progressive Growing of GANs for Improved Quality, Stability, and Variation",
            year=2018,
            paper="https://arxiv.org/abs/1710.10196",
            needs=((Need(("image",), of=SIDES),),),
        ),
        VariantSpec(
            name="stylegan2",
            target="ganzoo_stylegan.stylegan2:StyleGAN2",
            title="Analyzing and Improving the Image Quality of StyleGAN",
            year=2020,
            paper="https://arxiv.org/abs/1912.04958",
            needs=((Need(("image",), of=SIDES),),),
            advice=Advice(
                "because what holds its D and G is due now and then alone, and --truncation trades "
                "variety for quality when samples are drawn",
                least=2000,
            ),
        ),
    ]


@hookimpl
def ganzoo_register_datasets() -> list[DatasetSpec]:
    """Offer `few-glyphs`."""
    at = "ganzoo_stylegan.few:load"
    return [DatasetSpec("few-glyphs", at, "500 glyphs to train on", "1x28x28", 10)]


@hookimpl
def ganzoo_register_evaluators() -> list[EvaluatorSpec]:
    """Offer `truncation` and `w-path`, both for `stylegan2` alone, where they are named."""
    paper = "https://arxiv.org/abs/1812.04948"
    return [
        EvaluatorSpec(
            "truncation",
            "ganzoo_stylegan.truncation:trade",
            "what --truncation gives and takes",
            paper,
            kinds=("image",),
        ),
        EvaluatorSpec(
            "w-path",
            "ganzoo_stylegan.smoothness:path_length",
            "how evenly images change along paths in w",
            paper,
            kinds=("image",),
        ),
    ]
