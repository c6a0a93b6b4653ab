"""InfoGAN's codes: how they are drawn and asked for, and how they are held against classes."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_infogan.codes import Asked
from ganzoo_infogan.variant import InfoGAN, InfoGANConfig
from helpers.cli import ganzoo
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Batch, Dataset, DataSpec, GanzooError
from ganzoo.plugins.equip import equipped

DIGITS = DataSpec.images((1, 28, 28), 10, "digits")


def test_latents_are_noise_a_category_and_continuous_codes(make: Callable[..., InfoGAN]) -> None:
    variant = make(latent_dim=62)
    latent = variant.sample_latent(4000)
    assert latent.shape == (4000, 74)
    z, c = latent[:, :62], variant.latents.code(latent)
    assert c.c1.sum(1).unique().tolist() == [1]
    assert c.c1.mean(0).numpy() == pytest.approx(0.1, abs=0.02)
    for uniform in (z, c.continuous):
        assert -1 <= uniform.min() < -0.99
        assert 0.99 < uniform.max() <= 1
        assert uniform.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.02)


def test_samples_have_the_codes_that_are_asked_for(make: Callable[..., InfoGAN]) -> None:
    variant = make()
    torch.manual_seed(3)
    free = variant.sample_latent(50)
    variant.sampling = Asked(c1=7, c3=-1.5)
    torch.manual_seed(3)
    asked = variant.sample_latent(50)
    code = variant.latents.code(asked)
    assert code.c1.argmax(1).unique().tolist() == [7]
    assert code.continuous[:, 1].unique().tolist() == [-1.5]
    assert torch.equal(code.continuous[:, 0], variant.latents.code(free).continuous[:, 0])
    assert torch.equal(asked[:, :5], free[:, :5])


@pytest.mark.parametrize(
    ("asked", "settings", "message"),
    [
        (Asked(c1=10), {}, "--c1 must be 0 to 9 for this run, not 10"),
        (Asked(c3=0.0), {"continuous": 1}, "--c3 asks .* --continuous 1: leave it out"),
    ],
)
def test_codes_that_are_not_there_are_refused(
    make: Callable[..., InfoGAN], asked: Asked, settings: dict[str, Any], message: str
) -> None:
    variant = make(**settings)
    variant.sampling = asked
    with pytest.raises(GanzooError, match=message):
        variant.sample_latent(3)


@pytest.mark.parametrize(("categories", "rows"), [(3, 3), (10, 10), (21, 20)])
def test_a_picture_has_a_category_in_each_row_and_continuous_codes_along_others(
    make: Callable[..., InfoGAN], categories: int, rows: int
) -> None:
    variant = make(categories=categories).eval()
    seen: list[Tensor] = []
    variant.generator.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with torch.no_grad():
        shown = variant.gallery({})
    assert f"c1 = 0 to {rows - 1}, a row each" in shown.caption
    assert shown.images.shape == (10 * rows + 100, 1, 28, 28)
    (latent,) = seen
    first, varied = latent[: 10 * rows].unflatten(0, (rows, 10)), latent[10 * rows :]
    for row in range(rows):
        code = variant.latents.code(first[row])
        assert code.c1.argmax(1).unique().tolist() == [row]
        assert torch.equal(first[row, :, :5], first[0, :, :5])
        assert torch.equal(code.continuous, variant.latents.code(first[0]).continuous)
    for index, rest in enumerate(varied.unflatten(0, (2, 5, 10))):
        column = latent.shape[1] - 2 + index
        assert rest[..., column].numpy() == pytest.approx(
            torch.linspace(-2, 2, 10).expand(5, 10).numpy()
        )
        others = [i for i in range(latent.shape[1]) if i != column]
        assert torch.equal(rest[..., others], rest[:, :1, others].expand(-1, 10, -1))


def test_agreement_is_that_of_the_best_matching_of_codes_and_classes(
    make: Callable[..., InfoGAN], noise: Callable[..., Dataset]
) -> None:
    variant, test = make().eval(), noise(50)

    class Permuted(nn.Module):
        """Says (3 y + 1) mod 10 of an image of class y, and of every tenth image something else."""

        seen = 0

        def forward(self, features: Tensor) -> Tensor:
            place = torch.arange(self.seen, self.seen + len(features))
            self.seen += len(features)
            code = (3 * (place % 10) + 1 + (place % 10 == 9) * (place // 10)) % 10
            return torch.cat((one_hot(code, 10).float(), torch.zeros(len(features), 2)), 1)

    variant.recognition = Permuted()  # type: ignore[assignment]
    with torch.no_grad():
        measured = variant.measure(test)
    assert measured == {"agreement": pytest.approx(46 / 50)}


def test_without_labels_nothing_is_measured(make: Callable[..., InfoGAN]) -> None:
    data = Dataset.of("photos", torch.zeros(20, 1, 28, 28, dtype=torch.uint8))
    assert make(DataSpec.images((1, 28, 28))).measure(data) == {}


def test_each_setting_reaches_what_it_names(batch_of: Callable[..., Batch]) -> None:
    def described(**config: Any) -> str:
        torch.manual_seed(0)
        variant = InfoGAN(equipped(InfoGANConfig(**config)), DIGITS)
        torch.manual_seed(1)
        loss = variant.generator_loss(batch_of()).item()
        sizes = [tuple(p.shape) for p in variant.parameters()]
        return repr((variant.players(), loss, sizes, [*variant.terms]))

    other = {
        "categories": 7, "continuous": 1, "learn_std": True, "info_weight": 0.5,
        "latent_dim": 9, "width": 3, "leak": 0.1, "lr": 1e-2,
        "generator_lr": 1e-2, "beta1": 0.1, "ema": 0.5,
        "regulariser": "r1", "augment": "translation",
    }  # fmt: skip
    assert set(other) == set(InfoGANConfig.__dataclass_fields__)
    assert len({described(**{key: value}) for key, value in other.items()} | {described()}) == 14


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DataSpec.points(2, 8, "ring8"), "infogan needs images, and 'ring8' has points"),
        (DataSpec.images((1, 20, 28), 10, "small"), "28 to 128 pixels a side.*'small'"),
    ],
)
def test_other_data_are_refused(make: Callable[..., InfoGAN], data: DataSpec, message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        make(data)


def test_truncation_leaves_the_codes(make: Callable[..., InfoGAN]) -> None:
    variant = make().eval()
    latent = variant.sample_latent(6)
    seen: list[Tensor] = []
    variant.generator = nn.Module()
    variant.generator.forward = lambda latent: seen.append(latent)
    variant.truncated(latent, 0.5)
    torch.testing.assert_close(seen[0][:, :5], latent[:, :5] / 2)
    assert torch.equal(seen[0][:, 5:], latent[:, 5:])


def test_where_there_are_no_labels_no_line_without_a_value_is_printed(tmp_path: Path) -> None:
    for number in range(10):
        Image.new("L", (28, 28), 20 * number).save(tmp_path / f"{number}.png")
    flags = (
        "--dataset",
        "folder",
        "--data-root",
        tmp_path,
        "--image-size",
        28,
        "--width",
        2,
        "--batch-size",
        2,
    )
    out = tmp_path / "run"
    done = ganzoo("train", "infogan", *flags, "--steps", 2, "--sample-every", 1, "--out", out)
    assert done.status == 0, done.err
    assert [line.split()[:2] for line in done.out.splitlines() if line.startswith("step ")] == [
        ["step", "2/2"]
    ]
