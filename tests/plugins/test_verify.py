"""What is remembered of the targets of plugins, and until when."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ganzoo.errors import GanzooError
from ganzoo.plugins import verify
from ganzoo.plugins.discovery import Status
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified

INIT = """
from ganzoo import DatasetSpec, hookimpl

@hookimpl
def ganzoo_register_datasets():
    return [DatasetSpec(name, "ganzoo_toy.variant:" + name, "a set", "2") for name in {names}]
"""
GOOD, BAD = "dots = len\n", "dots = 123\n"
FLAW = "ganzoo_toy.variant:dots is of type int: it must be a function (DataRequest) -> Dataset"


class Toy:
    """The plugin ``ganzoo-toy``, whose file is edited; what happens when it is listed."""

    def __init__(self, site: Path) -> None:
        self.package = site / "ganzoo_toy"
        self.told: list[str] = []

    def write(self, source: str) -> None:
        """Edit the target's module."""
        file = self.package / "variant.py"
        before = file.stat().st_mtime_ns
        file.write_text(source)
        os.utime(file, ns=(before, before + 1))

    def flaws(self) -> dict[str, str]:
        """What a process that lists data sets says of this plugin's."""
        for name in [name for name in sys.modules if name.startswith("ganzoo_toy")]:
            del sys.modules[name]
        registry.cache_clear()
        self.told.clear()
        rows = verified(registry().datasets(), self.watch)
        return {row.spec.name: row.flaw for row in rows if row.plugin.dist == "ganzoo-toy"}

    @contextmanager
    def watch(self) -> Iterator[Callable[[str], None]]:
        """Somebody to tell."""
        yield self.told.append

    @property
    def looked(self) -> bool:
        """Whether the target was imported by `flaws`."""
        assert bool(self.told) == ("ganzoo_toy.variant" in sys.modules)
        return bool(self.told)


@pytest.fixture
def toy(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANZOO_STRICT_PLUGINS", raising=False)
    monkeypatch.delenv("GANZOO_DISABLE", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second is seen
    install("toy", INIT.format(names=["dots"]), GOOD)
    return Toy(tmp_path / "site")


def cached(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "cache" / "verified.json").read_text())


def test_a_target_is_looked_at_once(toy: Toy) -> None:
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, True)
    assert "looking at ganzoo-toy:dots, which is new or has changed" in toy.told
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, False)


def test_a_flaw_is_remembered_until_it_is_mended(toy: Toy) -> None:
    toy.write(BAD)
    assert (toy.flaws(), toy.looked) == ({"dots": FLAW}, True)
    assert (toy.flaws(), toy.looked) == ({"dots": FLAW}, False)
    toy.write(GOOD)
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, True)
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, False)


def test_a_flawed_row_is_broken_and_says_what_to_do(toy: Toy) -> None:
    toy.write(BAD)
    toy.flaws()
    (row,) = verified([registry().dataset("dots")], toy.watch)
    assert (row.status, row.usable, row.error) == (Status.BROKEN, False, FLAW)
    assert row.remedy == (
        "try `pip install --upgrade ganzoo-toy`, or remove it by `pip uninstall ganzoo-toy`"
    )
    assert registry().dataset("dots").status is Status.OK


