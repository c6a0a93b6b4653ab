"""How evenly images change along a path in w (Karras et al. 2019, section 4.1)."""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor

from ganzoo.draws import seeded
from ganzoo.metrics.evaluator import SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import LOWER, Score, ScoreKind
from ganzoo_stylegan.stylegan2 import StyleGAN2
from ganzoo_stylegan.synthesis import StyleGenerator

STEP = 1e-4
"""ε: of the way from one w to another."""
MOST, CHUNK = 2000, 100
"""Paths, and how many at once."""


class PathLength(Evaluator):
    """E[d(g(w), g(w + ε(w' - w)))] / ε², w anywhere between two; d is of pixels, not perceptual."""

    scores = (ScoreKind("w_path_length", LOWER, "mean square change of pixels along a path in w"),)
    looks_at = frozenset({SAMPLES})

    def suits(self, exam: Exam) -> bool:
        return isinstance(exam.variant, StyleGAN2)

    def usual(self, exam: Exam) -> bool:
        return False

    @torch.no_grad()
    def judge(self, exam: Exam) -> Iterable[Score]:
        variant = exam.variant
        assert isinstance(variant, StyleGAN2)
        n = min(exam.n, MOST)
        # In float64, as two images a ten-thousandth of the way apart are nearly equal.
        generator = copy.deepcopy(variant.generator).double().eval()
        with seeded(exam.ground.seed, exam.ground.device):
            lengths = [
                squared_lengths(generator, *(variant.sample_latent(CHUNK) for _ in range(2)))
                for _ in range(-(-n // CHUNK))
            ]
        (kind,) = self.scores
        yield kind.of(torch.cat(lengths)[:n].mean().item())


def squared_lengths(generator: StyleGenerator, one: Tensor, other: Tensor) -> Tensor:
    """Of one path for each pair of latents (n, latent_dim), float64 (n,)."""
    begin, end = (generator.mapping(latent.double()) for latent in (one, other))
    at = torch.rand(len(begin), 1, dtype=begin.dtype, device=begin.device)
    here, there = (
        generator.synthesis(
            torch.lerp(begin, end, share)[:, None].expand(-1, generator.synthesis.layers, -1)
        )
        for share in (at, at + STEP)
    )
    lengths: Tensor = (there - here).square().flatten(1).mean(1) / STEP**2
    return lengths


path_length = PathLength()
