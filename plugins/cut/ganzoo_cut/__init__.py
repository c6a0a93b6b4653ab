"""CUT and FastCUT as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl

TITLE = "Contrastive Learning for Unpaired Image-to-Image Translation"


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `cut` and `fastcut`."""
    return [
        VariantSpec(
            name=name,
            target=f"ganzoo_cut.variant:{attribute}",
            title=TITLE,
            year=2020,
            paper="https://arxiv.org/abs/2007.15651",
            needs=((Need(("image",), "a"),), (Need(("image",), "b"),)),
        )
        for name, attribute in (("cut", "CUT"), ("fastcut", "FastCUT"))
    ]
