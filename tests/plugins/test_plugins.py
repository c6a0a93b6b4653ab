"""What becomes of good, broken, disabled, foreign and colliding plugins."""

import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.data.needs import in_words
from ganzoo.errors import GanzooError
from ganzoo.plugins import guarded
from ganzoo.plugins.discovery import CORE, Candidate, Plugin, Status, installed
from ganzoo.plugins.registered import noting
from ganzoo.plugins.registry import Registry, preferring, registry
from ganzoo.spec import DatasetSpec, LossSpec, Need, VariantSpec

HEADER = """
from ganzoo.hookspecs import hookimpl
from ganzoo.spec import DatasetSpec, LossSpec, Need, VariantSpec

def variant(name, **more):
    return VariantSpec(name, target=f"nowhere:{name}", title=f"On {name}", year=2014, **more)
"""


def offering(*names: str, **more: object) -> str:
    """A plugin's source that registers variants of these names."""
    arguments = "".join(f", {key}={value!r}" for key, value in more.items())
    specs = ", ".join(f"variant({name!r}{arguments})" for name in names)
    return returning(f"[{specs}]")


def returning(expression: str, hook: str = "ganzoo_register_variants") -> str:
    """A plugin's source whose hook returns what the expression evaluates to."""
    return f"@hookimpl\ndef {hook}():\n    return {expression}\n"


def targeting(kind: str, more: str = "") -> str:
    """A plugin's source that registers ``x`` of that kind, at ``ganzoo_x_target:loader``."""
    module = "ganzoo_x" if more else "ganzoo_x_target"
    spec = {
        "variant": f"VariantSpec('x', '{module}:loader', 'X', 2014)",
        "dataset": f"DatasetSpec('x', '{module}:loader', 'X', '2')",
        "loss": f"LossSpec('x', '{module}:loader', 'X')",
    }[kind]
    hook = {"variant": "variants", "dataset": "datasets", "loss": "losses"}[kind]
    return returning(f"[{spec}]", f"ganzoo_register_{hook}") + more + "\n"


POINTS = ((Need(("point",)),),)
REMEDY = "try `pip install --upgrade ganzoo-x`, or remove it by `pip uninstall ganzoo-x`"


