"""WGAN and WGAN-GP as a ganzoo plugin."""

from ganzoo import Need, VariantSpec, hookimpl


@hookimpl
def ganzoo_register_variants() -> list[VariantSpec]:
    """Offer `wgan` and `wgan-gp`."""
    needs = ((Need(("image", "point"), of="28 to 128 pixels"),),)
    return [
        VariantSpec(
            name="wgan",
            target="ganzoo_wgan.wgan:WGAN",
            title="Wasserstein GAN",
            year=2017,
            paper="https://arxiv.org/abs/1701.07875",
            needs=needs,
        ),
        VariantSpec(
            name="wgan-gp",
            target="ganzoo_wgan.wgan_gp:WGANGP",
            title="Improved Training of Wasserstein GANs",
            year=2017,
            paper="https://arxiv.org/abs/1704.00028",
            needs=needs,
        ),
    ]
