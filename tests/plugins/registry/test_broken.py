"""Broken plugins: each has a sentence, registers nothing, and is raised in strict mode."""

import re
import sys

import pytest
from helpers.plugins.modules import Environment, message, offering, returning
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import Candidate, Status
from ganzoo.plugins.registry import Registry
from ganzoo.spec import VariantSpec

# Broken plugins


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import torchh", "ModuleNotFoundError: No module named 'torchh'"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("raise GeneratorExit", "ImportError: it raised GeneratorExit, which nobody catches"),
        ("class E(BaseException): pass\nraise E", "it raised E, which nobody catches"),
        (
            "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
            "E: it cannot say what is wrong",
        ),
        (returning("(_ for _ in ()).throw(GeneratorExit)"), "it raised GeneratorExit"),
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
