"""A disk or a network that fails for a moment is no property of the images."""

import errno
import os

import pytest
from helpers.data.photos import BLUE, RED, colours, loaded, plain, problem

from ganzoo.data.files import formats


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOENT])
@pytest.mark.parametrize("at", [1, 2], ids=["its header", "its pixels"])
def test_what_cannot_be_read_for_now_is_not_left_out_for_ever(
    folder, cache_folder, monkeypatch, number, at
):
    plain("RGB", RED).save(folder / "a.png")
    plain("RGB", BLUE).save(folder / "b.png")
    opened, times = formats.PatientFile, []

    def flaky(path):
        if path.name == "b.png":
            times.append(path)
            if len(times) == at:
                raise OSError(number, os.strerror(number), str(path))
        return opened(path)

    monkeypatch.setattr(formats, "PatientFile", flaky)
    said = problem(folder)
    assert f"'{folder / 'b.png'}' cannot be read now: " in said
    assert not list(cache_folder.iterdir())
    assert colours(loaded(folder)[0]) == [RED, BLUE]


def test_what_nobody_may_read_is_left_out_as_before(folder, cache_folder, monkeypatch):
    plain("RGB", RED).save(folder / "a.png")
    plain("RGB", BLUE).save(folder / "b.png")
    opened = formats.PatientFile

    def closed(path):
        if path.name == "b.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path)

    monkeypatch.setattr(formats, "PatientFile", closed)
    dataset, said = loaded(folder)
    assert colours(dataset) == [RED]
    assert "skipped 1 of 2 files" in said[0]
