"""Train a script of PyTorch-GAN that people copy, and keep 10,000 of its samples.

    python benchmarks/theirs.py gan --pytorch-gan ../PyTorch-GAN --data-root ../shared/data \
        --epochs 10 --seed 0 --out gan-0.npz

`--pytorch-gan` is a checkout of https://github.com/eriklindernoren/PyTorch-GAN. The script is run
from a copy, at its defaults but for the number of epochs, and not a line of it is changed. Before
it, torch and NumPy are seeded, as it seeds nothing. After it, samples are drawn as it draws its own
pictures: G in train mode, with the statistics of batches of 64. Where G wants labels, each is asked
for equally often, and the samples keep theirs.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPTS = ("gan", "dcgan", "cgan", "wgan")

BEFORE = """\
import numpy, torch
torch.manual_seed({seed})
numpy.random.seed({seed})
"""

AFTER = """

_images, _labels = [], torch.arange(10_000) % 10
with torch.no_grad():
    for _label in torch.arange(64 * 157).remainder(10).split(64):
        _z = torch.randn(64, opt.latent_dim)
        _images.append(generator(_z, _label) if {conditional} else generator(_z))
_images = ((torch.cat(_images)[:10_000] + 1) * 127.5).round().clamp(0, 255).byte()
_images = _images.reshape(-1, opt.img_size, opt.img_size, 1).numpy()
np.savez({out!r}, images=_images, **({{"labels": _labels.numpy()}} if {conditional} else {{}}))
"""


def patched(source: str, script: str, seed: int, out: Path) -> str:
    """A script that is seeded, and that writes samples to `out` in the end."""
    after = AFTER.format(conditional=script == "cgan", out=str(out))
    return BEFORE.format(seed=seed) + source + after


def train(
    script: str, checkout: Path, data_root: Path, epochs: int, seed: int, out: Path, log: Path
) -> None:
    """Run a script, and move its samples to `out` when they are whole."""
    source = (checkout / "implementations" / script / f"{script}.py").read_text(encoding="utf-8")
    with TemporaryDirectory() as folder:
        home = Path(folder) / "implementations" / script
        home.mkdir(parents=True)
        (Path(folder) / "data").mkdir()
        (Path(folder) / "data" / "mnist").symlink_to(data_root.resolve())
        samples = home / "samples.npz"
        (home / "patched.py").write_text(patched(source, script, seed, samples), encoding="utf-8")
        command = [sys.executable, "patched.py", "--n_epochs", str(epochs)]
        environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        with log.open("w") as file:
            subprocess.run(command, cwd=home, env=environment, stdout=file, stderr=file, check=True)
        out.write_bytes(samples.read_bytes())


def main() -> None:
    """Train one script from one seed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("script", choices=SCRIPTS)
    parser.add_argument("--pytorch-gan", type=Path, required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    log = given.out.with_suffix(".log")
    train(
        given.script, given.pytorch_gan, given.data_root, given.epochs, given.seed, given.out, log
    )


if __name__ == "__main__":
    main()
