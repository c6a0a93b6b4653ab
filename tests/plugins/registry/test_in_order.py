"""A plugin in order: found by name, loaded when it is asked for, and kept out of stdout."""

import signal
import sys

import pytest
from helpers.plugins.modules import (
    POINTS,
    REMEDY,
    Environment,
    message,
    offering,
    returning,
    targeting,
)

from ganzoo.errors import GanzooError
from ganzoo.plugins import guarded
from ganzoo.plugins.discovery import Status
from ganzoo.spec import DatasetSpec, LossSpec, VariantSpec


def test_a_good_plugin_is_found_by_name(env: Environment) -> None:
    env.install("ganzoo-mine", offering("mine", "mine-too", needs=POINTS), version="2.3")
    loaded = env.load()
    assert [str(plugin) for plugin in loaded.plugins] == ["ganzoo-mine 2.3"]
    row = loaded.variant("mine")
    assert row.spec == VariantSpec("mine", "nowhere:mine", "On mine", 2014, needs=POINTS)
    assert (row.plugin, row.status, row.error) == (loaded.plugins[0], Status.OK, "")
    assert loaded.variant("ganzoo-mine:mine").spec is row.spec
    assert loaded.variant("Ganzoo_Mine:mine").spec is row.spec
    assert [one.spec.name for one in loaded.variants()] == ["mine", "mine-too"]


def test_each_kind_has_names_of_its_own(env: Environment) -> None:
    env.install(
        "ganzoo-pack",
        offering("it")
        + returning("[DatasetSpec('it', 'm:a', 'a set', '2')]", "ganzoo_register_datasets")
        + returning("(LossSpec(n, 'm:b', 'a loss') for n in ('it',))", "ganzoo_register_losses"),
    )
    loaded = env.load()
    assert isinstance(loaded.variant("it").spec, VariantSpec)
    assert loaded.dataset("it").spec == DatasetSpec("it", "m:a", "a set", "2")
    assert loaded.loss("it").spec == LossSpec("it", "m:b", "a loss")
    assert [row.status for row in loaded.datasets()] == [Status.OK]
    assert [row.status for row in loaded.losses()] == [Status.OK]


def test_the_specs_target_is_imported_by_load(env: Environment) -> None:
    env.install("ganzoo-x", targeting("dataset", "loader = len\nprint('hello')"))
    assert env.load().dataset("x").load() is len


def test_what_a_target_prints_stays_out_of_stdout(
    env: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    env.install("ganzoo-x", targeting("dataset"))
    (env.site / "ganzoo_x_target.py").write_text("print('hello')\nloader = len\n")
    env.load().dataset("x").load()
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("kind", "source", "flaw"),
    [
        ("variant", "loader = 3", "is of type int: it must be a subclass of ganzoo.Variant"),
        ("variant", "class loader: pass", "is the class loader: it must be a subclass of"),
        (
            "variant",
            "from ganzoo import Variant\nclass loader(Variant):\n  Config = int",
            "lacks phases and players: every variant defines them",
        ),
        (
            "variant",
            "from ganzoo import Variant\nclass loader(Variant):\n  players = phases = len",
            "loader has no Config: it must be a dataclass of ganzoo.option() fields",
        ),
        (
            "dataset",
            "loader = 'mnist'",
            "is of type str: it must be a function (DataRequest) -> Dataset",
        ),
        ("loss", "loader = len", "must be an instance of ganzoo.AdversarialLoss("),
        (
            "loss",
            "from ganzoo.losses import AdversarialLoss as loader",
            "is the class AdversarialLoss: it must be an instance of",
        ),
        ("loss", "1 / 0", "_target:loader cannot be imported: ZeroDivisionError: division by zero"),
        ("dataset", "exit('bye')", "ganzoo_x_target:loader cannot be imported: SystemExit: bye"),
        ("dataset", "", "ImportError: module 'ganzoo_x_target' has no 'loader'"),
    ],
)
def test_a_target_that_is_not_what_its_kind_demands(
    env: Environment, kind: str, source: str, flaw: str
) -> None:
    env.install("ganzoo-x", targeting(kind))
    (env.site / "ganzoo_x_target.py").write_text(source)
    row = getattr(env.load(), kind)("x")
    with pytest.raises(GanzooError) as caught:
        row.load()
    sentence = str(caught.value)
    word = {"dataset": "data set"}.get(kind, kind)
    assert sentence.startswith(f"{word} 'x' of ganzoo-x 1.0 is broken: ")
    assert flaw in sentence
    assert sentence.endswith("; " + REMEDY)
    assert (row.status, row.usable) == (Status.OK, True)  # the registry itself is lazy


