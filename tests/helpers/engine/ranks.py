"""Several processes on one machine as torchrun starts them, without the wait for each import."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed import TCPStore

from ganzoo import SGD, Batch, Player
from ganzoo.cli.display import Display
from ganzoo.data.feed import make_feed
from ganzoo.draws import Draws
from ganzoo.engine.distributed import process_count, process_rank, processes, seed_own
from ganzoo.engine.engine import Engine
from ganzoo.runs.run import Run, SharedRun
from ganzoo.spec import DataSpec
from ganzoo.training import watchdog
from ganzoo.training.assemble import Assembled
from ganzoo.training.exhibits import Exhibits
from ganzoo.training.observer import Observer
from ganzoo.training.settings import Training
from ganzoo.training.trainer import Trainer
from helpers import children
from helpers.children import CONTEXT, enter
from helpers.games import Toy, points


@dataclass
class Ranks:
    """Processes that train together, by rank."""

    members: list[ForkServerProcess]
    folder: Path
    """Holds what each prints."""
    store: TCPStore
    """By which they find each other; as that of torchrun, it outlives them all."""

    def wait(self, timeout: float = 300) -> list[int | None]:
        """Their exit statuses."""
        end = time.monotonic() + timeout
        for member in self.members:
            member.join(end - time.monotonic())
        statuses = [member.exitcode for member in self.members]
        self.kill()
        assert None not in statuses, "some hang"
        return statuses

    def kill(self) -> None:
        for member in self.members:
            if member.exitcode is None:
                member.kill()
                member.join()

    def printed(self, rank: int) -> str:
        return (self.folder / f"rank{rank}.out").read_text()

    def complaints(self, rank: int) -> str:
        return (self.folder / f"rank{rank}.err").read_text()

    def reach(self, run: Path, step: int) -> None:
        """Wait until the run has logged `step`."""
        metrics = run / "metrics.jsonl"
        while all(member.exitcode is None for member in self.members):
            lines = metrics.read_text().splitlines()[:-1] if metrics.exists() else []
            if lines and json.loads(lines[-1])["step"] >= step:
                return
            time.sleep(0.002)
        raise AssertionError(self.complaints(0) + self.complaints(1))


def launch(folder: Path, function: Callable[..., object], *args: object, count: int = 2) -> Ranks:
    """Have `count` processes call a function of a module."""
    folder.mkdir(exist_ok=True)
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    members = [
        CONTEXT.Process(
            target=_enter, args=(folder, rank, count, store.port, function, args), daemon=True
        )
        for rank in range(count)
    ]
    for member in members:
        member.start()
    return Ranks(members, folder, store)


def ganzoo(folder: Path, *args: object, count: int = 2) -> Ranks:
    """``torchrun --nproc-per-node COUNT -m ganzoo ARGS``."""
    return launch(folder, children.ganzoo, *map(str, args), count=count)


def slow_to_tell(*args: str) -> None:
    """A command whose first process needs a while to say that it has finished."""
    tell = Display.print_finished

    def dawdle(*args: Any) -> None:
        if process_rank() == 0:
            time.sleep(1)
        tell(*args)

    Display.print_finished = dawdle  # type: ignore[method-assign]
    children.ganzoo(*args)


def die_after_14(*args: str) -> None:
    """A command whose first process is killed after so many iterations."""
    step = Engine.step

    def dying(engine: Engine) -> dict[str, Tensor]:
        if process_rank() == 0 and engine.iteration == 14:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(engine)

    Engine.step = dying  # type: ignore[method-assign]
    children.ganzoo(*args)


def collapse_soon(*args: str) -> None:
    """A command under whose eyes all samples pass for alike."""
    watchdog.LASTING_STEPS, watchdog.DISTANCE = 4, 99
    watchdog.BEGINNING, watchdog.BEGINNING_STEPS = 0, 0
    children.ganzoo(*args)


def _enter(
    folder: Path, rank: int, count: int, port: int, function: Callable[..., object], args: Any
) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
    os.chdir(folder)
    os.environ["GANZOO_CACHE"] = str(folder / "cache")
    enter(folder / f"rank{rank}.out", folder / f"rank{rank}.err", function, *args)


class Plain(Toy):
    """No BatchNorm and no noise: the latents are the points of the batch. It notes what it sees."""

    synchronised = ("mean",)

    def __init__(self, config: Any, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 2))
        self.seen: list[Tensor] = []
        self.register_buffer("mean", torch.zeros(()))

    def players(self) -> dict[str, Player]:
        return {
            name: replace(player, optim=SGD(0.5, momentum=0.9))
            for name, player in super().players().items()
        }

    def g_loss(self, batch: Batch) -> Tensor:
        self.seen.append(batch.image.clone())
        self.mean.copy_(batch.image.mean())
        fake = self(batch.image)
        batch.shared["fake"] = fake.detach()
        return nn.functional.softplus(-self.discriminator(fake)).mean()


def play_plain(folder: Path, steps: int) -> None:
    """Some iterations; leaves the state, the batches and the latents that would be next."""
    with processes():
        torch.manual_seed(3)
        variant = Plain(Plain.Config(ema=0.9), DataSpec.points(2))
        seed_own(3)
        shard = process_rank(), process_count()
        feed = make_feed(points(), 8, device=torch.device("cpu"), seed=0, shard=shard)
        engine = Engine(variant, feed, steps)
        for _ in range(steps):
            engine.step()
        tensors = engine.state() | {
            "seen": torch.stack(variant.seen),
            "latent": torch.randn(1000),
            "images_seen": torch.tensor(engine.images_seen),
        }
        save_file(tensors, folder / f"{process_count()}-{process_rank()}.safetensors")


class Ranked(Toy):
    """Its metric is the number of the process."""

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        batch.metrics["rank"] = torch.tensor(float(process_rank()))
        return loss


def train_ranked(folder: Path) -> None:
    """A whole training whose processes would begin with different weights; leaves their states."""
    with processes():
        rank, data = process_rank(), points()
        torch.manual_seed(100 + rank)
        variant = Ranked(Ranked.Config(ema=0.9), DataSpec.points(2))
        shard = rank, process_count()
        feed = make_feed(data, 8, device=torch.device("cpu"), seed=0, shard=shard)
        engine = Engine(variant, feed, 10)
        settings = {
            "variant": {"name": "toy", "plugin": "toys"},
            "training": {"steps": 10},
            "data": data.spec.to_dict(),
            "processes": 2,
        }
        path = folder / "run"
        run = SharedRun(path, settings) if rank else Run.create(path, "toy", settings)
        training = Training(steps=10, log_every=5)
        assembled = Assembled(training, engine, Draws(variant.device), {}, run.settings)
        Trainer(run, assembled, Observer(), Exhibits(data.spec, data.fields)).fit()
        tensors = engine.state() | {f"own.{name}": torch.zeros(()) for name in engine.own()}
        save_file(tensors, folder / f"{rank}.safetensors")
