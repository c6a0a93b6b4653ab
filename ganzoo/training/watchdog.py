"""Notices that a training collapses or diverges, and says in words what that means.

It reads what is logged anyway, on the host, and knows no variant: what a number means is told by
its name in `Batch.metrics`, which is the convention for whoever writes a variant.

- ``<phase>_loss``: what a phase minimises; any scale.
- ``real<x>_score`` and ``fake<x>_score``, for any ``<x>``: D's mean verdict on real samples and on
  fakes, a probability or a logit: `Variant.scores` says what it means.
- ``<x>gradient_penalty``: how far gradient norms are from the 1 at which they are held, as the mean
  square (||∇f|| - 1)², without its weight.

Every threshold is far from what healthy trainings of all variants of the zoo show, because a false
alarm costs more trust than a late one. One look that is well ends a sign, and the same is not said
again before all has been well for as long as it took to be noticed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from math import exp, inf, isfinite, log

import torch
from torch import Tensor

from ganzoo.losses import PROBABILITIES, Scores
from ganzoo.runs.logged import CLASS_DIVERSITY, COPIES, DIVERSITY, QUALITY
from ganzoo.training import words

LASTING_STEPS, LASTING_RECORDS = 300, 10
"""How long a sign must last: the first steps of a DCGAN, in which D always wins, are fewer; and in
how many records in a row, as with a rare --log-every a single one proves nothing."""
LASTING_EVALUATIONS = 3
"""How often in a row samples must look bad: GANs swing, and mostly swing back."""
BEGINNING, BEGINNING_STEPS = 0.25, 1000
"""The part of a training, and the iterations, in which samples may still be all the same: those
of a WGAN-GP are for 400."""

SEPARATION, WON = 0.98, 0.05
"""Between the verdicts on real and fake, and the loss, of a D that has won: 99 % against 1 %, which
is a cross-entropy of 0.02. A healthy DCGAN's are at most 0.95, 0.05 and 0.1 for long."""
EXTREME = 0.01
"""A verdict this close to 0 or 1 on all samples, real and fake, distinguishes nothing, if it costs
what such an error costs: relativistic verdicts, of which only the difference means something, may
be as extreme without it."""
HOPELESS, GROWTH = 4.6, 1.5
"""The loss -log(0.01) of a G whose samples are believed with 1 %, and by how much it grows within
the steps that a sign lasts, where no verdicts are logged."""
UNCHANGED = 1e-6
"""The relative change of a loss below which nothing has moved: each batch alone causes more."""
RUNAWAY = 1000.0
"""Times as large as in the beginning, or as 1, are only losses of players who outbid each other:
the offset of a WGAN-GP's critic, which nothing holds, wanders by some tens."""
PENALTY = 0.9
"""A flat critic, without any gradient, has a penalty of 1; one with norms above 2, a larger one."""
CLASSES = 0.5
"""Share of the classes of the data, counted as exp(entropy), that samples must show."""
RECALL = 0.05
"""Share of the data that samples must come close to."""
DISTANCE = 0.25
"""Between samples, relative to the data: 0.4 is a healthy dip of a young WGAN, 1 the goal."""
WORSE, NOISE = 2.0, 0.02
"""Times as bad as the best, and by more than this share of what the training has gained since its
worst: a distance near 0 doubles by chance."""

COPIED = 0.1
"""Share of the samples that copy a training image: of images that were held out it is about 0."""
COPYING = f"{QUALITY}memorised", f"{QUALITY}copied", COPIES
"""What tells it."""