def test_a_target_that_is_missing_is_an_error_that_names_the_plugin(env: Environment) -> None:
    env.install("ganzoo-x", offering("x"))
    with pytest.raises(GanzooError) as caught:
        env.load().variant("x").load()
    assert str(caught.value) == (
        "variant 'x' of ganzoo-x 1.0 is broken: nowhere:x cannot be imported: "
        f"ModuleNotFoundError: No module named 'nowhere'; {REMEDY}"
    )
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_an_unknown_name_is_answered_with_the_nearest(env: Environment) -> None:
    env.install("ganzoo-x", offering("biggan", "wgan"))
    loaded = env.load()
    assert message(loaded.variant, "bigan") == "there is no variant 'bigan': did you mean 'biggan'?"
    assert message(loaded.variant, "ganzoo-x:wgn") == (
        "there is no variant 'ganzoo-x:wgn': did you mean 'ganzoo-x:wgan'?"
    )
    assert message(loaded.variant, "ganzo-x:wgan") == (
        "there is no variant 'ganzo-x:wgan': did you mean 'ganzoo-x:wgan'? "
        "(ganzo-x is not installed)"
    )
    assert message(loaded.dataset, "mnist") == "there is no data set 'mnist': none is installed"


def test_what_a_plugin_prints_stays_out_of_stdout(
    env: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    env.plugin("print('hello from ganzoo-x')\n" + offering("x"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello from ganzoo-x" in captured.err


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("while True: pass", "TimeoutError: it was not imported within 0.2 s"),
        ("import time\ntime.sleep(600)", "TimeoutError: it was not imported within 0.2 s"),
        (
            "while True:\n    try:\n        while True: pass\n    except TimeoutError:\n"
            "        seen = globals().get('seen', 0) + 1\n        if seen > 1: raise",
            "TimeoutError",
        ),
        ("import os\nos._exit(0)", "SystemExit: it would have ended the program, with status 0"),
    ],
)
def test_a_plugin_that_does_not_come_back_is_broken(
    env: Environment, monkeypatch: pytest.MonkeyPatch, source: str, error: str
) -> None:
    monkeypatch.setattr(guarded, "SECONDS", 0.2)
    env.install("ganzoo-good", offering("good"))
    env.install("ganzoo-x", source)
    good, broken = env.load().plugins
    assert (good.status, broken.status) == (Status.OK, Status.BROKEN)
    assert error in broken.error
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_plugin_that_other_processes_hold_up_is_not_broken(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "SECONDS", 0.2)
    in_turn = """
import time
for _ in range(10):
    time.sleep(0.05)  # as if another process had the core
    began = time.process_time()
    while time.process_time() < began + 0.005:
        pass
"""
    assert env.plugin(in_turn + offering("x")).status is Status.OK
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_of_what_a_plugin_prints_the_beginning_is_shown(
    env: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = env.plugin("for _ in range(10_000): print('x' * 1000)\n" + offering("x"))
    assert plugin.status is Status.OK
    assert len(capsys.readouterr().err) < 5000


def test_a_plugin_that_imports_torch_is_marked_slow(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.install("ganzoo-fast", offering("fast"))
    env.install("ganzoo-slow", "import torch\n" + offering("slow"))
    (env.site / "torch.py").write_text("")
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.delitem(sys.modules, "torch")
    fast, slow = env.load().plugins
    assert (fast.status, slow.status) == (Status.OK, Status.SLOW)
    assert slow.error == "it imports torch, for which every command now waits"
    assert slow.remedy == "its author should import torch only in the module that the target names"
    assert [plugin.status for plugin in env.load().plugins] == [Status.OK] * 2  # torch is there now


def test_a_slow_plugin_is_usable(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    env.install("ganzoo-slow", "import torch\n" + offering("slow", "same"))
    env.install("ganzoo-x", offering("same"))
    (env.site / "torch.py").write_text("")
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "0")
    loaded = env.load()
    row = loaded.variant("slow")
    assert (row.status, row.usable, row.plugin.usable) == (Status.SLOW, True, True)
    assert (row.error, row.remedy) == (row.plugin.error, row.plugin.remedy)
    assert "choose by typing ganzoo-slow:same or ganzoo-x:same" in message(loaded.variant, "same")
    assert message(loaded.variant, "other") == (
        "there is no variant 'other': choose from same, slow"
    )
