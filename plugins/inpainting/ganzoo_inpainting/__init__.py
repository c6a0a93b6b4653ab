"""Context encoders as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `context-encoder`."""
    return [
        VariantSpec(
            name="context-encoder",
            target="ganzoo_inpainting.variant:ContextEncoder",
            title="Context Encoders: Feature Learning by Inpainting",
            year=2016,
            paper="https://arxiv.org/abs/1604.07379",
            needs=((Need(("image",), of="4 to 7 pixels, doubled twice or more"),),),
        )
    ]
