"""What tests of errors set up."""

import shutil
from pathlib import Path

import pytest
from helpers.cli import train_tiny


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("trained") / "tiny")


@pytest.fixture
def tiny(trained: Path, here: Path) -> Path:
    """A finished run of five steps that a test may damage."""
    shutil.copytree(trained, here / "tiny")
    return Path("tiny")
