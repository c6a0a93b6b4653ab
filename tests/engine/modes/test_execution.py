"""How an iteration is run: chosen, refused, split into parts, in bf16."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy, ToyConfig
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn

from ganzoo import Batch, DataSpec, GanzooError, Phase, Player
from ganzoo.engine.modes import compiled, execution
from ganzoo.engine.modes.execution import Execution, choose_mode


def test_a_loss_that_is_wrong_is_the_users_to_hear_of_in_every_mode() -> None:
    class Several(Toy):
        def d_loss(self, batch: Batch) -> Tensor:
            return self.discriminator(batch.image)

    for mode in ("eager", "compile"):
        with pytest.raises(GanzooError, match=r"loss of phase 'd' must be a scalar, not \(4, 1\)"):
            make_engine(Several, Execution(mode)).step()


def test_auto_compiles_where_the_steps_repay_it(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = make_engine(Toy).variant
    monkeypatch.setattr(execution, "has_compiler", lambda: True)
    mode, because = choose_mode("auto", CPU, toy, 5000, "key")
    assert (mode, because) == ("eager", "5000 steps do not repay half a minute of compiling")
    assert choose_mode("auto", CPU, toy, execution.COLD_BREAK_EVEN, "key")[0] == "compile"
    compiled.remember_compiled("key")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(compiled._marker("key").parent))
    assert choose_mode("auto", CPU, toy, 5000, "key")[0] == "compile"
    assert choose_mode("auto", CPU, toy, 1000, "key")[0] == "eager"
    assert choose_mode("auto", CPU, toy, 5000, "another network")[0] == "eager"
    monkeypatch.setattr(execution, "has_compiler", lambda: False)
    assert choose_mode("auto", CPU, toy, 10**6, "key")[0] == "eager"
    with pytest.raises(GanzooError, match="needs a C\\+\\+ compiler"):
        choose_mode("compile", CPU, toy, 10, "key")


def test_what_a_cpu_has_not_is_refused() -> None:
    toy = make_engine(Toy).variant
    with pytest.raises(GanzooError, match="--mode graph captures CUDA graphs, and the device is c"):
        choose_mode("graph", CPU, toy, 100, "key")
    with pytest.raises(GanzooError, match="tf32 is arithmetic of CUDA devices: use fp32 or bf16"):
        make_engine(Toy, Execution(precision="tf32"))


class Noiseless(Toy):
    """Without BatchNorm, and with latents that come with the data: a batch is its parts."""

    def __init__(self, config: ToyConfig, data: Any) -> None:
        super().__init__(config, data)
        self.generator = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(batch.image.flip(1))
        batch.shared["fake"] = fake.detach()
        return nn.functional.softplus(-self.discriminator(fake)).mean()


def test_accumulated_micro_batches_are_the_batch() -> None:
    whole, parts = make_engine(Noiseless), make_engine(Noiseless, Execution(accumulate=2))
    for _ in range(5):
        expected, found = whole.step(), parts.step()
        torch.testing.assert_close(found, expected)
    for one, other in zip(whole.variant.parameters(), parts.variant.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    with pytest.raises(GanzooError, match="--batch-size 4 cannot be split into --accumulate 3"):
        make_engine(Noiseless, Execution(accumulate=3))


@pytest.mark.parametrize("name", NAMES)
def test_bf16_is_of_the_networks_and_not_of_losses_or_weights(name: str) -> None:
    engine = make_small(name, Execution(precision="bf16"))
    metrics = engine.step()
    assert all(value.dtype == torch.float32 for value in metrics.values())
    assert all(torch.isfinite(value) for value in metrics.values())
    assert all(param.dtype == torch.float32 for param in engine.variant.parameters())
    exact = make_small(name)
    for key, value in exact.step().items():
        assert metrics[key] == pytest.approx(float(value), rel=0.3, abs=0.1)


def test_bf16_is_used_where_no_gradient_is_differentiated() -> None:
    seen: dict[str, torch.dtype] = {}

    class Watched(Toy):
        def phases(self) -> list[Phase]:
            g, d = super().phases()
            return [g, Phase(d.name, d.player, d.loss, second_order=True)]

        def g_loss(self, batch: Batch) -> Tensor:
            seen["g"] = self.generator[0](torch.ones(1, 3)).dtype
            return super().g_loss(batch)

        def d_loss(self, batch: Batch) -> Tensor:
            seen["d"] = self.generator[0](torch.ones(1, 3)).dtype
            seen["logits"] = self.discriminator(batch.image).dtype
            return super().d_loss(batch)

    make_engine(Watched, Execution(precision="bf16")).step()
    assert seen == {"g": torch.bfloat16, "d": torch.float32, "logits": torch.float32}


def test_in_bf16_networks_return_numbers_in_float32_and_indices_as_they_are() -> None:
    class Parts(nn.Linear):
        def forward(self, x: Tensor) -> Any:
            h = super().forward(x)
            return h, [h, h.argmax(1)]

    class Returning(Toy):
        def __init__(self, config: ToyConfig, data: DataSpec) -> None:
            super().__init__(config, data)
            self.parts = Parts(3, 3)

        def players(self) -> dict[str, Player]:
            g, d = super().players().values()
            return {"g": replace(g, nets=("generator", "parts")), "d": d}

        def g_loss(self, batch: Batch) -> Tensor:
            h, (again, index) = self.parts(torch.ones(1, 3))
            seen.update(h=h.dtype, again=again.dtype, index=index.dtype)
            return super().g_loss(batch) + h.sum()

    seen: dict[str, torch.dtype] = {}
    make_engine(Returning, Execution(precision="bf16")).step()
    assert seen == {"h": torch.float32, "again": torch.float32, "index": torch.int64}
