"""``ganzoo evaluate``: how good are the samples of a run, or of any other program?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.images import warn
from ganzoo.cli.output import (
    checkpoint_option,
    device_option,
    json_option,
    make_console,
    make_table,
    pixels_option,
    print_json,
    saying,
)
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ganzoo.metrics.evaluate import Evaluation

SHOWN_CLASSES = 20
"""At most so many classes have their shares printed."""


@click.command("evaluate", epilog="Example: ganzoo evaluate runs/00001-dcgan-mnist")
@click.argument("run", metavar="[RUN]", type=RUN, required=False)
@click.option(
    "--samples",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="measure these instead of a run: a folder of images, or an .npz of `images`",
)
@click.option("--dataset", metavar="NAME", help="what the samples should be like")
@click.option(
    "--data-root",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="folder of the data set's files  [default: that of the training]",
)
@pixels_option("image files of --samples and --dataset")
@click.option(
    "--n",
    metavar="INT",
    type=click.IntRange(2),
    help="samples  [default: 10000, and at most ten for each that is held out; 1000 made of real "
    "ones, such as translations]",
)
@click.option(
    "--metrics",
    metavar="NAME,...",
    default="",
    help="names that `ganzoo evaluators` lists, or scores of theirs, such as recall  [default: all "
    "that suit the data and what the variant can do]",
)
@checkpoint_option
@click.option(
    "--features",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="what images are compared by: a name that `ganzoo extractors` lists; auto: what needs no "
    "download, a classifier where there are labels",
)
@click.option(
    "--seed", metavar="INT", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
    help="of the latents, and of the choice of real images",
)  # fmt: skip
@device_option("where to draw and to see")
@json_option
def command(
    run: Path | None,
    samples: Path | None,
    dataset: str | None,
    data_root: Path | None,
    pixels: str | None,
    n: int | None,
    metrics: str,
    checkpoint: str,
    features: str,
    seed: int,
    device: str,
    as_json: bool,
) -> None:
    """Measure how good the samples of RUN are, or those that another program made.

    They are compared with the test split, which no training has seen, and beside each number stands
    what real data score in their place. Numbers can be compared only where the protocol, the line
    below the table, is the same. A classifier of the data is trained the first time, and kept.
    """
    if (run is None) == (samples is None):
        raise GanzooError("name a run to measure, or give --samples and --dataset")
    if samples is not None and dataset is None:
        raise GanzooError("--samples needs --dataset, the data that they should be like")
    if run is not None and dataset is not None:
        raise GanzooError("--dataset belongs to --samples: a run is compared with its own data")
    if run is not None and pixels is not None:
        raise GanzooError("--pixels belongs to --samples: a run's data are read as in its training")
    if samples is not None and checkpoint != "last":
        raise GanzooError("--checkpoint belongs to a run: leave it out with --samples")

    from ganzoo.data.files.wanted import parse_pixels
    from ganzoo.engine.cpu.threads import leave_busy_cores
    from ganzoo.engine.device import pick_device
    from ganzoo.library.trained import open_run
    from ganzoo.metrics.evaluate import Wish, evaluate_samples
    from ganzoo.metrics.meaning import Found, in_words
    from ganzoo.metrics.samples import read_samples_of

    names = tuple(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    with saying() as report:
        if run is not None:
            evaluated = open_run(run, checkpoint, device).evaluate(
                n,
                metrics=names,
                features=features,
                seed=seed,
                data_root=data_root,
                report=report,
            )
            record, found, remark = evaluated.record, evaluated.found, evaluated.remark
        else:
            assert samples is not None
            assert dataset is not None
            wish = Wish(pick_device(device), names, features, seed, report)
            leave_busy_cores(wish.device)
            wanted, remark = parse_pixels(pixels), ""
            read = read_samples_of(dataset, samples, data_root, wanted, warn)
            found = evaluate_samples(*read, dataset, wish, n, data_root, wanted, warn)
            record = {"samples": str(samples), **found.report.to_dict()}
    for words in filter(None, (remark, found.remark)):
        warn(words)
    meaning = in_words(Found.of(record))
    if as_json:
        print_json({**record, "words": meaning})
    else:
        _print(record, found, meaning)


def _print(record: dict[str, Any], found: Evaluation, words: Sequence[str]) -> None:
    from rich.text import Text

    from ganzoo.metrics.protocol import in_plain_words
    from ganzoo.metrics.score import beside_rivals, shown

    console = make_console()
    step = f", step {record['step']:,}" if "step" in record else ""
    console.print(Text(f"{record.get('run') or record.get('samples')}{step}", style="bold"))
    console.print()
    rows = beside_rivals(found.report.scores)
    rivals = {rival: one.meaning for row in rows for rival, one in row.rivals.items()}
    table = make_table("score", "value", *rivals, "real data", "better", "what it is")
    for row in rows:
        score = row.score
        real = "–" if score.real is None else shown(score.real, score.share)
        value = Text(shown(score.value, score.share), style="bold")
        others = (row.rivals.get(rival) for rival in rivals)
        beside = ("–" if one is None else shown(one.value, one.share) for one in others)
        table.add_row(score.name, value, *beside, real, score.better, Text(score.meaning, "dim"))
    console.print(table)
    for rival, meaning in rivals.items():
        console.print(Text(f"{rival}: {meaning}", "dim"))
    console.print()
    for number, sentence in enumerate(words):
        console.print(Text(sentence, "" if number else "bold"), soft_wrap=True)
    if words:
        console.print()
    shares = found.report.histogram
    if shares and len(shares) <= SHOWN_CLASSES:
        console.print(Text(f"share of each class in % (of the data): {_histogram(shares)}"))
        console.print()
    console.print(Text(f"protocol: {record['protocol']}", "dim"), soft_wrap=True)
    console.print(Text(f"  {in_plain_words(record['protocol'])}", "dim"), soft_wrap=True)
    if "picture" in record:
        console.print(Text(f"nearest training images: {record['picture']}"), soft_wrap=True)


def _histogram(shares: Mapping[str, tuple[float, float]]) -> str:
    return ", ".join(
        f"{name}: {100 * share:.1f} ({100 * data:.1f})" for name, (share, data) in shares.items()
    )
