"""The kit on data sets and losses: what is installed passes, and each check can fail."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.broken.losses import BROKEN_LOSSES, BROKEN_REGISTRATIONS, GOOD_LOSSES, LOSS, LOSS_INIT
from helpers.broken.sets import BROKEN_SETS, GOOD_SETS, SET, SET_INIT
from helpers.places import SHARED
from PIL import Image

from ganzoo.data.made import drawing, stacked
from ganzoo.plugins.registry import registry
from ganzoo.testing import (
    NonConforming,
    Outcome,
    Verdict,
    check_dataset,
    check_loss,
    dataset_verdicts,
    loss_verdicts,
)
from ganzoo.testing.datasets.checks import DATASET_CHECKS
from ganzoo.testing.losses.checks import LOSS_CHECKS

RULED = ("arithmetic", "melodies", "sines", "fruits")
"""Data sets of no images, which know what is valid."""
Install = Callable[..., None]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's folders."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))


@pytest.fixture
def few_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sets that are drawn have fewer samples, but all thousand classes."""
    few = ((drawing.SAMPLES, 2000), (drawing.SMALL, 2000), (stacked.SAMPLES, 20_000))
    for samples, train in few:
        monkeypatch.setitem(samples, "train", train)
        monkeypatch.setitem(samples, "test", 500)


