"""The settings that every training has, whatever the variant."""

from dataclasses import dataclass

from ganzoo.config import option
from ganzoo.engine.modes.names import DEVICES, MODES, PRECISIONS

COLLAPSE = WARN, STOP = "warn", "stop"
"""See `ganzoo.training.watchdog`."""


@dataclass(frozen=True)
class Training:
    """Flags of ``ganzoo train`` that are not a variant's own."""

    dataset: str | None = option(
        None,
        "a name that `ganzoo datasets` lists, A+B, or A/TASK (default: what suits the variant)",
    )
    data_root: str | None = option(
        None, "folder of the data set's files (default: $GANZOO_DATA, else the user's cache)"
    )
    image_size: str | None = option(None, "resize images to 64, or to 96x80 (height x width)")
    pixels: str | None = option(
        None,
        "how image files are read, with commas: gray, rgb or rgba; bits=12 of 16; huge (of any "
        "number of pixels) (default: as they are)",
    )
    few: int | None = option(
        None, "train on so many of the samples, ever the same ones (default: on all)", minimum=1
    )
    steps: int | None = option(None, "iterations (default: what suits the data)", minimum=1)
    epochs: float | None = option(None, "passes through the data, instead of --steps", above=0)
    batch_size: int | None = option(
        None, "images a batch (default: what suits the data)", minimum=1
    )
    seed: int = option(
        0, "of the weights, the latents and the order of the data", minimum=0, maximum=2**32 - 1
    )
    device: str = option("auto", "where to train", choices=DEVICES)
    mode: str = option(
        "auto", "how iterations are run; graph: as CUDA graphs", choices=("auto", *MODES)
    )
    precision: str = option("fp32", "arithmetic of the networks", choices=PRECISIONS)
    threads: int | None = option(
        None,
        "on a CPU, for runs that are equal bit for bit (default: as many as help)",
        minimum=1,
        maximum=1024,  # of which more than a system has end the process
    )
    accumulate: int = option(
        1, "equal parts that a batch is split into, to need less memory", minimum=1
    )
    recompute: bool = option(False, "need less memory by computing activations twice")
    sync_batch_norm: bool = option(
        False, "let BatchNorm see the batch of all processes together (on CUDA)"
    )
    flip: bool = option(False, "mirror images at random")
    crop: int = option(0, "shift images at random by up to so many pixels", minimum=0)
    log_every: int = option(10, "iterations between two records of metrics.jsonl", minimum=1)
    sample_every: int | None = option(
        None, "iterations between two sample grids (default: 24 grids in all)", minimum=1
    )
    checkpoint_every: int = option(500, "iterations between two checkpoints", minimum=1)
    evaluate_every: int | None = option(
        None,
        "iterations between two measurements of quality; the best checkpoint is kept "
        "(default: never)",
        minimum=1,
    )
    features: str = option(
        "auto",
        "by what --evaluate-every compares images: a name that `ganzoo extractors` lists; auto: "
        "what needs no download",
    )
    log_to: str | None = option(
        None, "loggers that `ganzoo loggers` lists, with commas, beside metrics.jsonl"
    )
    init: str | None = option(None, "start from the networks of another run: RUN, or RUN:NETWORK")
    freeze: str | None = option(
        None,
        "keep layers as --init brings them: names, such as discriminator.net.0*, with commas",
    )
    on_collapse: str = option(
        "warn", "what to do when the training collapses; stop: save and end", choices=COLLAPSE
    )


RESUMABLE = frozenset(
    {
        "steps",
        "epochs",
        "data_root",
        "device",
        "mode",
        "precision",
        "threads",
        "log_every",
        "sample_every",
        "checkpoint_every",
        "evaluate_every",
        "on_collapse",
        "log_to",
    }
)
"""The settings that may change when a run goes on: they say how long and where, not what."""
