"""More terms of D's loss as a ganzoo plugin."""

from ganzoo import RegulariserSpec, hookimpl


@hookimpl
def ganzoo_register_regularisers() -> list[RegulariserSpec]:
    """Offer `dragan`, `wgan-div`, `lecam`, and the three of consistency."""
    at, arxiv = "ganzoo_regularisers", "https://arxiv.org/abs/"
    return [
        RegulariserSpec(
            "dragan",
            f"{at}.gradients:DRAGAN",
            "norms around the data, Kodali et al. 2017",
            f"{arxiv}1705.07215",
        ),
        RegulariserSpec(
            "wgan-div",
            f"{at}.gradients:WGANDiv",
            "powers of norms between both, Wu et al. 2018",
            f"{arxiv}1712.01026",
        ),
        RegulariserSpec(
            "lecam",
            f"{at}.lecam:LeCam",
            "verdicts near their averages, Tseng et al. 2021",
            f"{arxiv}2104.03310",
        ),
        RegulariserSpec(
            "consistency",
            f"{at}.consistency:Consistency",
            "CR: the same verdict on moved data, Zhang et al. 2020",
            f"{arxiv}1910.12027",
        ),
        RegulariserSpec(
            "balanced-consistency",
            f"{at}.consistency:BalancedConsistency",
            "bCR: and on moved fakes, Zhao et al. 2021",
            f"{arxiv}2002.04724",
        ),
        RegulariserSpec(
            "latent-consistency",
            f"{at}.latents:LatentConsistency",
            "zCR: the same verdict on fakes of near latents, which differ, Zhao et al. 2021",
            f"{arxiv}2002.04724",
        ),
    ]
