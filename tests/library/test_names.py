"""What images that are made are called on a disk."""

from pathlib import Path

import pytest
import torch

from ganzoo.library.images import write_pngs
from ganzoo.library.writing import alike, rename


@pytest.mark.parametrize("names", [("x.png", "X.PNG"), ("\u00e9.png", "e\u0301.png"), ("x", "X")])
def test_no_image_is_lost_on_a_disk_that_takes_two_names_for_one(
    names: tuple[str, str], tmp_path: Path
) -> None:
    """Such as one that does not tell upper from lower case; this one does."""
    images = ((name, torch.zeros(3, 2, 2, dtype=torch.uint8)) for name in names)
    assert write_pngs(images, tmp_path / "out") == 2
    assert len({alike(path.name) for path in (tmp_path / "out").glob("*.png")}) == 2


def test_no_sample_is_lost_that_is_called_like_one_that_is_moved_aside(tmp_path: Path) -> None:
    names = (".00002", "1", "00000", ".00001", "sub/00003")
    for number in range(len(names)):
        (tmp_path / f"{number:05d}.txt").write_text(names[number])
    rename(tmp_path, names)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    told = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in found}
    assert told == {f"{name}.txt": name for name in names}
