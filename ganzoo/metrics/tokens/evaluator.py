"""Sequences of tokens: whether they are right, new, different, and distributed as the data are."""

from collections.abc import Iterable, Iterator

from torch import Tensor

from ganzoo.metrics.evaluator import CONTROL, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam, Ground
from ganzoo.metrics.score import HIGHER, LOWER, Score, ScoreKind
from ganzoo.metrics.splits import samples_of
from ganzoo.metrics.tokens.grams import distinct, gram_divergence, known

VALID = ScoreKind("valid", HIGHER, "share that the data's own rule accepts", share=True)
KNOWN = ScoreKind("known", "", "share that is a training sample, token by token", share=True)
GRAMS = {
    1: ScoreKind("unigram_js", LOWER, "divergence of the tokens' frequencies, at most ln 2"),
    2: ScoreKind("bigram_js", LOWER, "the same of two tokens in a row"),
    3: ScoreKind("trigram_js", LOWER, "the same of three tokens in a row"),
}
DISTINCT = ScoreKind("distinct", HIGHER, "share of samples that are different", share=True)
DISTINCT_2 = ScoreKind("distinct_2", HIGHER, "the same of two tokens in a row (Li 2016)")


class Tokens(Evaluator):
    """Beside what as many training samples come to; test samples, of whether they are known."""

    scores = (VALID, KNOWN, *GRAMS.values(), DISTINCT, DISTINCT_2)
    looks_at = frozenset({SAMPLES, REAL, CONTROL})
    quick = True
    criterion = "bigram_js"

    def suits(self, exam: Exam) -> bool:
        """Runs of two tokens, of which there must be some, decide what is best."""
        return exam.ground.real.spec.sample.shape[0] >= 2

    def judge(self, exam: Exam) -> Iterable[Score]:
        ground = exam.ground
        controls = dict(_values(ground.control_samples, ground))
        controls[KNOWN] = known(ground.wanted_samples, samples_of(ground.train))
        for kind, value in _values(exam.drawn.samples, ground):
            yield kind.of(value, controls[kind])

    def watch(self, exam: Exam) -> dict[str, float]:
        return {kind.name: value for kind, value in _values(exam.drawn.samples, exam.ground)}


def _values(samples: Tensor, ground: Ground) -> Iterator[tuple[ScoreKind, float]]:
    real, valid = ground.wanted_samples, ground.real.truth.valid
    if valid is not None:
        yield VALID, valid(samples).double().mean().item()
    yield KNOWN, known(samples, samples_of(ground.train))
    for length, kind in GRAMS.items():
        if length <= samples.shape[1]:
            yield kind, gram_divergence(samples, real, length)
    yield DISTINCT, distinct(samples)
    yield DISTINCT_2, distinct(samples, 2)


tokens = Tokens()
