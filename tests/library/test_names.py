"""What images that are made are called on a disk."""

from pathlib import Path

import pytest
import torch

from ganzoo.library.images import write_pngs
from ganzoo.library.writing import alike


@pytest.mark.parametrize("names", [("x.png", "X.PNG"), ("\u00e9.png", "e\u0301.png"), ("x", "X")])
def test_no_image_is_lost_on_a_disk_that_takes_two_names_for_one(
    names: tuple[str, str], tmp_path: Path
) -> None:
    """Such as one that does not tell upper from lower case; this one does."""
    images = ((name, torch.zeros(3, 2, 2, dtype=torch.uint8)) for name in names)
    assert write_pngs(images, tmp_path / "out") == 2
    assert len({alike(path.name) for path in (tmp_path / "out").glob("*.png")}) == 2
