"""What ships with a plugin, and what `ganzoo list` and the table in README say of it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli import ganzoo
from helpers.toy_claims import arm, claim, install_toy

from ganzoo.claims.claim import Claim
from ganzoo.claims.page import table
from ganzoo.claims.read import read_claims
from ganzoo.claims.reproduce import describe
from ganzoo.claims.shipped import CLAIMS, RESULTS, folder, record, results, summarise, summary
from ganzoo.claims.verdict import Findings
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.spec import VariantSpec

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob(f"plugins/*/ganzoo_*/{CLAIMS}"))
HERE = {file.parent for file in FILES}
OWN = [row.spec for row in registry().variants() if folder(row.spec) in HERE]


@pytest.fixture
def toy(install: Callable[..., None], tmp_path: Path) -> Path:
    more = claim("other", variant='"toy-too"', seeds="2")
    return install_toy(install, tmp_path / "site", claim(holds="{ at_least = 8 }"), more)


def found(claim: Claim, *values: float, **more: str) -> dict[str, object]:
    """A result with these values of its seeds."""
    findings = Findings({"ours": [*values]}, protocol="P", **more)
    return describe(claim, findings, "by hand", range(len(values)))


def listed(name: str) -> object:
    rows = json.loads(ganzoo("list", "--json").out)
    return next(row["claims"] for row in rows if row["name"] == name)


def test_a_variant_without_claims_beside_one_that_has_some_has_no_results(toy: Path) -> None:
    (toy / CLAIMS).write_text(claim(holds="{ at_least = 8 }"))
    (first,) = read_claims(toy / CLAIMS)
    record(toy / CLAIMS, [first], [found(first, 8)])
    specs = {row.spec.name: row.spec for row in registry().variants()}
    assert len(results(specs["toy"])) == 1
    assert results(specs["toy-too"]) == []


def test_a_list_says_how_many_were_reproduced(toy: Path) -> None:
    assert listed("toy") is None
    first, second = read_claims(toy / CLAIMS)
    day = str(found(first, 8)["date"])
    record(toy / CLAIMS, [first, second], [found(first, 8)])
    assert listed("toy") == {"reproduced": 1, "of": 1, "date": day}
    assert listed("toy-too") is None
    record(toy / CLAIMS, [first, second], [found(first, 7), found(second, 1)])
    assert listed("toy") == {"reproduced": 0, "of": 1, "date": day}
    assert listed("toy-too") is None, "one seed of two is no verdict"
    record(toy / CLAIMS, [first, second], [found(second, 1, 2)])
    assert listed("toy-too") == {"reproduced": 1, "of": 1, "date": day}
    lines = [line for line in ganzoo("list").out.splitlines() if line.startswith("toy ")]
    assert f" 0 of 1, {day} " in lines[0]


def test_what_could_not_be_run_is_not_recorded(toy: Path) -> None:
    first, second = read_claims(toy / CLAIMS)
    record(toy / CLAIMS, [first, second], [found(first, 8)])
    record(toy / CLAIMS, [first, second], [found(first, 8, prevented="no data")])
    (one,) = json.loads((toy / RESULTS).read_text())["results"]
    assert one["verdict"] == "reproduced"


def test_a_claim_that_has_changed_has_no_result(toy: Path) -> None:
    (spec,) = (row.spec for row in registry().variants() if row.spec.name == "toy")
    first, second = read_claims(toy / CLAIMS)
    record(toy / CLAIMS, [first, second], [found(first, 8)])
    assert [one["claim"] for one in results(spec)] == ["modes"]
    (toy / CLAIMS).write_text(claim(holds="{ at_least = 7 }"))
    assert results(spec) == []
    changed = read_claims(toy / CLAIMS)
    record(toy / CLAIMS, changed, [])
    assert summary(spec) is None
    (toy / CLAIMS).write_text(claim("renamed"))
    record(toy / CLAIMS, read_claims(toy / CLAIMS), [])
    assert json.loads((toy / RESULTS).read_text())["results"] == []


@pytest.mark.parametrize("content", ["{", "[]", '{"results": [{}], "summary": {}}'])
def test_damaged_results_are_no_reason_not_to_list(content: str, toy: Path) -> None:
    (toy / RESULTS).write_text(content)
    assert listed("toy") is None
    done = ganzoo("reproduce", "toy", "--table")
    assert done.status == 2
    assert f"{toy / RESULTS} is damaged" in done.err


def test_results_are_kept_for_the_author(toy: Path, tmp_path: Path) -> None:
    """By --record, which the others do without."""
    quick = claim(measure='{ metrics = "generator_loss" }', arms=arm(steps="1"))
    (toy / CLAIMS).write_text(quick)
    assert ganzoo("reproduce", "toy", "--out", tmp_path / "out").status == 0
    assert not (toy / RESULTS).exists()
    done = ganzoo("reproduce", "toy", "--out", tmp_path / "out", "--record")
    assert done.out.splitlines()[-1] == str(toy / RESULTS)
    (kept,) = json.loads((toy / RESULTS).read_text())["results"]
    assert kept["made_by"] == "ganzoo reproduce toy --claim modes"
    more = ganzoo("reproduce", "toy", "--out", tmp_path / "out", "--record", "--seeds", "2")
    assert more.status == 0, more.err
    (kept,) = json.loads((toy / RESULTS).read_text())["results"]
    assert kept["made_by"] == "ganzoo reproduce toy --claim modes --seeds 2"
    ganzoo("reproduce", "toy", "--out", tmp_path / "out", "--record")
    shown = ganzoo("reproduce", "toy", "--table").out.splitlines()
    assert shown[0] == "| variant | claim | paper | here | must be | verdict |"
    assert shown[2].startswith("| `toy` | modes of 8 | Toy 2026, table 1: 8 | ")
    assert " | at least 0 | reproduced, 20" in shown[2]
    (answer,) = json.loads(ganzoo("reproduce", "--table", "--json", "toy").out)["results"]
    assert answer["claim"] == "modes"


def test_listing_imports_nothing_for_it() -> None:
    code = "import sys; from ganzoo.cli import run; run(['list']); print([m for m in "
    code += "('tomllib', 'ganzoo.claims.claim', 'ganzoo.runs') if m in sys.modules])"
    ganzoo("list")  # looks at what is new, which takes torch, and remembers it
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "target",
    ["toy:Toy", "ganzoo_nowhere.variant:Toy", "json.decoder:X", "toys_that_end.inner.variant:X"],
)
def test_a_variant_without_a_package_has_no_claims(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toys_that_end.py").write_text("raise SystemExit('the end')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = VariantSpec("toy", target, "Toys", 2026)
    assert summary(spec) is None
    assert results(spec) == []


# ------------------------------------------------------------------------ the plugins of this zoo


def test_every_plugin_of_this_repository_that_has_variants_has_claims() -> None:
    entries = sorted(ROOT.glob("plugins/*/ganzoo_*/__init__.py"))
    with_variants = [file for file in entries if "VariantSpec(" in file.read_text()]
    assert len(with_variants) >= 6
    assert [file.parent for file in FILES] == [file.parent for file in with_variants]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_what_ships_is_of_the_claims_as_they_stand(file: Path) -> None:
    claims = read_claims(file)
    shipped = json.loads(file.with_name(RESULTS).read_text())
    assert shipped["summary"] == summarise(claims, shipped["results"])
    assert {one["claim"]: one["digest"] for one in shipped["results"]} == {
        claim.id: claim.digest for claim in claims
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_verdicts_follow_from_the_values(file: Path) -> None:
    claims = {claim.id: claim for claim in read_claims(file)}
    for one in json.loads(file.with_name(RESULTS).read_text())["results"]:
        again = describe(claims[one["claim"]], Findings(one["values"]), "", one["seeds"])
        for key in ("verdict", "must_be", "seeds_that_hold", "quantity", "paper", "number"):
            assert again[key] == one[key], (one["claim"], key)


def test_the_readme_has_the_table() -> None:
    text = (ROOT / "README.md").read_text()
    written = re.search(r"<!-- ganzoo reproduce --table -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert written is not None
    assert written[1].splitlines() == table([one for spec in OWN for one in results(spec)]), (
        "copy what `ganzoo reproduce --table` prints into README.md"
    )


def test_a_damaged_file_of_claims_is_a_sentence(tmp_path: Path) -> None:
    shutil.copy(FILES[0], tmp_path / CLAIMS)
    (tmp_path / RESULTS).write_text("{")
    with pytest.raises(GanzooError, match="is damaged: delete it, or install the plugin again"):
        record(tmp_path / CLAIMS, read_claims(tmp_path / CLAIMS), [])