class Environment:
    """A folder of installed distributions, made of real modules and real metadata."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.dists: set[str] = set()

    def install(self, dist: str, source: str, version: str = "1.0", entry: str = "") -> None:
        """Install a one-module distribution with one entry point."""
        module = dist.replace("-", "_")
        entry = entry or dist.removeprefix("ganzoo-")
        (self.site / f"{module}.py").write_text(HEADER + textwrap.dedent(source))
        info = self.site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{entry} = {module}\n")
        self.dists.add(dist)

    def load(self) -> Registry:
        """What ganzoo makes of this environment alone."""
        invalidate_caches()
        return Registry([one for one in installed() if one.dist in self.dists])

    def plugin(self, source: str) -> Plugin:
        """What becomes of a plugin with this source, installed as ``ganzoo-x 1.0``."""
        self.install("ganzoo-x", source)
        (plugin,) = self.load().plugins
        return plugin


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("GANZOO_DISABLE", raising=False)
    monkeypatch.delenv("GANZOO_STRICT_PLUGINS", raising=False)
    yield Environment(tmp_path)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def message(act: Callable[[str], object], name: str) -> str:
    """The sentence that a lookup fails with."""
    with pytest.raises(GanzooError) as caught:
        act(name)
    return str(caught.value)


# A plugin in order


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


# Broken plugins


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import torchh", "ModuleNotFoundError: No module named 'torchh'"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("raise ValueError('two\\n  lines')", "ValueError: two lines"),
        ("def ganzoo_register_variants(): return []", "it implements no hook"),
        (
            returning("[]", hook="ganzoo_register_variant"),
            "there is no hook 'ganzoo_register_variant': did you mean 'ganzoo_register_variants'?",
        ),
        ("@hookimpl\ndef ganzoo_register_variants(config): return []", "Argument(s) {'config'}"),
        (returning("None"), "ganzoo_register_variants returned None, not a list of VariantSpec"),
        (returning("'biggan'"), "ganzoo_register_variants returned 'biggan', not a list of"),
        (returning("''"), "ganzoo_register_variants returned '', not a list of VariantSpec"),
        (returning("variant('x')"), "ganzoo_register_variants returned VariantSpec("),
        (
            returning("[variant('x'), 'biggan']"),
            "ganzoo_register_variants returned 'biggan' in place of a VariantSpec",
        ),
        (
            returning("[variant('x')]", "ganzoo_register_losses"),
            "in place of a LossSpec",
        ),
        (returning("1 / 0"), "ganzoo_register_variants raised ZeroDivisionError: division by zero"),
        (returning("exit(1)"), "ganzoo_register_variants raised SystemExit: 1"),
        (
            "@hookimpl\ndef ganzoo_register_variants():\n    yield variant('x')\n    1 / 0",
            "ganzoo_register_variants raised ZeroDivisionError: division by zero",
        ),
        (returning("[VariantSpec('x')]"), "ganzoo_register_variants raised TypeError: "),
        (returning("[variant('x', papr='')]"), "ganzoo_register_variants raised TypeError: "),
        (
            returning("[variant(None)]"),
            "ganzoo_register_variants returned a VariantSpec whose name is None, not of type str",
        ),
        (
            returning("[VariantSpec('x', 'm:x', 'X', '2014')]"),
            "returned a VariantSpec whose year is '2014', not of type int",
        ),
        (
            offering("DCGAN"),
            "ganzoo_register_variants returned the name 'DCGAN', which is not made of",
        ),
        (offering("x", "y", "x"), "it offers the variant 'x' twice"),
    ],
)
def test_a_broken_plugin_has_a_sentence_and_registers_nothing(
    env: Environment, source: str, error: str
) -> None:
    env.install("ganzoo-good", offering("good"))
    env.install("ganzoo-x", source)
    loaded = env.load()
    good, broken = loaded.plugins
    assert good.status is Status.OK
    assert broken.status is Status.BROKEN
    assert error in broken.error
    assert "\n" not in broken.error
    assert broken.specs == ()
    assert [row.spec.name for row in loaded.variants()] == ["good"]


def test_a_hook_that_fails_takes_back_what_another_hook_of_the_plugin_offered(
    env: Environment,
) -> None:
    plugin = env.plugin(
        returning("[DatasetSpec('it', 'm:a', 'a set', '2')]", "ganzoo_register_datasets")
        + returning("None")
    )
    assert (plugin.status, plugin.specs) == (Status.BROKEN, ())


def test_a_hook_of_a_later_ganzoo_may_be_marked_optional(env: Environment) -> None:
    plugin = env.plugin(
        "@hookimpl(optionalhook=True)\ndef ganzoo_register_metrics():\n    return 1\n"
        + offering("x")
    )
    assert [spec.name for spec in plugin.specs] == ["x"]


def test_one_plugin_cannot_wrap_the_hooks_of_another(env: Environment) -> None:
    env.install("ganzoo-good", offering("good"))
    env.install(
        "ganzoo-x",
        "@hookimpl(wrapper=True)\ndef ganzoo_register_variants():\n    yield\n    return []",
    )
    good, wrapper = env.load().plugins
    assert [spec.name for spec in good.specs] == ["good"]
    assert wrapper.status is Status.BROKEN


def test_an_interrupt_while_a_plugin_is_imported_is_not_swallowed(env: Environment) -> None:
    env.install("ganzoo-x", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        env.load()


@given(st.text(min_size=1, max_size=8))
def test_a_name_is_accepted_if_it_is_words_joined_by_dashes(name: str) -> None:
    words = name.split("-")
    legal = set("abcdefghijklmnopqrstuvwxyz0123456789")
    accepted = all(word and set(word) <= legal for word in words)
    assert status_of_name(name) is (Status.OK if accepted else Status.BROKEN)


@pytest.mark.parametrize(
    ("name", "status"),
    [("wgan-gp", Status.OK), ("stylegan2", Status.OK), ("wgan\n", Status.BROKEN)]
    + [(bad, Status.BROKEN) for bad in ("", "-x", "x-", "a--b", "a_b", "a:b", "a b", "é")],
)
def test_names(name: str, status: Status) -> None:
    assert status_of_name(name) is status


def status_of_name(name: str) -> Status:
    from ganzoo.hookspecs import hookimpl

    class Hooks:
        @hookimpl
        def ganzoo_register_variants(self) -> list[VariantSpec]:
            return [VariantSpec(name, "m:x", "X", 2014)]

    (plugin,) = Registry([Candidate("x", "ganzoo-x", "1.0", Hooks)]).plugins
    return plugin.status


def test_asking_for_a_broken_plugins_variant_names_the_plugin_and_its_remedy(
    env: Environment,
) -> None:
    env.install("ganzoo-biggan", "import torchh", version="0.3", entry="main")
    loaded = env.load()
    problem = re.compile(
        r"ganzoo-biggan 0.3 is broken: ModuleNotFoundError: No module named 'torchh' "
        r"\([^ ]+/ganzoo_biggan.py:\d+\); `pip uninstall ganzoo-biggan` removes it"
    )
    for name in ("biggan", "main", "ganzoo-biggan:biggan"):
        with pytest.raises(GanzooError) as caught:
            loaded.variant(name)
        said, _, why = str(caught.value).partition(": ")
        assert said == f"there is no variant '{name}'"
        assert problem.fullmatch(why), why
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_an_error_in_a_hook_is_the_cause_too(env: Environment) -> None:
    env.install("ganzoo-x", returning("1 / 0"))
    with pytest.raises(GanzooError) as caught:
        env.load().variant("x")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_unknown_name_mentions_the_plugins_that_may_have_offered_it(env: Environment) -> None:
    env.install("ganzoo-good", offering("good"))
    env.install("ganzoo-pack", "raise ValueError")
    assert message(env.load().variant, "styleswin") == (
        "there is no variant 'styleswin': choose from good "
        "(not in use: ganzoo-pack 1.0, see `ganzoo plugins`)"
    )


def test_a_broken_plugin_does_not_hide_another_one_that_offers_the_name(env: Environment) -> None:
    env.install("ganzoo-biggan", "raise ValueError")
    env.install("ganzoo-other", offering("biggan"))
    assert env.load().variant("biggan").plugin.dist == "ganzoo-other"


# Strict mode


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import torchh", "is broken: ModuleNotFoundError: No module named 'torchh'"),
        (offering("x", api=99), "is incompatible: built for API 99, this is 2"),
        (offering("good"), "offers 'good': also offered by"),
    ],
)
def test_strict_mode_raises(
    env: Environment, monkeypatch: pytest.MonkeyPatch, source: str, problem: str
) -> None:
    env.install("ganzoo-good", offering("good"))
    env.install("ganzoo-x", source)
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "0")
    env.load()
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    with pytest.raises(GanzooError) as caught:
        env.load()
    assert problem in str(caught.value)
    assert "ganzoo-x 1.0" in str(caught.value)


def test_strict_mode_raises_before_later_plugins_are_imported(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.install("ganzoo-a", "import torchh")
    env.install("ganzoo-b", offering("b"))
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    with pytest.raises(GanzooError) as caught:
        env.load()
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert "ganzoo_b" not in sys.modules


def test_strict_mode_accepts_good_and_disabled_plugins(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.install("ganzoo-a", "import torchh")
    env.install("ganzoo-b", offering("b"))
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    monkeypatch.setenv("GANZOO_DISABLE", "a")
    assert [plugin.status for plugin in env.load().plugins] == [Status.DISABLED, Status.OK]


# Disabled plugins


@pytest.mark.parametrize("word", ["fast", "ganzoo-x", "Ganzoo_X", "ganzoo-x:fast", "other, fast"])
def test_a_disabled_plugin_is_not_imported(
    env: Environment, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    env.install("ganzoo-x", offering("fast"), entry="fast")
    env.install("ganzoo-y", offering("why"))
    monkeypatch.setenv("GANZOO_DISABLE", word)
    loaded = env.load()
    assert [plugin.status for plugin in loaded.plugins] == [Status.DISABLED, Status.OK]
    assert "ganzoo_x" not in sys.modules
    assert "ganzoo_y" in sys.modules
    assert message(loaded.variant, "fast") == (
        "there is no variant 'fast': ganzoo-x 1.0 is disabled: disabled by GANZOO_DISABLE; "
        "remove it from GANZOO_DISABLE"
    )


@pytest.mark.parametrize("word", ["", ",", "fas", "ganzoo-y:fast", "ganzoo"])
def test_other_words_disable_nothing(
    env: Environment, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    env.install("ganzoo-x", offering("fast"), entry="fast")
    monkeypatch.setenv("GANZOO_DISABLE", word)
    assert env.load().variant("fast").status is Status.OK


# Plugins for another interface


@pytest.mark.parametrize(("api", "upgrade"), [(3, "ganzoo-core"), (1, "ganzoo-x")])
def test_a_plugin_for_another_interface_is_listed_but_not_used(
    env: Environment, api: int, upgrade: str
) -> None:
    env.install("ganzoo-x", offering("old", "new", api=api))
    loaded = env.load()
    problem = f"built for API {api}, this is 2"
    assert [(row.spec.name, row.status, row.error) for row in loaded.variants()] == [
        ("new", Status.INCOMPATIBLE, problem),
        ("old", Status.INCOMPATIBLE, problem),
    ]
    for name in ("new", "ganzoo-x:new"):
        assert message(loaded.variant, name) == (
            f"there is no variant '{name}': ganzoo-x 1.0 is incompatible: {problem}; "
            f"try `pip install --upgrade {upgrade}`"
        )


def test_a_sentence_of_needs_is_of_api_1_and_its_row_says_what_to_write(env: Environment) -> None:
    plugin = env.plugin(returning("[variant('x', needs='labelled images')]"))
    assert plugin.status is Status.INCOMPATIBLE
    assert plugin.error == (
        "built for API 1, this is 2: the needs of 'x' are a sentence, and must be fields, as in "
        'needs=((Need(("image",)), Need(("label",))),)'
    )
    assert in_words(plugin.specs[0].needs) == "labelled images"


@pytest.mark.parametrize("needs", ["None", "(Need(('image',)),)", "(('image',),)"])
def test_needs_of_another_form_break_a_plugin(env: Environment, needs: str) -> None:
    plugin = env.plugin(returning(f"[variant('x', needs={needs})]"))
    assert plugin.status is Status.BROKEN
    assert "not a tuple of groups, each a tuple of Need" in plugin.error


def test_one_foreign_spec_makes_the_whole_plugin_incompatible(env: Environment) -> None:
    plugin = env.plugin(returning("[variant('x'), variant('y', api=3)]"))
    assert plugin.status is Status.INCOMPATIBLE
    assert [spec.name for spec in plugin.specs] == ["x", "y"]


def test_an_incompatible_plugin_is_no_rival(env: Environment) -> None:
    env.install("ganzoo-a", offering("same"))
    env.install("ganzoo-b", offering("same", api=3))
    loaded = env.load()
    assert [row.status for row in loaded.variants()] == [Status.OK, Status.INCOMPATIBLE]
    assert loaded.variant("same").plugin.dist == "ganzoo-a"


# Collisions


@pytest.mark.parametrize("entries", [("a", "b"), ("same", "same")])
def test_two_distributions_that_offer_one_name(env: Environment, entries: tuple[str, str]) -> None:
    env.install("ganzoo-a", offering("same", "only-a"), entry=entries[0])
    env.install("ganzoo-b", offering("same"), version="2.0", entry=entries[1])
    loaded = env.load()
    assert [
        (row.spec.name, row.plugin.dist, row.status, row.error) for row in loaded.variants()
    ] == [
        ("only-a", "ganzoo-a", Status.OK, ""),
        (
            "same",
            "ganzoo-a",
            Status.DUPLICATE,
            "also offered by ganzoo-b 2.0: type ganzoo-a:same for this one",
        ),
        (
            "same",
            "ganzoo-b",
            Status.DUPLICATE,
            "also offered by ganzoo-a 1.0: type ganzoo-b:same for this one",
        ),
    ]
    assert message(loaded.variant, "same") == (
        "ganzoo-a 1.0 and ganzoo-b 2.0 each offer a variant 'same': "
        "choose by typing ganzoo-a:same or ganzoo-b:same"
    )
    assert loaded.variant("ganzoo-a:same").plugin.dist == "ganzoo-a"
    assert loaded.variant("ganzoo-b:same").plugin.dist == "ganzoo-b"


@pytest.mark.parametrize("kind", ["dataset", "loss"])
def test_data_sets_and_losses_collide_likewise(env: Environment, kind: str) -> None:
    source = returning(
        "[DatasetSpec('same', 'm:a', 'a set', '2')]", "ganzoo_register_datasets"
    ) + returning("[LossSpec('same', 'm:b', 'a loss')]", "ganzoo_register_losses")
    env.install("ganzoo-a", source)
    env.install("ganzoo-b", source)
    find = getattr(env.load(), kind)
    assert "choose by typing ganzoo-a:same or ganzoo-b:same" in message(find, "same")
    assert find("ganzoo-b:same").plugin.dist == "ganzoo-b"


def test_one_of_two_may_be_preferred(env: Environment) -> None:
    env.install("ganzoo-a", offering("same"))
    env.install("ganzoo-b", offering("same", "only-b"))
    loaded = env.load()
    with preferring({"ganzoo-b", "ganzoo-elsewhere"}):
        assert loaded.variant("same").plugin.dist == "ganzoo-b"
        assert loaded.variant("ganzoo-a:same").plugin.dist == "ganzoo-a"
    with preferring({"ganzoo-a"}):
        assert loaded.variant("same").plugin.dist == "ganzoo-a"
        assert loaded.variant("only-b").plugin.dist == "ganzoo-b"
    for dists in (["ganzoo-a", "ganzoo-b"], ["ganzoo-c"], []):
        with preferring(dists):
            assert "each offer a variant 'same'" in message(loaded.variant, "same")
    assert "each offer a variant 'same'" in message(loaded.variant, "same")


def test_what_is_loaded_is_noted_while_it_is_asked_for(env: Environment) -> None:
    env.install("ganzoo-x", targeting("dataset", "loader = len"), version="2.0")
    env.install("ganzoo-y", offering("broken"))
    loaded = env.load()
    loaded.dataset("x").load()
    with noting() as notes:
        assert notes == {}
        row = loaded.dataset("x")
        assert notes == {}
        row.load()
        with pytest.raises(GanzooError):
            loaded.variant("broken").load()
    loaded.dataset("x").load()
    assert notes == {"ganzoo-x": "2.0"}


def test_two_distributions_may_share_one_module(env: Environment) -> None:
    env.install("ganzoo-a", offering("same"))
    env.install("ganzoo-b", "from ganzoo_a import ganzoo_register_variants")
    assert [plugin.status for plugin in env.load().plugins] == [Status.OK, Status.OK]


def test_two_entry_points_of_one_distribution_that_offer_one_name(env: Environment) -> None:
    env.install("ganzoo-x", offering("same"))
    entry_points = env.site / "ganzoo_x-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text("[ganzoo]\none = ganzoo_x\ntwo = ganzoo_x\n")
    loaded = env.load()
    assert [(plugin.name, plugin.status) for plugin in loaded.plugins] == [
        ("one", Status.OK),
        ("two", Status.BROKEN),
    ]
    assert loaded.variant("same").plugin.name == "one"


# Discovery


def test_the_core_comes_first_and_then_the_installed_distributions(env: Environment) -> None:
    env.install("ganzoo-b", offering("b"), version="0.2")
    env.install("ganzoo-a", offering("a"), entry="z")
    invalidate_caches()
    found = [(one.dist, one.version, one.name) for one in installed()]
    assert found[0][::2] == (CORE, "builtin")
    mine = [one for one in found if one[0] in env.dists]
    assert mine == [("ganzoo-a", "1.0", "z"), ("ganzoo-b", "0.2", "b")]
    assert "ganzoo_a" not in sys.modules


def test_metadata_that_is_half_removed_stops_nothing(env: Environment) -> None:
    env.install("ganzoo-gone", offering("gone"))
    (env.site / "ganzoo_gone-1.0.dist-info" / "METADATA").unlink()
    invalidate_caches()
    gone = next(one for one in installed() if one.name == "gone")
    assert (gone.dist, gone.version) == ("gone", "unknown")


def test_the_cores_own_data_sets_and_losses_are_a_plugin() -> None:
    core = registry().plugins[0]
    assert (core.dist, core.status, core.error) == (CORE, Status.OK, "")
    assert registry().dataset("ring8").plugin is core
    assert registry().loss("hinge").plugin is core
    assert registry() is registry()


def test_the_core_is_there_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    (core,) = installed()
    assert (core.dist, core.version) == (CORE, "unknown")
    assert Registry([core]).dataset("glyphs").status is Status.OK


def test_listing_plugins_imports_neither_torch_nor_a_terminal_library() -> None:
    code = (
        "import sys; from ganzoo.plugins.registry import registry; registry().variants(); "
        "print(sorted({'torch', 'numpy', 'rich', 'click', 'rich_click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
