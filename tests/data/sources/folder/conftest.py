"""What the tests of a folder of images set up."""

import pytest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path / "images"
