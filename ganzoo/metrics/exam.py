"""What is judged, and what it is compared with: each part is made when it is first needed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.abilities import can
from ganzoo.data.dataset import Dataset
from ganzoo.draws import seeded
from ganzoo.errors import GanzooError
from ganzoo.metrics.features.attributes import AttributeJudge, load_attribute_judge
from ganzoo.metrics.features.extractor import Extractor, Features
from ganzoo.metrics.features.make import chosen_features, make_extractor
from ganzoo.metrics.form import as_batch, as_stored
from ganzoo.metrics.images.classes import histogram
from ganzoo.metrics.images.images import Images
from ganzoo.metrics.splits import choose, samples_of
from ganzoo.runs.generate import Drawing, Drawn, generate
from ganzoo.spec import Field
from ganzoo.variant import Variant

VALIDATION = 10_000
"""Training images that a measure may choose by; a sixth of them at most."""
CHUNK = 32
"""Real samples that something is made of at once."""


@dataclass(frozen=True)
class Amounts:
    """How many samples there are of each sort, at most."""

    drawn: int
    """From noise."""
    real: int
    """That what is fitted to them, as a Gaussian is, is fitted to."""
    made: int
    """Made of real ones, such as translations."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What samples are compared with, and by what. Nothing of a variant enters it."""

    train: Dataset
    """What was trained on."""
    real: Dataset
    """What samples should be like: the test split; while a training goes on, the training split."""
    native: tuple[Dataset, Dataset]
    """The training and the test split at their own size, at which an extractor learns."""
    amounts: Amounts
    device: torch.device
    """Where samples and features are computed."""
    seed: int
    """Of the latents, and of the choice of real samples."""
    extractors: str
    """By what images are compared, as ``--features`` takes it."""
    report: Callable[[str], None]
    """Is told what happens."""
    content: str = ""
    """Digits that tell `real` from other samples of that name, where the name does not."""

    @property
    def in_training(self) -> bool:
        """Whether a training goes on, which must see nothing of the test split."""
        return self.real is self.train

    @property
    def extractor(self) -> Extractor:
        """What images are compared by.

        Raises:
            GanzooError: there is none for these data.
        """
        if isinstance(self._extractor, GanzooError):
            raise self._extractor
        return self._extractor

    @property
    def blindness(self) -> str:
        """Why there is no extractor; empty where there is one."""
        return str(self._extractor) if isinstance(self._extractor, GanzooError) else ""

    @cached_property
    def _extractor(self) -> Extractor | GanzooError:
        """It, or why there is none: what takes long, such as a download, is tried once."""
        try:
            return make_extractor(self.extractors, *self.native, self.device, self.report)
        except GanzooError as error:
            return error

    @cached_property
    def judges(self) -> tuple[Extractor, Extractor] | None:
        """An extractor for each of two domains, of one kind; None where one cannot be had."""
        train, test = self.native
        if train.other is None or test.other is None:
            return None
        sides = (train.group(0), test.group(0)), (train.other, test.other)
        try:
            kind = chosen_features(self.extractors, *(side.spec for side, _ in sides))
        except GanzooError:
            return None
        first, second = (make_extractor(kind, *side, self.device, self.report) for side in sides)
        return first, second

    @cached_property
    def attribute_judge(self) -> AttributeJudge:
        """What tells the attributes of images that have some."""
        return load_attribute_judge(*self.native, self.device, self.report)

    def judge_of(self, field: str) -> Extractor:
        """What sees features in images of one of several aligned fields.

        Raises:
            GanzooError: nothing can be had that does.
        """
        if field not in self.judges_of:
            train, test = (each.of_field(field) for each in self.native)
            try:
                self.judges_of[field] = make_extractor(
                    self.extractors, train, test, self.device, self.report
                )
            except GanzooError as error:
                self.judges_of[field] = error
        found = self.judges_of[field]
        if isinstance(found, GanzooError):
            raise found
        return found

    @cached_property
    def judges_of(self) -> dict[str, Extractor | GanzooError]:
        """Those that have been asked for, by field, or why there is none."""
        return {}

    def images(self, pixels: Tensor, labels: Tensor | None = None) -> Images:
        """Images uint8 (n, channels, height, width) as the extractor sees them."""
        return Images(pixels, self._see, samples_of(self.train), labels)

    @cached_property
    def wanted_samples(self) -> Tensor:
        """What samples should be like, as many as there are of them, as a file has them."""
        return choose(self.real, self.amounts.drawn, self.seed)[0]

    @property
    def control_samples(self) -> Tensor:
        """Training samples, if possible as many: what a perfect generator would draw."""
        return samples_of(self.train)[self._parts[0]]

    @cached_property
    def wanted(self) -> Images:
        """`wanted_samples`, which are images."""
        return self.images(*choose(self.real, self.amounts.drawn, self.seed))

    @cached_property
    def many(self) -> Images:
        """The same, but perhaps more of them."""
        if self.amounts.real == self.amounts.drawn:
            return self.wanted
        return self.images(*choose(self.real, self.amounts.real, self.seed))

    @cached_property
    def control(self) -> Images:
        """`control_samples`, which are images."""
        rows, labels = self._parts[0], self.train.fields.get("label")
        return self.images(self.control_samples, None if labels is None else labels[rows])

    @cached_property
    def validation(self) -> Tensor:
        """Training images that are not in `control`, for a measure to choose by."""
        return samples_of(self.train)[self._parts[1]]

    @cached_property
    def frequencies(self) -> Tensor | None:
        """How frequent each class is in the training split: float64 (classes,), or None."""
        labels = self.train.fields.get("label")
        return None if labels is None else histogram(labels, len(self.train.classes))

    @cached_property
    def tells_classes(self) -> bool:
        """Whether the extractor tells the very classes of the data."""
        if self.frequencies is None:
            return False
        found = self.wanted.features.probabilities
        return found is not None and found.shape[1] == len(self.frequencies)

    def _see(self, pixels: Tensor) -> Features:
        return self.extractor(pixels)

    @property
    def _parts(self) -> tuple[Tensor, Tensor]:
        """The rows of training images that are for control, and of those for validation."""
        count = len(self.train)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(self.seed))
        kept = count - min(VALIDATION, count // 6)
        return order[:kept][: self.amounts.drawn], order[kept:]


@dataclass(frozen=True, eq=False)
class Exam:
    """A variant, or samples that any program made, before its ground."""

    ground: Ground
    variant: Variant | None = None
    """In eval mode; None: there are only samples."""
    given: Drawn | None = None
    """Samples that were made already."""
    truncation: float = 1.0
    """ψ of what is drawn: see `ganzoo.Variant.truncated`."""

    def can(self, ability: str) -> bool:
        """Whether there is that ability to judge."""
        if self.variant is None:
            return ability == "sampler"
        return can(self.variant, ability)

    @property
    def kind(self) -> str:
        """Of the data."""
        return self.ground.real.spec.kind

    @property
    def n(self) -> int:
        """How many samples are drawn."""
        return self.ground.amounts.drawn if self.given is None else len(self.given.samples)

    @property
    def made(self) -> int:
        """How many real samples something is made of; of two domains, of each."""
        real = self.ground.real
        there = [len(real)] if real.other is None else [len(real), len(real.other)]
        return min(self.ground.amounts.made, *there)

    @cached_property
    def drawn(self) -> Drawn:
        """Samples as a file has them: of images uint8 (n, channels, height, width)."""
        if self.given is not None:
            return self.given
        assert self.variant is not None
        self.ground.report(f"drawing {self.n:,} samples")
        drawing = Drawing(seed=self.ground.seed, truncation=self.truncation)
        parts = list(generate(self.variant, self.n, drawing))
        samples = torch.cat([part.samples for part in parts])
        labels = [part.labels for part in parts if part.labels is not None]
        stored = as_stored(self.ground.real.spec.sample, samples)
        return Drawn(stored, torch.cat(labels) if labels else None)

    @cached_property
    def images(self) -> Images:
        """The samples, which are images."""
        return self.ground.images(*self.drawn)

    def make(
        self, function: Callable[[Tensor], Tensor], target: Field, source: Field, real: Tensor
    ) -> Tensor:
        """What a variant makes of real samples, a few at a time and by the seed of the exam.

        Args:
            function: of samples as a batch has them, on the device.
            target: what it makes.
            source: what it is given.
            real: that, (n, ...) as a file has it.

        Returns:
            As a file has them, images rounded to 8 bits.
        """
        with torch.no_grad(), seeded(self.ground.seed, self.ground.device):
            return torch.cat(
                [
                    as_stored(target, function(as_batch(source, part, self.ground.device)))
                    for part in torch.split(real, CHUNK)
                ]
            )