class Watchdog:
    """Takes in the records of a training, in order, and tells what begins to go wrong.

    Args:
        steps: how many iterations the training has.
        class_entropy: of the labels of the data, in nats; None where there are none.
        criterion: the quality that decides which checkpoint is the best; empty: none.
        better: whether ``"lower"`` or ``"higher"`` is better.
        scores: what the verdicts mean.
    """

    def __init__(
        self,
        steps: int,
        *,
        scores: Scores = PROBABILITIES,
        class_entropy: float | None = None,
        criterion: str = "",
        better: str = "lower",
    ) -> None:
        self._mature = max(BEGINNING * steps, BEGINNING_STEPS)
        self._class_entropy, self._scores = class_entropy, scores
        self._criterion, self._sign = QUALITY + criterion, 1 if better == "lower" else -1
        self._alarms: dict[str, _Alarm] = {}
        self._before: dict[str, float] = {}
        self._first: dict[str, list[float]] = {}
        self._recent: dict[str, deque[tuple[int, float]]] = {}
        self._well: set[str] = set()
        self._best, self._best_step, self._worst = inf, 0, -inf

    @property
    def ongoing(self) -> list[str]:
        """The sentences of what has begun to go wrong and is not well again."""
        return [alarm.sentence for alarm in self._alarms.values() if alarm.sentence is not None]

    def see(self, record: Mapping[str, float]) -> list[str]:
        """Take in a record: ``step`` and values by name.

        Returns:
            A sentence for each thing that has begun to go wrong: what, and what may help.
        """
        step = int(record["step"])
        sentences = []
        losses = {name: value for name, value in record.items() if name.endswith("_loss")}
        for looks, signs in (
            (LASTING_RECORDS, self._in_losses(step, losses, record)),
            (LASTING_RECORDS, _in_penalties(record)),
            (LASTING_EVALUATIONS, self._in_samples(step, record)),
        ):
            for sign, sentence in signs:
                alarm = self._alarms.setdefault(sign, _Alarm(looks))
                if alarm.begins(step, sentence) and sentence is not None:
                    sentences.append(sentence)
        return sentences

    def _in_losses(
        self, step: int, losses: dict[str, float], record: Mapping[str, float]
    ) -> Iterator[tuple[str, str | None]]:
        """Signs, each with a sentence where it is seen."""
        if not losses:
            return
        least = min(losses, key=lambda name: abs(losses[name]))
        verdicts = [name for name in record if name.startswith("real") and name.endswith("_score")]
        for real in verdicts:
            fake = f"fake{real[4:]}"
            if fake in record:
                gap = self._scores.sign * (record[real] - record[fake])
                won = gap >= SEPARATION and abs(losses[least]) <= WON
                yield f"won {real}", words.won(record, real, fake) if won else None
                cost = _cost_of_blindness(record[real], record[fake], self._scores)
                blind = max(losses.values()) >= cost
                yield f"blind {real}", words.blind(record, real) if blind else None
        if not verdicts:
            growing = [
                name
                for name, value in losses.items()
                if value >= HOPELESS and value >= GROWTH * self._ago(name, step, value)
            ]
            starved = growing and abs(losses[least]) <= WON
            yield "starved", words.starved(growing[0], least) if starved else None

        known = [name for name in losses if name in self._before]
        moved = [
            name
            for name in known
            if abs(losses[name] - self._before[name]) > UNCHANGED * abs(losses[name])
        ]
        self._before |= losses
        yield "frozen", words.frozen(losses) if known and not moved else None

        for name, value in losses.items():
            first = self._first.setdefault(name, [])
            if len(first) < LASTING_RECORDS:
                first.append(abs(value))
            fled = abs(value) > RUNAWAY * max(1.0, min(first))
            yield f"runaway {name}", words.fled(name, value, RUNAWAY) if fled else None

    def _ago(self, name: str, step: int, value: float) -> float:
        """What a loss was before the steps that a sign lasts; infinite, where that is unknown."""
        recent = self._recent.setdefault(name, deque())
        recent.append((step, value))
        while len(recent) > 1 and recent[1][0] <= step - LASTING_STEPS:
            recent.popleft()
        return recent[0][1] if recent[0][0] <= step - LASTING_STEPS else inf

    def _in_samples(
        self, step: int, record: Mapping[str, float]
    ) -> Iterator[tuple[str, str | None]]:
        """Signs in what is measured of samples, each with a sentence where it is seen."""
        entropy, recall = f"{QUALITY}class_entropy", f"{QUALITY}recall"
        copying = [name for name in COPYING if name in record]
        if entropy in record and self._class_entropy is not None:
            shown, there = exp(record[entropy]), exp(self._class_entropy)
            low = self._is_low(entropy, step, shown < CLASSES * there)
            yield entropy, words.few_classes(shown, there) if low else None
        if recall in record:
            low = self._is_low(recall, step, record[recall] < RECALL)
            yield recall, words.low_recall(record[recall]) if low else None
        if copying:
            most = max(copying, key=lambda name: record[name])
            many = record[most] >= COPIED
            yield "copies", words.copied(record[most], most) if many else None
        for name, sentence in ((DIVERSITY, words.alike), (CLASS_DIVERSITY, words.alike_in_classes)):
            if name in record:
                low = self._is_low(name, step, record[name] < DISTANCE)
                yield name, sentence(record[name]) if low else None
        if isfinite(record.get(self._criterion, inf)):
            value = self._sign * record[self._criterion]  # less is better
            if value < self._best:
                self._best, self._best_step = value, step
            self._worst = max(self._worst, value)
            lost = value - self._best
            doubled = value > WORSE * self._best if self._sign > 0 else WORSE * value > self._best
            noticeable = lost > NOISE * (self._worst - self._best)
            yield "worse", self._worse(record) if doubled and noticeable else None

    def _is_low(self, name: str, step: int, low: bool) -> bool:
        """Whether a low value is a sign: it was not low once, or it is late for that."""
        if not low:
            self._well.add(name)
        return low and (name in self._well or step >= self._mature)

    def _worse(self, record: Mapping[str, float]) -> str:
        name, best = self._criterion.removeprefix(QUALITY), self._sign * self._best
        return (
            f"the quality is lost: {name} {record[self._criterion]:.4g} is less than half as good "
            f"as the {best:.4g} of step {self._best_step:,}: more steps hardly bring it back, a "
            "smaller --lr may"
        )


