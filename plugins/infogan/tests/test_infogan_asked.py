"""Codes that are asked for are asked once: no other sample, thread or evaluation has them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import ganzoo
from ganzoo.runs.generate import generate


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.TrainedRun:
    out = tmp_path_factory.mktemp("runs") / "run"
    few = {"dataset": "glyphs", "few": 200, "batch_size": 8, "width": 2}
    return ganzoo.train("infogan", steps=1, out=out, progress=False, **few)


def test_what_is_drawn_or_measured_next_is_as_usual(run: ganzoo.TrainedRun) -> None:
    usual = run.sample(20).made
    asked = run.sample(20, c1=1)
    assert asked.origin["settings"]["c1"] == 1
    assert not torch.equal(asked.made, usual)
    (measured,) = generate(run.variant, 20)  # as an evaluation draws
    assert torch.equal(measured.samples, usual)
    assert torch.equal(run.sample(20).made, usual)


def test_threads_have_each_what_they_ask_for(run: ganzoo.TrainedRun) -> None:
    expected = [run.sample(4, c1=code).made for code in range(4)]
    assert not torch.equal(expected[0], expected[1])
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda code: run.sample(4, c1=code).made, [0, 1, 2, 3] * 20)]
    for number, made in enumerate(found):
        assert torch.equal(made, expected[number % 4])
