"""Plugins that are disabled, built for another interface, or offer what another offers."""

import sys

import pytest
from helpers.plugins.modules import Environment, message, offering, returning, targeting

from ganzoo.data.needs import in_words
from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import Status
from ganzoo.plugins.registered import noting
from ganzoo.plugins.registry import preferring

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