class _Alarm:
    """Begins when a sign has lasted, and ends when it has been gone for as long.

    Args:
        looks: in how many in a row the sign must be seen, over `LASTING_STEPS` at least.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._since = self._differing = 0
        self.sentence: str | None = None
        """With which it began; None: it is off."""

    def begins(self, step: int, sentence: str | None) -> bool:
        """Whether it begins with this look, at which a sign is seen if there is a sentence."""
        if (sentence is None) == (self.sentence is None):
            self._differing = 0
            return False
        if not self._differing:
            self._since = step
        self._differing += 1
        if self._differing < self._looks or step - self._since < LASTING_STEPS:
            return False
        self.sentence, self._differing = sentence, 0
        return sentence is not None


def label_entropy(labels: Tensor) -> float:
    """The entropy of the frequencies of labels, int64 (n,), in nats."""
    counts = torch.bincount(labels).double()
    entropy: float = torch.special.entr(counts / counts.sum()).sum().item()
    return entropy


def _in_penalties(record: Mapping[str, float]) -> Iterator[tuple[str, str | None]]:
    for name, value in record.items():
        if name.endswith("gradient_penalty"):
            yield f"penalty {name}", words.unheld(name, value) if value >= PENALTY else None


def _cost_of_blindness(real: float, fake: float, scores: Scores) -> float:
    """The least cross-entropy of a D that says the same of all; infinite, where it does not."""
    if scores.undecided is None:
        return inf
    real, fake = scores.belief(real), scores.belief(fake)
    if max(abs(real), abs(fake)) <= EXTREME:
        return -log(max(real, 1e-38))
    if max(abs(1 - real), abs(1 - fake)) <= EXTREME:
        return -log(max(1 - fake, 1e-7))  # 1 - fake in float32
    return inf
