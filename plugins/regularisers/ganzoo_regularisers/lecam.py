"""LeCam regularisation (Tseng et al. 2021), for few data: verdicts stay near their averages."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from ganzoo import option
from ganzoo.regularisers import Critic, Regulariser, RegulariserConfig


@dataclass(frozen=True)
class LeCamConfig(RegulariserConfig):
    """λ, and what verdicts are compared with."""

    weight: float = option(0.3, "weight λ: 0.3 in the authors' runs on CIFAR", minimum=0)
    decay: float = option(
        0.99, "decay of the averages of both verdicts, an update of D", minimum=0, maximum=0.9999
    )
    one_sided: bool = option(
        True, "whether verdicts may be beyond the other's average, as in the authors' code"
    )


class LeCam(Regulariser):
    """λ (E[(D(x) - α_F)²] + E[(D(G(z)) - α_R)²]), α_R and α_F being averages of D(x) and D(G(z)).

    So real samples are judged towards what fakes were, and fakes towards what real ones were. That
    is the paper's term; the authors' code (google/lecam-gan) has it one-sided:
    relu(D(x) - α_F)² + relu(α_R - D(G(z)))², which is the default. As in their code for StyleGAN2
    averages begin without bias; they are of the steps before this one, so that the first step has
    no penalty.
    """

    Config = LeCamConfig
    metric = "lecam"
    second_order = False
    real_average: Tensor
    fake_average: Tensor
    seen: Tensor
    """The total weight of what the averages have seen, 0 to 1, by which they are to be divided."""
    sums: Tensor
    """(3,): of the step, D(x) and D(G(z)) summed up, and of how many."""

    def __init__(self, config: LeCamConfig) -> None:
        super().__init__(config, config.weight)
        self.decay, self.one_sided = config.decay, config.one_sided
        for name in ("real_average", "fake_average", "seen"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("sums", torch.zeros(3), persistent=False)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        judged, judged_fake = critic(real), critic(fake)
        total = torch.where(self.seen > 0, self.seen, 1)
        above = judged - self.fake_average / total
        below = self.real_average / total - judged_fake
        if self.one_sided:
            above, below = relu(above), relu(below)
        penalty = above.square().mean() + below.square().mean()
        penalty = torch.where(self.seen > 0, penalty, 0 * penalty)
        with torch.no_grad():
            many = torch.ones_like(judged).sum()
            self.sums.add_(torch.stack([judged.sum(), judged_fake.sum(), many]).to(self.sums))
        return penalty

    def adapt(self) -> None:
        """One more step of D's in the averages."""
        real, fake, many = self.sums
        share = (1 - self.decay) * (many > 0)
        self.real_average.lerp_(real / many.clamp(min=1), share)
        self.fake_average.lerp_(fake / many.clamp(min=1), share)
        self.seen.lerp_(torch.ones_like(self.seen), share)
        self.sums.zero_()
