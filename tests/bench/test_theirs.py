"""The scripts that people copy: seeded, and sampled as they draw their own pictures."""

from pathlib import Path

import numpy as np
import pytest
from theirs import patched

SCRIPT = """
import numpy as np
from types import SimpleNamespace
opt = SimpleNamespace(latent_dim=2, img_size=2)
first = float(torch.rand(())), float(np.random.rand())
generator = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh())
"""
CONDITIONAL = """
generator = lambda z, label: torch.tanh(z[:, :1] * 0 + label[:, None] / 5 - 1).expand(-1, 4)
"""


@pytest.mark.parametrize(("script", "more"), [("gan", ""), ("cgan", CONDITIONAL)])
def test_a_script_is_seeded_and_sampled(tmp_path: Path, script: str, more: str) -> None:
    def run(seed: int) -> dict:
        names: dict = {}
        exec(patched(SCRIPT + more, script, seed, tmp_path / "s.npz"), names)
        return names

    first = run(1)["first"]
    arrays = np.load(tmp_path / "s.npz")
    images = arrays["images"]
    assert images.shape == (10_000, 2, 2, 1)
    assert images.dtype == np.uint8
    if script == "cgan":
        labels = arrays["labels"]
        assert (np.bincount(labels) == 1000).all()
        assert (
            len({(int(i.flat[0]), int(label)) for i, label in zip(images, labels, strict=True)})
            == 10
        )
    else:
        assert "labels" not in arrays
    names = run(1)
    assert names["first"] == first
    assert run(2)["first"] != first
    if script == "gan":
        assert names["generator"].training
        assert names["generator"][1].num_batches_tracked == 157
