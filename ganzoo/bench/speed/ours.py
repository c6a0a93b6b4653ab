"""The engine as a contestant, and what only it can tell: time by phase and floating-point work."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ganzoo.bench.speed.setting import ITERATIONS, START, Setting
from ganzoo.bench.speed.spec import Entrant
from ganzoo.data.feed import make_feed
from ganzoo.engine.arithmetic import compute_exactly
from ganzoo.engine.cpu.allocator import keep_freed_memory
from ganzoo.engine.cpu.matmul import choose_matmul
from ganzoo.engine.cpu.threads import make_tuner
from ganzoo.engine.device import memory_used, synchronise
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import iterate
from ganzoo.engine.modes.execution import Execution, choose_mode, make_gradients
from ganzoo.engine.modes.names import COMPILE
from ganzoo.training.readings import Sent
from ganzoo.variant import Batch, Phase, Variant

PLUS_COMPILE = "+compile"


def make_engine(setting: Setting, entrant: Entrant, report: Callable[[str], None]) -> Engine:
    """The engine as `ganzoo train` sets it up, in the middle of a long training.

    What that sets for the whole process is left to `prepare_process`.

    Raises:
        GanzooError: the mode or the precision cannot be had here.
    """
    variant = setting.variant
    mode = entrant.mode.removesuffix(PLUS_COMPILE)
    choose_mode(mode, variant.device, variant, ITERATIONS, key="")
    feed = make_feed(
        setting.dataset,
        setting.batch_size,
        device=variant.device,
        seed=0,
        streams=variant.streams(setting.dataset),
    )
    execution = Execution(
        mode, entrant.precision, compiled_graph=entrant.mode.endswith(PLUS_COMPILE), kept=10
    )
    engine = Engine(variant, feed, ITERATIONS, execution, report)
    engine.iteration = START
    return engine


def prepare_process(variant: Variant) -> list[str]:
    """Set what `ganzoo train` sets for its process; what depends on the machine, in words."""
    keep_freed_memory()
    compute_exactly(variant.device)
    if variant.device.type != "cpu":
        return []
    library, _ = choose_matmul(variant)
    return [f"float32 matrices are multiplied by the {library} library"]


def training_step(engine: Engine) -> Callable[[], None]:
    """An iteration, and what a training does besides: it reads the metrics of so many at once."""
    rows: list[tuple[int, dict[str, Tensor]]] = []
    sent: list[Sent] = []

    def step() -> None:
        rows.append((engine.iteration, engine.step()))
        if len(rows) == engine.execution.kept:
            sent.append(Sent.of(rows))
            rows.clear()
            if len(sent) > 1 or engine.variant.device.type != "cuda":
                deque(sent.pop(0).read(), maxlen=0)

    return step


def tune_threads(engine: Engine, seconds: float) -> None:
    """Train for a while with the number of threads being tuned, and leave it at what is found.

    It cannot be tuned while contestants take turns: the tuner would take them for other users. Nor
    is it tuned for compiled code, which is made for one number.
    """
    if engine.variant.device.type != "cpu" or engine.execution.mode == COMPILE:
        return
    tuner = make_tuner(None, engine.variant.device)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        engine.step()
        tuner.tick()


@dataclass(frozen=True)
class Pace:
    """How fast an engine is here."""

    seconds: float
    """An iteration, the median of some."""
    memory: int
    """Bytes used at most, as `ganzoo.engine.device.memory_used` counts them."""


def measure_pace(
    engine: Engine, tuned: float, timed: int, again: Callable[[], None] = lambda: None
) -> Pace:
    """Choose the number of threads, then time some iterations, each of them waited for.

    Args:
        engine: set up, at the iteration that is to be timed.
        tuned: seconds in which the number of threads is chosen.
        timed: iterations; one more is made before.
        again: is called before each of them.
    """
    tune_threads(engine, tuned)
    step, seconds = training_step(engine), []
    for _ in range(1 + timed):
        again()
        begun = time.perf_counter()
        step()
        synchronise(engine.variant.device)
        seconds.append(time.perf_counter() - begun)
    return Pace(median(seconds[1:]), memory_used(engine.variant.device))


def count_flops(engine: Engine) -> int:
    """Floating-point operations of an eager iteration, by its matrix products and convolutions."""
    with FlopCounterMode(display=False) as counter:
        engine.step()
    return int(counter.get_total_flops())


def time_phases(engine: Engine, iterations: int) -> dict[str, float]:
    """Milliseconds of each phase in an iteration: the median, of an eager engine.

    From the phase's first loss to that of the next; ``data`` is the drawing of batches. The last
    phase has the moving average too.
    """
    timer = _Timer(engine.variant.device)
    take = make_gradients(engine.execution, engine.variant.device, lambda message: None)

    def draw() -> list[Batch]:
        timer.mark("data")
        return [Batch(engine.feed.draw())]

    def gradients(
        phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        timer.mark(phase.name)
        return take(phase, params, batch)

    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(iterations):
        plan = engine.make_plan()
        timer.mark("data")
        engine.feed.stage(plan.batches)
        with engine.arithmetic():
            iterate(plan, engine.game, draw, gradients)
        engine.iteration += 1
        for name, seconds in timer.read().items():
            spent[name].append(1000 * seconds)
    return {name: median(times) for name, times in spent.items()}


class _Timer:
    """Sums up the time from each mark to the next; on CUDA the device's."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.marks: list[tuple[str, torch.cuda.Event | float]] = []

    def mark(self, name: str) -> None:
        """What follows is called `name`."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            event.record()
            self.marks.append((name, event))
        else:
            self.marks.append((name, time.perf_counter()))

    def read(self) -> dict[str, float]:
        """Seconds by name since the first mark; begins anew."""
        if self.device.type == "mps":
            torch.mps.synchronize()
        self.mark("")
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        spent: dict[str, float] = defaultdict(float)
        for (name, begin), (_, end) in zip(self.marks, self.marks[1:], strict=False):
            spent[name] += _between(begin, end)
        self.marks.clear()
        return dict(spent)


def _between(begin: torch.cuda.Event | float, end: torch.cuda.Event | float) -> float:
    if isinstance(begin, float) or isinstance(end, float):
        assert isinstance(begin, float)
        assert isinstance(end, float)
        return end - begin
    return float(begin.elapsed_time(end)) / 1000
