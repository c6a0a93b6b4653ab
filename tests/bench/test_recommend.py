"""What is recommended for a folder of images."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo import Advice, DataSpec, GanzooError
from ganzoo.bench import recommend
from ganzoo.bench.recommend import (
    Photos,
    Trial,
    best,
    by_class,
    candidates,
    least_by_class,
    look_at,
    soon,
    trials,
    why_side,
)
from ganzoo.cli.commands.recommend import training
from ganzoo.plugins.registry import registry
from ganzoo.training.few import FEW

DATA = DataSpec.images((3, 32, 32), name="photos")


def photos(count: int, side: int = 100) -> Photos:
    return Photos(Path("photos"), count, side, DATA)


def test_a_folder_is_looked_at(tmp_path: Path) -> None:
    for number in range(20):
        pixels = np.full((48 + number, 90, 3), 10 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02d}.png")
    found = look_at(tmp_path, lambda message: None)
    assert (found.count, found.side, found.data.shape) == (18, 57, (3, 32, 32))
    in_gray = look_at(tmp_path, lambda message: None, "gray")
    assert in_gray.data.shape == (1, 32, 32)
    chosen = training(in_gray, Trial("dcgan", 64, 8, 1000, 1.0, 0))
    assert "--flip --pixels gray" in chosen
    assert found.sides == (32,)
    assert photos(10, 500).sides == (32, 64, 128, 256)
    assert photos(10, 9).sides == (32,)
    assert photos(10).at(64).shape == (3, 64, 64)


def test_variants_say_how_many_images_they_are_for() -> None:
    for count in (50, 300, 3000, 50_000):
        names = [row.spec.name for row in candidates(photos(count))]
        assert names
        for name in names:
            advice = registry().variant(name).spec.advice
            assert isinstance(advice, Advice)
            assert advice.least <= count <= (advice.most or count)
    for count, first in ((1000, "fastgan"), (50_000, "r3gan")):
        assert next(row.spec.name for row in candidates(photos(count))) == first
    rest = [row.spec.name for row in candidates(photos(50_000))][1:]
    assert rest == ["stylegan2", "sngan", "dcgan"]  # from the newest on, for who has less time
    with pytest.raises(GanzooError, match=r"is for 1 image such .* more images would help"):
        candidates(photos(1))


def test_images_with_labels_have_a_variant_of_classes_named_besides() -> None:
    labelled = Photos(Path("photos"), 3000, 100, DataSpec.images((3, 32, 32), ("a", "b"), "photos"))
    assert [row.spec.name for row in candidates(labelled)] == [
        row.spec.name for row in candidates(photos(3000))
    ]
    found = by_class(labelled, 64)
    assert found is not None
    assert (found.variant, found.side) == ("projgan", 64)
    assert training(labelled, found).startswith("ganzoo train projgan --dataset folder")
    assert by_class(photos(3000), 64) is None
    assert by_class(replace(labelled, count=20), 64) is None
    assert least_by_class(replace(labelled, count=20)) == ("projgan", 500)
    assert least_by_class(photos(20)) is None


def test_what_is_no_folder_is_said_without_a_flag_of_other_commands(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(GanzooError) as caught:
            look_at(path, lambda message: None)
        assert "--" not in str(caught.value)


def test_larger_images_are_tried_until_they_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    takes = {32: 1.0, 64: 3.0, 128: 9.0}
    rows = candidates(photos(50_000))[:1]

    def tried(row: Any, photos: Photos, side: int, device: str) -> Trial:
        return Trial(row.spec.name, side, 8, 3600, takes[side], 0)

    monkeypatch.setattr(recommend, "_try", tried)
    said: list[str] = []
    found = [*trials(photos(50_000, 300), rows, 5.0, "cpu", said.append)]
    assert [one.side for one in found] == [32, 64, 128]
    assert said[1] == "making some steps of r3gan with 64 pixels a side"
    assert best(found, 5.0).side == 64
    assert why_side(photos(50_000, 300), found, best(found, 5.0), 5.0) == (
        "64 pixels a side, as 128 would take 9 h, and --hours are 5"
    )
    small = [one for one in found if one.side < 128]
    assert why_side(photos(50_000, 70), small, best(small, 5.0), 5.0) == (
        "64 pixels a side, as the next size, 128, is more than the 70 that the shorter side of the "
        "middle image has"
    )
    assert "as r3gan takes no larger" in why_side(photos(50_000, 300), small, small[-1], 5.0)
    assert "take longer still" in why_side(photos(50_000, 300), small, small[0], 0.1)
    found = [*trials(photos(50_000, 300), [*rows, *rows], 0.5, "cpu")]
    assert [one.side for one in found] == [32, 32]  # the next variant is asked too
    assert best(found, 0.5).hours == 1.0


def test_first_results_come_in_the_largest_size_that_gets_anywhere() -> None:
    tried = [Trial("dcgan", side, 8, 3600, side / 32, 0) for side in (32, 64, 128)]
    found = soon(tried, tried[-1])
    assert found == Trial("dcgan", 64, 8, 450, 2.0, 0)
    slow = [Trial("dcgan", 32, 8, 3600, 10.0, 0)]
    assert soon(slow, slow[0]) == Trial("dcgan", 32, 8, 90, 10.0, 0)
    assert soon([replace(slow[0], seconds=100.0)], slow[0]) is None
    assert soon(tried, Trial("dcgan", 32, 8, 1000, 1.0, 0)) is None


@pytest.mark.parametrize("mostly", [True, False])
def test_what_is_transparent_is_kept_by_the_first_command_where_most_images_have_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    mostly: bool,
) -> None:
    from ganzoo.cli import run

    for number in range(60):
        opacity = 100 if mostly or number == 0 else 255
        colour = (200, 4 * number, 0, opacity)
        Image.new("RGBA", (40, 40), colour).save(tmp_path / f"{number:02d}.png")
    asked = []

    def tried(row: Any, photos: Photos, side: int, device: str) -> Trial:
        asked.append((photos.pixels, photos.at(side).shape))
        return Trial(row.spec.name, side, 8, 3600, 1.0, 0)

    monkeypatch.setattr(recommend, "_try", tried)
    assert run(["recommend", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    lines = [line for line in out.splitlines() if line.startswith("  ganzoo train")]
    first, soon, second = lines
    assert soon == f"{first.partition(' --evaluate-every')[0]} --steps 900"
    assert "It takes about 60 min here" in out
    assert "First results in about 15 min, of 900 steps with 32 pixels a side:" in out
    kept, white = (first, second) if mostly else (second, first)
    assert kept == white.replace("--flip", "--flip --pixels rgba")
    assert asked == [("rgba", (4, 32, 32)) if mostly else (None, (3, 32, 32))]
    assert ("most are transparent in places" in out) is mostly
    other = "on white" if mostly else "kept, which else lies on white"
    assert f"Or, with what is transparent {other}:" in out
    assert "making some steps of fastgan with 32 pixels a side" in err
    assert ("laid on white" in err) is not mostly
    assert run(["recommend", str(tmp_path), "--pixels", "bits=12", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "--pixels bits=12,rgba" in told["command" if mostly else "otherwise"]
    assert run(["recommend", str(tmp_path), "--pixels", "rgba"]) == 0
    assert "what is transparent" not in capsys.readouterr().out


def test_what_is_typed_for_few_and_for_many() -> None:
    few = training(photos(300), Trial("dcgan", 64, 8, 1000, 1.0, 0))
    assert few == (
        "ganzoo train dcgan --dataset folder --data-root photos --image-size 64 --flip "
        "--evaluate-every 50"
    )
    many = training(photos(FEW), Trial("dcgan", 64, 8, 1000, 1.0, 0))
    assert many.endswith("--image-size 64 --flip --evaluate-every 50")
    assert training(photos(FEW), Trial("dcgan", 64, 8, 1000, 1.0, 0), "cpu").endswith(
        "--flip --device cpu --evaluate-every 50"
    )


def test_the_command_tries_a_variant_and_prints_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ganzoo.cli import run

    random = np.random.default_rng(0)
    for number in range(60):
        pixels = random.integers(256, size=(40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(recommend, "TUNED", 0.0)
    monkeypatch.setattr(recommend, "TIMED", 1)
    assert run(["recommend", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["images"] == 54
    (row,) = told["tried"]
    assert row == told["recommended"]
    assert row["image_size"] == 32
    assert row["seconds_a_step"] > 0
    assert row["memory"] > 1e6
    advice = registry().variant(row["variant"]).spec.advice
    assert advice is not None
    assert advice.least <= 54 <= (advice.most or 54)
    assert run(["train", "--dataset", "folder", "--data-root", str(tmp_path)]) == 2
    assert "`ganzoo recommend PHOTOS` says which suits" in capsys.readouterr().err
