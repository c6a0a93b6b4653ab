"""More adversarial losses as a ganzoo plugin: one for each f-divergence, and two games besides."""

from ganzoo import LossSpec, hookimpl


@hookimpl
def ganzoo_register_losses() -> list[LossSpec]:
    """Offer the f-GANs, `softmax` and `boundary-seeking`."""
    arxiv = "https://arxiv.org/abs/"
    divergences = {
        "kl": ("KL", "KL(data, fakes)"),
        "reverse-kl": ("ReverseKL", "KL(fakes, data)"),
        "pearson": ("Pearson", "Pearson's χ²"),
        "neyman": ("Neyman", "Neyman's χ²"),
        "hellinger": ("SquaredHellinger", "squared Hellinger distance"),
        "jensen-shannon": ("JensenShannon", "Jensen-Shannon divergence"),
    }
    return [
        *(
            LossSpec(
                name,
                f"ganzoo_losses.divergences:{cls}",
                f"f-GAN, Nowozin et al. 2016: {title}",
                f"{arxiv}1606.00709",
            )
            for name, (cls, title) in divergences.items()
        ),
        LossSpec(
            "softmax",
            "ganzoo_losses.softmax:softmax",
            "Softmax GAN, Lin 2017",
            f"{arxiv}1704.06191",
        ),
        LossSpec(
            "boundary-seeking",
            "ganzoo_losses.boundary:boundary_seeking",
            "BGAN, Hjelm et al. 2018",
            f"{arxiv}1702.08431",
        ),
    ]
