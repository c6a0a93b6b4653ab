"""What the watchdog says of what it sees: each a sentence, of what is wrong and what may help."""

from collections.abc import Collection, Mapping

from ganzoo.runs.logged import CLASS_DIVERSITY, COPIES, DIVERSITY, QUALITY


def won(record: Mapping[str, float], real: str, fake: str) -> str:
    """D tells all samples apart."""
    return (
        f"the discriminator has won: it tells all real samples from all fakes ({real} "
        f"{record[real]:.3g}, {fake} {record[fake]:.3g}), which teaches the generator nothing: a "
        "smaller --lr, a larger --batch-size or another --loss may help"
    )


def blind(record: Mapping[str, float], real: str) -> str:
    """D says the same of all."""
    return (
        f"the discriminator says the same of all samples, real and fake ({real} "
        f"{record[real]:.3g}), and the generator learns nothing from it: a smaller --lr may help"
    )


def starved(growing: str, least: str) -> str:
    """One side has won, as far as losses tell."""
    return (
        f"one side has won: {least} is almost 0 while {growing} keeps growing: a smaller --lr, a "
        "larger --batch-size or another loss may help"
    )


def frozen(losses: Mapping[str, float]) -> str:
    """No loss changes."""
    listed = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
    return (
        f"nothing is learned any more: the losses do not change at all ({listed}): a network is "
        "saturated or dead, and a smaller --lr may help"
    )


def fled(name: str, value: float, times: float) -> str:
    """A loss is `times` as large as it was."""
    return (
        f"{name} runs away: {value:.3g} is more than {times:g} times what it was: the players "
        "only outbid each other, and a smaller --lr or another --loss may help"
    )


def unheld(name: str, value: float) -> str:
    """Gradient norms are not near 1."""
    return (
        f"the gradient norm that should be 1 is off by {value**0.5:.2g} ({name} {value:.3g}), so "
        "that what the critic says measures no distance: a smaller --lr or a larger --penalty may "
        "help"
    )


def few_classes(shown: float, there: float) -> str:
    """Classes are missing."""
    return (
        f"mode collapse: the samples show about {shown:.1f} of the {there:.1f} classes of the "
        "data: another --loss or a smaller --lr may help"
    )


def low_recall(recall: float) -> str:
    """Samples vary less than the data: recall alone does not tell collapse from blur."""
    return (
        f"mode collapse, or blur: the samples vary much less than the data (recall {recall:.2g}): "
        "another --loss or a smaller --lr may help"
    )


def alike(ratio: float) -> str:
    """Samples are the same."""
    return (
        f"mode collapse: the samples are almost the same, {ratio:.2g} times as far from each other "
        "as the data are: another --loss or a smaller --lr may help"
    )


def alike_in_classes(ratio: float) -> str:
    """Samples of one class are the same."""
    return (
        "mode collapse: the samples of a class are almost the same, whatever z is, "
        f"{ratio:.2g} times as far from each other as the data of a class are: another --loss or a "
        "smaller --lr may help"
    )


def copied(share: float, name: str) -> str:
    """Samples are training images."""
    return (
        f"the samples begin to be copies: {share:.0%} are a training image, or nearly so "
        f"({name.removeprefix(QUALITY)}): more images, --flip, --augment (see "
        "`ganzoo augmentations`) or an earlier checkpoint may help"
    )


def watched(names: Collection[str], evaluated: bool, copies: bool) -> list[str]:
    """What the watchdog will say something about in a training, each in a line.

    Args:
        names: of what an iteration logs.
        evaluated: whether quality is measured.
        copies: whether copies of training images are looked for without that.
    """
    verdicts = any(name.startswith("real") and name.endswith("_score") for name in names)
    lines = {
        "losses that are not finite, which end the training": True,
        "losses that run away, or do not change at all": True,
        "a discriminator that tells all real samples from all fakes, or says the same of all": (
            verdicts
        ),
        "a side that has won, as far as losses tell": not verdicts,
        "gradient norms that are not near 1": any(n.endswith("gradient_penalty") for n in names),
        f"samples, or those of a class, that are almost the same ({DIVERSITY}, "
        f"{CLASS_DIVERSITY})": True,
        f"samples that are copies of training images ({COPIES})": copies,
        "classes that are missing, samples that vary less than the data or are copies, and "
        "quality that is lost, where they are measured": evaluated,
    }
    return [line for line, is_so in lines.items() if is_so]
