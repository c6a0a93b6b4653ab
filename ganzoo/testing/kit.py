"""All checks on one variant, data set or loss: for a plugin's tests and for ``ganzoo check``."""

from collections.abc import Callable, Iterator
from pathlib import Path

from ganzoo.config import parse_size
from ganzoo.data.dataset import once
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.plugins.registry import registry
from ganzoo.testing.check import Outcome, Verdict
from ganzoo.testing.datasets.checks import DATASET_CHECKS, DatasetSubject
from ganzoo.testing.evaluators.checks import EVALUATOR_CHECKS, EvaluatorSubject
from ganzoo.testing.executors import EXECUTOR_CHECKS, ExecutorSubject
from ganzoo.testing.extractors import EXTRACTOR_CHECKS, ExtractorSubject
from ganzoo.testing.loggers import LOGGER_CHECKS, LoggerSubject
from ganzoo.testing.losses.checks import LOSS_CHECKS, LossSubject
from ganzoo.testing.parts.checks import AUGMENTATION_CHECKS, REGULARISER_CHECKS, PartSubject
from ganzoo.testing.variants.checks import VARIANT_CHECKS, VariantSubject


class NonConforming(AssertionError):
    """What failed, a line each."""


def variant_verdicts(
    name: str,
    dataset: str | None = None,
    root: Path | None = None,
    image_size: str | None = None,
    pixels: str | None = None,
) -> Iterator[Verdict]:
    """Check an installed variant, one verdict after the other.

    Args:
        name: as typed after ``ganzoo train``.
        dataset: what to play on; None: what its spec names.
        root: the folder of the data set's files; None: the default one.
        image_size: as typed after ``--image-size``, for a variant that is made for images of
            other sizes than the data have; None: the data's own.
        pixels: as typed after ``--pixels``; None: images are read as they are.

    Raises:
        GanzooError: there is no such variant, or it cannot be played on that data set.
    """
    subject = VariantSubject(
        registry().variant(name), dataset, root, parse_size(image_size), parse_pixels(pixels)
    )
    if dataset is not None or image_size is not None:
        subject.require_data()
    return VARIANT_CHECKS.verdicts(subject)


def dataset_verdicts(
    name: str,
    root: Path | None = None,
    pixels: str | None = None,
    report: Callable[[str], None] = lambda message: None,
) -> Iterator[Verdict]:
    """Check an installed data set, one verdict after the other.

    Args:
        name: as typed after ``--dataset``.
        root: the folder of its files; None: the default one.
        pixels: as typed after ``--pixels``; None: images are read as they are.
        report: is told what the set says of the files, each thing once.

    Raises:
        GanzooError: there is no such data set.
    """
    row, wanted = registry().dataset(name), parse_pixels(pixels)
    subject = DatasetSubject(row, root, wanted, once(report))
    return DATASET_CHECKS.verdicts(subject)


def loss_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed loss, one verdict after the other.

    Args:
        name: as typed after ``--loss``.

    Raises:
        GanzooError: there is no such loss.
    """
    return LOSS_CHECKS.verdicts(LossSubject(registry().loss(name)))


def regulariser_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed regulariser, one verdict after the other.

    Args:
        name: as typed after ``--regulariser``.

    Raises:
        GanzooError: there is no such regulariser.
    """
    return REGULARISER_CHECKS.verdicts(PartSubject(registry().regulariser(name)))


def augmentation_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed augmentation, one verdict after the other.

    Args:
        name: as typed after ``--augment``.

    Raises:
        GanzooError: there is no such augmentation.
    """
    return AUGMENTATION_CHECKS.verdicts(PartSubject(registry().augmentation(name)))


def evaluator_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed evaluator, one verdict after the other.

    Args:
        name: as typed after ``--metrics``.

    Raises:
        GanzooError: there is no such evaluator.
    """
    return EVALUATOR_CHECKS.verdicts(EvaluatorSubject(registry().evaluator(name)))


def extractor_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed extractor, one verdict after the other.

    Args:
        name: as typed after ``--features``.

    Raises:
        GanzooError: there is no such extractor.
    """
    return EXTRACTOR_CHECKS.verdicts(ExtractorSubject(registry().extractor(name)))


def logger_verdicts(name: str) -> Iterator[Verdict]:
    """Check an installed logger, one verdict after the other.

    Args:
        name: as typed after ``--log-to``.

    Raises:
        GanzooError: there is no such logger.
    """
    return LOGGER_CHECKS.verdicts(LoggerSubject(registry().logger(name)))


def executor_verdicts(text: str) -> Iterator[Verdict]:
    """Check an installed executor, one verdict after the other.

    Args:
        text: as typed after ``--executor``, with settings.

    Raises:
        GanzooError: there is no such executor.
    """
    name = text.partition("=")[0].rpartition(":")[0] if "=" in text else text
    return EXECUTOR_CHECKS.verdicts(ExecutorSubject(registry().executor(name), text))


def check_variant(
    name: str,
    dataset: str | None = None,
    root: Path | None = None,
    image_size: str | None = None,
    pixels: str | None = None,
) -> None:
    """Check an installed variant; see `variant_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such variant.
    """
    _demand("variant", name, variant_verdicts(name, dataset, root, image_size, pixels))


def check_dataset(name: str, root: Path | None = None, pixels: str | None = None) -> None:
    """Check an installed data set; see `dataset_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such data set.
    """
    _demand("data set", name, dataset_verdicts(name, root, pixels))


def check_loss(name: str) -> None:
    """Check an installed loss; see `loss_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such loss.
    """
    _demand("loss", name, loss_verdicts(name))


def check_regulariser(name: str) -> None:
    """Check an installed regulariser; see `regulariser_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such regulariser.
    """
    _demand("regulariser", name, regulariser_verdicts(name))


def check_augmentation(name: str) -> None:
    """Check an installed augmentation; see `augmentation_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such augmentation.
    """
    _demand("augmentation", name, augmentation_verdicts(name))


def check_evaluator(name: str) -> None:
    """Check an installed evaluator; see `evaluator_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such evaluator.
    """
    _demand("evaluator", name, evaluator_verdicts(name))


def check_extractor(name: str) -> None:
    """Check an installed extractor; see `extractor_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such extractor.
    """
    _demand("extractor", name, extractor_verdicts(name))


def check_logger(name: str) -> None:
    """Check an installed logger; see `logger_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such logger.
    """
    _demand("logger", name, logger_verdicts(name))


def check_executor(text: str) -> None:
    """Check an installed executor; see `executor_verdicts`.

    Raises:
        NonConforming: at least one check failed.
        GanzooError: there is no such executor.
    """
    _demand("executor", text, executor_verdicts(text))


def _demand(kind: str, name: str, verdicts: Iterator[Verdict]) -> None:
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED]
    if failed:
        lines = "".join(f"\n  {verdict.check}: {verdict.message}" for verdict in failed)
        raise NonConforming(f"the {kind} '{name}' fails {len(failed)} checks:{lines}")