def add_file(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    (toy.package / "deep").mkdir()
    (toy.package / "deep" / "more.py").touch()


def touch_file(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    file = toy.package / "__init__.py"
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def other_version(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = toy.package.parent.glob("ganzoo_toy-*/METADATA")
    file.write_text(file.read_text().replace("3.2.1", "3.3"))


def other_python(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "3.99")


def other_packages(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    place = toy.package.parent / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(place)


@pytest.mark.parametrize(
    "change", [add_file, touch_file, other_version, other_python, other_packages]
)
def test_what_may_change_a_verdict_has_the_target_looked_at_again(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    toy.flaws()
    change(toy, monkeypatch)
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, True)
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, False)


def test_a_package_that_is_installed_meanwhile_mends_what_needs_it(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = toy.package.parent / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    toy.write("import a_toy_module\n" + GOOD)
    assert "No module named 'a_toy_module'" in toy.flaws()["dots"]
    assert not (toy.flaws() and toy.looked)
    (place / "a_toy_module.py").touch()
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, True)


def test_each_target_has_a_verdict_of_its_own(toy: Toy) -> None:
    (toy.package / "__init__.py").write_text(INIT.format(names=["dots", "lines"]))
    toy.write(GOOD)
    flaws = toy.flaws()
    assert flaws["dots"] == ""
    assert flaws["lines"] == (
        "ganzoo_toy.variant:lines cannot be imported: ImportError: module 'ganzoo_toy.variant' has "
        "no 'lines'"
    )
    assert (toy.flaws(), toy.looked) == (flaws, False)


def test_a_target_elsewhere_is_found_without_importing_it(toy: Toy) -> None:
    other = toy.package.parent / "ganzoo_toy_elsewhere"
    (other / "sub").mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "sub" / "__init__.py").write_text("dots = 123")
    source = INIT.format(names=["dots"]).replace("ganzoo_toy.variant:", "ganzoo_toy_elsewhere.sub:")
    (toy.package / "__init__.py").write_text(source)
    assert "ganzoo_toy_elsewhere.sub:dots is of type int" in toy.flaws()["dots"]
    assert toy.flaws()["dots"]
    assert not [name for name in sys.modules if name.startswith("ganzoo_toy_elsewhere")]
    (other / "sub" / "__init__.py").write_text("dots = len")
    assert toy.flaws() == {"dots": ""}


@pytest.mark.parametrize(
    "target", ["nowhere:dots", "ganzoo_toy", ":dots", ".variant:dots", "a:b:c"]
)
def test_a_target_that_names_nothing_is_remembered_too(toy: Toy, target: str) -> None:
    source = INIT.format(names=["dots"]).replace('"ganzoo_toy.variant:" + name', repr(target))
    (toy.package / "__init__.py").write_text(source)
    flaw = toy.flaws()["dots"]
    assert flaw.startswith(f"{target} cannot be imported: ")
    assert toy.told
    assert (toy.flaws(), toy.told) == ({"dots": flaw}, [])


def test_the_cores_targets_and_those_of_unusable_plugins_are_not_looked_at(
    toy: Toy, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("toyb", INIT.replace('"2")', '"2", api=99)').format(names=["blots"]), BAD)
    asked: list[str] = []
    monkeypatch.setattr(verify, "load_target", lambda spec: asked.append(spec.name))
    toy.flaws()
    assert "dots" in asked
    assert not {"blots", "glyphs"} & {*asked}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"x": 1}', b"\xff\xfe", "emptied", "reshaped"],
    ids=str,
)
def test_a_damaged_memory_is_none(toy: Toy, tmp_path: Path, content: bytes | str) -> None:
    toy.write(BAD)
    toy.flaws()
    file = tmp_path / "cache" / "verified.json"
    if isinstance(content, str):
        shape = {"emptied": {}, "reshaped": [1]}[content]
        known = {place: dict.fromkeys(seen, shape) for place, seen in cached(tmp_path).items()}
        content = json.dumps(known).encode()
    file.write_bytes(content)
    assert (toy.flaws(), toy.looked) == ({"dots": FLAW}, True)
    assert (toy.flaws(), toy.looked) == ({"dots": FLAW}, False)


def test_a_cache_that_cannot_be_written_is_done_without(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    toy.write(BAD)
    for _ in range(2):
        assert (toy.flaws(), toy.looked) == ({"dots": FLAW}, True)


def test_what_is_gone_is_forgotten_and_what_else_is_known_is_kept(toy: Toy, tmp_path: Path) -> None:
    toy.flaws()
    (place,) = [place for place in cached(tmp_path) if "ganzoo_toy" in place]
    known = cached(tmp_path) | {str(tmp_path / "gone"): {}, str(tmp_path): {"other": {}}}
    (tmp_path / "cache" / "verified.json").write_text(json.dumps(known))
    toy.write(GOOD)
    assert (toy.flaws(), toy.looked) == ({"dots": ""}, True)
    assert {place, str(tmp_path)} <= cached(tmp_path).keys()
    assert str(tmp_path / "gone") not in cached(tmp_path)


def test_strict_mode_raises_also_what_is_remembered(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.write(BAD)
    toy.flaws()
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    with pytest.raises(GanzooError, match=r"^data set 'dots' of ganzoo-toy 3\.2\.1 is broken: "):
        toy.flaws()
    assert not toy.looked


def test_an_interrupt_while_a_target_is_imported_is_not_swallowed(toy: Toy) -> None:
    toy.write("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        toy.flaws()


def test_a_module_without_a_spec_is_looked_at(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("made_up")
    module.dots = len  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up", module)
    source = INIT.format(names=["dots"]).replace("ganzoo_toy.variant:", "made_up:")
    (toy.package / "__init__.py").write_text(source)
    assert toy.flaws() == {"dots": ""}
