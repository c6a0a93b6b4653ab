"""A loss as a ganzoo plugin, without torch: `ganzoo list` imports this."""

from ganzoo import LossSpec, hookimpl


@hookimpl
def ganzoo_register_losses() -> list[LossSpec]:
    """Offer `myloss`."""
    return [
        LossSpec(
            name="myloss",
            target="ganzoo_myloss.loss:loss",
            title="Pearson's chi2, Mao et al. 2017",
            paper="https://arxiv.org/abs/1611.04076",
        )
    ]
