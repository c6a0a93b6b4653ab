"""The settings of a sweep, beside those of its trainings."""

from dataclasses import dataclass

from ganzoo.config import option

AUTO = "auto"


@dataclass(frozen=True)
class Sweeping:
    """Flags of ``ganzoo sweep`` that ``ganzoo train`` has not."""

    seeds: int = option(
        1, "trainings of each setting, with seeds that follow --seed", minimum=1, maximum=10_000
    )
    random: int | None = option(
        None,
        "draw so many settings from the values and ranges of --set (default: every combination)",
        minimum=1,
        maximum=10_000,
    )
    jobs: str = option(
        AUTO, "runs at once, which share the cores; auto: one a core, as memory goes, or one a GPU"
    )
    executor: str = option(
        "local", "what runs them: NAME or NAME:SETTING=VALUE,... that `ganzoo executors` lists"
    )
    evaluate: bool = option(True, "evaluate each run that is finished, as `ganzoo evaluate` does")
