"""One contestant in its process: ``python -m ganzoo.bench.speed.contestant JSON``.

It answers lines of JSON on stdin by lines of JSON on what was stdout; what libraries print goes to
stderr. It computes only between a question and its answer, and ends when stdin does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.bench.speed.setting import Draw, Setting, set_up
from ganzoo.bench.speed.spec import CAREFUL, ENGINE, Entrant, from_dict
from ganzoo.engine.device import memory_used, synchronise
from ganzoo.errors import GanzooError


class Contestant:
    """A loop that is set up, and the questions that it answers."""

    def __init__(self, setting: Setting, entrant: Entrant) -> None:
        self._setting, self._device = setting, setting.variant.device
        self._notes: list[str] = []
        self._process: list[str] = []
        self._batches = 0
        if entrant.kind == ENGINE:
            from ganzoo.bench.speed.ours import make_engine, prepare_process, training_step

            self._process = prepare_process(setting.variant)
            self._engine = make_engine(setting, entrant, self._notes.append)
            self._step: Callable[[], object] = training_step(self._engine)
        else:
            self._step = self._make_baseline(setting, entrant)

    def _make_baseline(self, setting: Setting, entrant: Entrant) -> Callable[[], object]:
        if entrant.kind == CAREFUL:
            from ganzoo.bench.speed.careful import careful_loop, resident_batches

            return careful_loop(setting.variant, self._counted(resident_batches(setting)))
        from ganzoo.bench.speed.typical import loaders, typical_script

        return typical_script(setting.variant, self._counted(loaders(setting)))

    def _counted(self, draw: Draw) -> Draw:
        def counting() -> dict[str, Tensor]:
            self._batches += 1
            return draw()

        return counting

    def _images(self) -> int:
        if hasattr(self, "_engine"):
            return self._engine.images_seen
        return self._batches * self._setting.batch_size

    def pace(self, tuned: float, timed: int) -> dict[str, Any]:
        """Of an engine: see `ganzoo.bench.speed.ours.measure_pace`."""
        from ganzoo.bench.speed.ours import measure_pace

        return asdict(measure_pace(self._engine, tuned, timed))

    def tune(self, seconds: float) -> None:
        """Of an engine: let it choose how many threads compute."""
        from ganzoo.bench.speed.ours import tune_threads

        tune_threads(self._engine, seconds)

    def about(self) -> dict[str, Any]:
        """What is played, in words."""
        spec = self._setting.dataset.spec
        return {"data": spec.name, "shape": str(spec), "batch_size": self._setting.batch_size}

    def each(self, steps: int) -> list[float]:
        """Seconds of each of the next steps, waited for one by one."""
        return [self.run(1)["seconds"] for _ in range(steps)]

    def run(self, steps: int) -> dict[str, Any]:
        """Make some steps: their seconds and the real images drawn."""
        synchronise(self._device)
        images, begin = self._images(), time.perf_counter()
        for _ in range(steps):
            self._step()
        synchronise(self._device)
        return {"seconds": time.perf_counter() - begin, "images": self._images() - images}

    def status(self) -> dict[str, Any]:
        """The peak of its memory, in bytes, its threads, and what it had to report."""
        memory, threads = memory_used(self._device), torch.get_num_threads()
        return {
            "memory": memory,
            "threads": threads,
            "process": self._process,
            "notes": self._notes,
        }

    def busy(self, steps: int) -> float | None:
        """Seconds a step in which the device works; None where that is not measured."""
        if self._device.type != "cuda":
            return None
        from ganzoo.bench.speed.trace import device_seconds

        return device_seconds(partial(self.run, steps)) / steps

    def anatomy(self, steps: int) -> dict[str, Any]:
        """Of an eager engine: milliseconds by phase, and floating-point operations a step."""
        from ganzoo.bench.speed.ours import count_flops, time_phases

        flops = count_flops(self._engine)
        return {"flops": flops, "phases": time_phases(self._engine, steps)}

    def trace(self, steps: int, path: str) -> None:
        """Write a Chrome trace of some steps."""
        from torch.profiler import ProfilerActivity

        from ganzoo.bench.speed.trace import write_trace

        activities = [ProfilerActivity.CPU]
        if self._device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        write_trace(partial(self.run, steps), Path(path), activities)


def main() -> None:
    """Answer until stdin ends."""
    with os.fdopen(os.dup(1), "w") as replies:
        os.dup2(2, 1)

        def reply(**message: Any) -> None:
            replies.write(json.dumps(message) + "\n")
            replies.flush()

        game, entrant = from_dict(json.loads(sys.argv[1]))
        try:
            setting = set_up(game)
        except GanzooError as error:
            reply(unplayable=str(error))
            return
        try:
            contestant = Contestant(setting, entrant)
            reply(answer=contestant.about())
            for line in sys.stdin:
                question = json.loads(line)
                reply(answer=getattr(contestant, question.pop("ask"))(**question))
        except GanzooError as error:
            reply(error=str(error))
        except torch.OutOfMemoryError:
            reply(error="it does not fit into the device's memory")


if __name__ == "__main__":
    main()