@pytest.fixture
def registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started to see whether what a test has written registers."""
    for kinds in ("datasets", "losses"):
        check = f"ganzoo.testing.{kinds}.checks.check_registration"
        monkeypatch.setattr(check, lambda plugin: None)


def of(outcome: Outcome, verdicts: list[Verdict]) -> dict[str, str]:
    """The messages of the checks that ended like that."""
    return {verdict.check: verdict.message for verdict in verdicts if verdict.outcome is outcome}


def install_set(install: Install, source: str, spec: str = "", extra: str = "") -> None:
    install("toy", SET_INIT.format(spec=spec, extra=extra), SET + source + "\n")


def install_loss(install: Install, source: str, spec: str = "", extra: str = "") -> None:
    install("toy", LOSS_INIT.format(spec=spec, extra=extra), LOSS + source + "\n")


@pytest.mark.parametrize("name", [row.spec.name for row in registry().losses()])
def test_installed_losses_conform(name: str) -> None:
    verdicts = list(loss_verdicts(name))
    assert of(Outcome.OK, verdicts).keys() == {check.name for check in LOSS_CHECKS.all}


@pytest.mark.parametrize("name", [row.spec.name for row in registry().datasets()])
@pytest.mark.usefixtures("few_drawings")
def test_installed_data_sets_conform(name: str) -> None:
    verdicts = list(dataset_verdicts(name))
    assert not of(Outcome.FAILED, verdicts)
    skipped = of(Outcome.SKIPPED, verdicts)
    if registry().dataset(name).spec.source == "made on the spot":
        assert {"domains", "missing-files"} <= skipped.keys()
        assert ("modes" in skipped) == (name not in ("ring8", "grid25"))
        assert ("rules" in skipped) == (name not in RULED)
        assert ("splits-apart" in skipped) == ("image-size" in skipped) == (name in RULED)
    else:
        assert "--data-root" in skipped["loads"]
        assert skipped["labels"] == "it needs files, see 'loads'"
        assert "missing-files" not in skipped


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the files of MNIST")
def test_mnist_conforms() -> None:
    skipped = of(Outcome.SKIPPED, list(dataset_verdicts("mnist", SHARED)))
    assert skipped == {
        "domains": "it has one domain",
        "modes": "it has no known centres",
        "rules": "it has no known rules",
    }
    check_dataset("mnist", SHARED)


def write_images(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def test_folders_conform(tmp_path: Path) -> None:
    for seed, name in enumerate(("cats", "dogs")):
        write_images(tmp_path / "pets" / name, 10, seed)
    check_dataset("folder", tmp_path / "pets")
    for seed, name in enumerate(("trainA", "trainB", "testB")):
        write_images(tmp_path / "pair" / name, 10, seed)
    check_dataset("unpaired", tmp_path / "pair")
    write_images(tmp_path / "paired" / "A", 10, 3)
    write_images(tmp_path / "paired" / "B", 10, 4)
    check_dataset("pairs", tmp_path / "paired")
    write_images(tmp_path / "faces", 10, 5)
    rows = "".join(f"{number}.png,{number % 2}\n" for number in range(10))
    (tmp_path / "faces" / "faces.csv").write_text(f"file,old\n{rows}")
    check_dataset("attributes", tmp_path / "faces")
    for number in range(10):
        write_images(tmp_path / "walks" / str(number), 3, 6 + number)
    check_dataset("video", tmp_path / "walks")


def test_files_conform(tmp_path: Path) -> None:
    for kind in ("table", "lines", "arrays"):
        (tmp_path / kind).mkdir()
    rows = "".join(f"{number}.5,{'ab'[number % 2]}\n" for number in range(20))
    (tmp_path / "table" / "people.csv").write_text(f"pay,job\n{rows}")
    check_dataset("csv", tmp_path / "table")
    (tmp_path / "lines" / "names.txt").write_text("".join(f"{n} a\n" for n in range(20)))
    check_dataset("text", tmp_path / "lines" / "names.txt")
    check_dataset("words", tmp_path / "lines")
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 9), dtype=np.uint8)
    np.savez(tmp_path / "arrays" / "digits.npz", x=images, y=np.arange(20) % 2)
    check_dataset("npz", tmp_path / "arrays")


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize(("source", "spec"), GOOD_SETS.values(), ids=GOOD_SETS)
def test_good_data_sets_conform(install: Install, source: str, spec: str) -> None:
    install_set(install, source, spec)
    check_dataset("toy")


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize(("check", "source", "sentence", "spec"), BROKEN_SETS)
def test_broken_data_sets_fail(
    install: Install, check: str, source: str, sentence: str, spec: str
) -> None:
    install_set(install, source, spec)
    failed = of(Outcome.FAILED, list(dataset_verdicts("toy")))
    assert failed.keys() == {check}
    assert sentence in failed[check]
    assert "\n" not in failed[check]


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize("source", GOOD_LOSSES.values(), ids=GOOD_LOSSES)
def test_good_losses_conform(install: Install, source: str) -> None:
    install_loss(install, source)
    check_loss("toy")


@pytest.mark.usefixtures("registers")
@pytest.mark.parametrize(("check", "source", "sentence", "spec"), BROKEN_LOSSES)
def test_broken_losses_fail(
    install: Install, check: str, source: str, sentence: str, spec: str
) -> None:
    install_loss(install, source, spec)
    failed = of(Outcome.FAILED, list(loss_verdicts("toy")))
    assert failed.keys() == {check}
    assert sentence in failed[check]
    assert "\n" not in failed[check]


@pytest.mark.parametrize(("extra", "sentence"), BROKEN_REGISTRATIONS)
def test_registrations_fail(install: Install, extra: str, sentence: str) -> None:
    install_loss(install, "loss = AdversarialLoss(d_side, g_side)", extra=extra)
    failed = of(Outcome.FAILED, list(loss_verdicts("toy")))
    assert failed.keys() == {"registration"}
    assert sentence in failed["registration"]


def test_registration_fails_for_data_sets_too(install: Install) -> None:
    install_set(install, "load = noise", extra="import torchvision")
    failed = of(Outcome.FAILED, list(dataset_verdicts("toy")))
    assert failed.keys() == {"registration"}
    assert "brings in torch" in failed["registration"]


def test_each_check_has_been_seen_to_fail() -> None:
    for broken, checks in ((BROKEN_SETS, DATASET_CHECKS), (BROKEN_LOSSES, LOSS_CHECKS)):
        names = {check for check, *_ in broken} | {"registration"}
        assert names == {check.name for check in checks.all}


@pytest.mark.usefixtures("registers")
def test_what_depends_on_a_failed_check_is_skipped(install: Install) -> None:
    install_loss(install, "loss = 3")
    skipped = of(Outcome.NOT_RUN, list(loss_verdicts("toy")))
    assert skipped["direction"] == "'differentiable' must succeed first"
    assert skipped["score"] == "'target' must succeed first"


@pytest.mark.usefixtures("registers")
def test_in_a_test_suite_all_failures_are_one_exception(install: Install) -> None:
    install_loss(install, "loss = AdversarialLoss(lambda r, f: -d_side(r, f).sum(), g_side)")
    check = "  direction: the discriminator's loss does not fall"
    with pytest.raises(NonConforming, match=r"the loss 'toy' fails 1 checks:\n" + check):
        check_loss("toy")
