"""A step as a typical script writes it.

The habits are those of the scripts that everybody copies, each of them stated, none made worse:

- a DataLoader with torch's defaults (no workers), shuffled, the ragged batch left out, whose data
  set turns one image after another from PIL by ToTensor and Normalize, and by Resize where another
  size than the images' own is asked for; one loader for each stream of the variant;
- the batch moved by ``.to(device)``;
- ``zero_grad()``, ``loss.backward()`` and ``step()``, with every parameter asking for its gradient:
  those of D are computed in G's update and thrown away;
- torch's optimizers with their defaults (neither fused nor capturable);
- ``.item()`` on each loss.

It does less than the engine in two things: it keeps no moving average of the weights, and no
schedule of the learning rate. The fakes of G's update are D's, where the variant leaves them there,
as such scripts do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

from ganzoo.bench.speed.setting import START, Draw, Setting, begin, due, gain_of, optimiser_of
from ganzoo.variant import SGD, Adam, Batch, OptimSpec, RMSprop, Variant, players_of


class PILImages(torch.utils.data.Dataset[dict[str, Any]]):
    """Aligned fields, of which images are transformed one by one as torchvision's sets do it."""

    def __init__(self, fields: Mapping[str, Tensor], size: tuple[int, int] | None) -> None:
        self.fields = {
            name: tensor.permute(0, 2, 3, 1).squeeze(3).contiguous().numpy()
            if tensor.dtype == torch.uint8
            else tensor
            for name, tensor in fields.items()
        }
        resize = [transforms.Resize(size)] if size else []
        normalise = transforms.Normalize([0.5], [0.5])
        self.transform = transforms.Compose([*resize, transforms.ToTensor(), normalise])

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {
            name: values[index]
            if isinstance(values, Tensor)
            else self.transform(Image.fromarray(values[index]))
            for name, values in self.fields.items()
        }


def loaders(setting: Setting) -> Draw:
    """Batches from a loader for each stream."""
    device = setting.variant.device
    streams = [
        _endless(
            DataLoader(
                PILImages(stream, setting.resized),
                batch_size=setting.batch_size,
                shuffle=True,
                drop_last=True,
            )
        )
        for stream in setting.streams(setting.source)
    ]

    def draw() -> dict[str, Tensor]:
        return {
            name: tensor.to(device) for stream in streams for name, tensor in next(stream).items()
        }

    return draw


def typical_script(variant: Variant, draw: Draw, iteration: int = START) -> Callable[[], None]:
    """The loop's body: one iteration of the variant's phases.

    Args:
        variant: whose networks are trained.
        draw: gives a batch.
        iteration: the number of the first.
    """
    begin(variant, iteration)
    phases = variant.phases()
    optimizers = {
        name: _optimizer(optimiser_of(name, player, phases), variant, player.nets)
        for name, player in players_of(variant).items()
    }
    log: dict[str, float] = {}

    def step() -> None:
        nonlocal iteration
        batches: list[Batch] = []
        for phase, repeat in due(phases, iteration):
            optimizer = optimizers[phase.player]
            for r in range(repeat):
                if not phase.fresh and r == len(batches):
                    batches.append(Batch(draw()))
                batch = Batch(draw()) if phase.fresh else batches[r]
                optimizer.zero_grad()
                loss = phase.loss(batch)
                (gain_of(phase) * loss).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if phase.after is not None:
                    phase.after()
                log[phase.name] = loss.item()
        iteration += 1

    return step


def _endless(loader: DataLoader[dict[str, Any]]) -> Iterator[dict[str, Tensor]]:
    while True:
        yield from loader


def _optimizer(spec: OptimSpec, variant: Variant, nets: tuple[str, ...]) -> torch.optim.Optimizer:
    params = nn.ModuleList([variant.get_submodule(net) for net in nets]).parameters()
    match spec:
        case Adam():
            return torch.optim.Adam(
                params, lr=spec.lr, betas=spec.betas, eps=spec.eps, weight_decay=spec.weight_decay
            )
        case RMSprop():
            return torch.optim.RMSprop(params, lr=spec.lr, alpha=spec.alpha, eps=spec.eps)
        case SGD():
            return torch.optim.SGD(params, lr=spec.lr, momentum=spec.momentum)
