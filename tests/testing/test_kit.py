"""The checks of variants: every installed variant passes, and each check can fail."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.broken import declared, games, host, played, repeated, shown  # noqa: F401  # BROKEN
from helpers.broken.noted import BROKEN, Broken
from helpers.sound.unusual import UNUSUAL
from helpers.zoo import NAMES, digits
from torch import Tensor
from torch.nn.functional import dropout

from ganzoo.plugins import catalog
from ganzoo.plugins.discovery import Plugin
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import Need, VariantSpec
from ganzoo.testing.check import Outcome, Verdict
from ganzoo.testing.kit import variant_verdicts
from ganzoo.testing.variants import declaration
from ganzoo.testing.variants.checks import VARIANT_CHECKS, VariantSubject
from ganzoo.testing.variants.noise import KnownNoise

ANY = ((Need(("image", "point")),),)
SPEC = VariantSpec(
    "healthy",
    "helpers.sound.healthy:Healthy",
    "A title",
    2014,
    "https://arxiv.org/abs/1406.2661",
    ANY,
)
SECOND_ORDER = {"wgan-gp", "r3gan", "r3gan-cond", "stargan", "stylegan2", "progan"}
SKIPPED = {name: set() if name in SECOND_ORDER else {"second-order"} for name in NAMES}
BAD_SPECS: dict[str, dict[str, Any]] = {
    "title is empty .*: give the title": {"title": " "},
    "needs is empty .*: say what it trains on": {"needs": ((),)},
    "year is 14 .*: give the year": {"year": 14},
    "paper is 'arxiv' .*: give a link, or leave it out": {"paper": "arxiv"},
    "'mnist' is downloaded: name one that is made on the spot": {"dataset": "mnist"},
}


@pytest.fixture(autouse=True, scope="module")
def what_takes_long_is_done_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "load", cache(catalog.load))
        registered = cache(declaration.check_registration)
        patch.setattr(declaration, "check_registration", registered)
        yield


def subject_of(spec: VariantSpec, plugin: Plugin | None = None) -> VariantSubject:
    subject = VariantSubject(Registered(spec, plugin or registry().variant("vanilla").plugin))
    subject.dataset = subject.test = digits()
    return subject


def verdicts_of(spec: VariantSpec, plugin: Plugin | None = None) -> dict[str, Verdict]:
    return {verdict.check: verdict for verdict in VARIANT_CHECKS.verdicts(subject_of(spec, plugin))}


def failures(verdicts: dict[str, Verdict]) -> dict[str, str]:
    return {
        name: verdict.message
        for name, verdict in verdicts.items()
        if verdict.outcome is Outcome.FAILED
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_installed_variant_conforms(name: str) -> None:
    verdicts = list(variant_verdicts(name))
    assert [(v.check, v.message) for v in verdicts if v.outcome is Outcome.FAILED] == []
    assert {v.check for v in verdicts if v.outcome is Outcome.SKIPPED} == SKIPPED[name]


def test_the_healthy_variant_passes_everything() -> None:
    verdicts = verdicts_of(SPEC)
    assert {v.message for v in verdicts.values()} == {""}
    assert {v.outcome for v in verdicts.values()} == {Outcome.OK}


@pytest.mark.parametrize("cls", UNUSUAL, ids=lambda cls: cls.__name__)
def test_what_is_unusual_is_not_wrong(cls: type) -> None:
    verdicts = verdicts_of(replace(SPEC, target=f"{cls.__module__}:{cls.__name__}"))
    assert failures(verdicts) == {}
    assert {v.check for v in verdicts.values() if v.outcome is Outcome.SKIPPED} == UNUSUAL[cls]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.check}-{case.cls.__name__}")
def test_a_broken_variant_fails_the_check_that_is_for_it(case: Broken) -> None:
    found = failures(
        verdicts_of(replace(SPEC, target=f"{case.cls.__module__}:{case.cls.__name__}"))
    )
    assert set(found) == {case.check, *case.also}, found
    assert_says(found[case.check], case.sentence)


@pytest.mark.parametrize("sentence", BAD_SPECS)
def test_a_bad_spec_fails(sentence: str) -> None:
    found = failures(verdicts_of(replace(SPEC, **BAD_SPECS[sentence])))
    assert set(found) == {"spec"}
    assert_says(found["spec"], sentence)


def test_a_plugin_that_imports_torch_when_it_registers_fails(install: Callable[..., None]) -> None:
    install(
        "toytorch",
        "import torch\nfrom ganzoo import Need, VariantSpec, hookimpl\n@hookimpl\n"
        "def ganzoo_register_variants():\n"
        '    return [VariantSpec("toytorch", "helpers.sound.healthy:Healthy", "A title", 2014)]\n',
    )
    row = registry().variant("toytorch")
    found = failures(verdicts_of(row.spec, row.plugin))
    assert set(found) == {"registration"}
    assert_says(found["registration"], "brings in torch, at .*: import it in the module that")


CLAIM = """
[[claim]]
id = "toy"
variant = "healthy"
says = "It plays."
quantity = "modes of 8"
paper = "Nobody 2026"
number = "none"
minutes = 1
measure = {{ evaluate = "modes" }}
holds = {{ at_least = 8 }}
[claim.arms.ours]
{setting} = 10
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("claim = 3", "claim is 3: write .* above each claim"),
        (CLAIM.format(setting="stepps"), "arm ours: there is no setting 'stepps': did you mean"),
        (CLAIM.format(setting="steps").replace("minutes = 1", ""), "minutes is missing: write how"),
    ],
)
def test_claims_that_cannot_be_reproduced_fail(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = registry().variant("vanilla")
    (tmp_path / "claims.toml").write_text(text.replace('"healthy"', '"vanilla"'))
    monkeypatch.setattr(declaration, "folder", lambda spec: tmp_path)
    found = failures(verdicts_of(row.spec, row.plugin))
    assert set(found) == {"claims"}
    assert_says(found["claims"], sentence)


def test_a_claim_of_the_template_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = registry().variant("vanilla")
    text = CLAIM.format(setting="steps").replace('"healthy"', '"vanilla"')
    (tmp_path / "claims.toml").write_text(text.replace("It plays.", "TODO: the sentence."))
    monkeypatch.setattr(declaration, "folder", lambda spec: tmp_path)
    claims = verdicts_of(row.spec, row.plugin)["claims"]
    assert claims.outcome is Outcome.SKIPPED
    assert "claim toy of claims.toml is the template's: write what the paper" in claims.message


def test_every_check_has_a_variant_that_fails_it() -> None:
    assert {check.name for check in VARIANT_CHECKS.all} == {
        "registration",
        "spec",
        "claims",
        *(case.check for case in BROKEN),
    }


def test_the_random_state_and_the_default_type_of_the_caller_are_left_alone() -> None:
    before = torch.get_rng_state()
    verdicts_of(SPEC)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() == torch.float32


DRAWS: dict[str, tuple[Callable[[int], Tensor], float, float]] = {
    "randn": (lambda n: torch.randn(n, 2), 0, 1),
    "rand": (lambda n: torch.rand(n), 1 / 2, 12**-0.5),
    "uniform": (lambda n: torch.empty(n).uniform_(2, 4), 3, 2 * 12**-0.5),
    "normal": (lambda n: torch.normal(torch.full((n,), 3.0), 0.5), 3, 0.5),
    "normal_": (lambda n: torch.empty(n).normal_(-1, 2), -1, 2),
    "randint": (lambda n: torch.randint(3, 7, (n,)), 4.5, 1.25**0.5),
    "random": (lambda n: torch.empty(n, dtype=torch.int64).random_(5), 2, 2**0.5),
    "dropout": (lambda n: dropout(torch.ones(n), 0.2), 1, 0.5),
    "bernoulli": (lambda n: torch.bernoulli(torch.full((n,), 0.2)), 0.2, 0.4),
    "bernoulli_": (lambda n: torch.empty(n).bernoulli_(0.8), 0.8, 0.4),
    "exponential": (lambda n: torch.empty(n).exponential_(2.0), 0.5, 0.5),
    "several for a sample": (lambda n: torch.randn(3 * n, 2).view(3, n, 2).permute(1, 0, 2), 0, 1),
}


@pytest.mark.parametrize("name", DRAWS)
def test_known_noise_is_of_its_distribution_and_that_of_each_sample(name: str) -> None:
    draw, mean, std = DRAWS[name]

    def drawn(part: int, parts: int) -> Tensor:
        size = 20_000 // parts
        with KnownNoise(part, parts, size):
            torch.rand(())
            return draw(size).float()

    whole = drawn(0, 1)
    assert whole.mean() == pytest.approx(mean, abs=0.03)
    assert whole.std() == pytest.approx(std, abs=0.03)
    assert torch.equal(whole, torch.cat((drawn(0, 2), drawn(1, 2))))
    with KnownNoise(0, 1, 20_000):
        first, second = draw(20_000), draw(20_000)
    assert not torch.equal(first, second)


def assert_says(message: str, pattern: str) -> None:
    """One sentence, that is told by the pattern."""
    assert re.search(pattern, message), message
    assert "\n" not in message
