"""A page in a real browser, as somebody uses it: by mouse, by keys alone, narrow, in the dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import train_tiny

from ganzoo.report.gather import gather
from ganzoo.report.page import render
from ganzoo.report.write import report
from ganzoo.runs.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("runs") / "ring", "--log-every", 1)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert not found


def opened(browser: Any, path: Path, complaints: list[str], **how: Any) -> Any:
    page = browser.new_page(**how)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _is_within(request.url) or complaints.append(request.url))
    page.clock.install()
    page.goto(path.resolve().as_uri())
    return page


def _is_within(url: str) -> bool:
    return url.startswith(("file:", "data:"))


def test_it_is_used_without_a_mouse(browser: Any, run: Path, complaints: list[str]) -> None:
    page = opened(browser, report([run]), complaints)
    page.locator("#run0-time").focus()
    last = page.locator("#run0-frame").get_attribute("src")
    page.keyboard.press("Home")
    assert page.locator(".frames output").inner_text() == "step 0"
    assert page.locator("#run0-frame").get_attribute("src") != last
    page.keyboard.press("ArrowRight")
    assert page.locator("#run0-time").get_attribute("aria-valuetext") == "step 1"
    page.locator("#run0-chart1-at").focus()
    page.keyboard.press("Home")
    told = page.locator("#run0-chart1-at").get_attribute("aria-valuetext")
    first = Run.open(run).metrics()[1]  # before it, what was drawn at step 0 is measured
    assert told.startswith("step 1: discriminator loss ")
    assert f"generator loss {first['generator_loss']:.4g}" in told
    page.close()


def test_a_curve_says_its_values_under_the_pointer(
    browser: Any, run: Path, complaints: list[str]
) -> None:
    page = opened(browser, report([run]), complaints)
    drawing = page.locator("#run0-chart1 .plot > svg")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + 0.26 * box["width"], box["y"] + 20)
    assert page.locator("#run0-chart1 output").inner_text() == "2"
    assert drawing.locator(".cursor").get_attribute("visibility") == "visible"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_and_has_contrast(
    browser: Any, run: Path, complaints: list[str], scheme: str, width: int
) -> None:
    page = opened(
        browser,
        report([run]),
        complaints,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper, ink = (
        sum(
            int(part)
            for part in page.evaluate(f"getComputedStyle(document.body).{what}")[4:-1].split(",")
        )
        for what in ("backgroundColor", "color")
    )
    assert (paper > ink) == (scheme == "light")
    assert abs(paper - ink) > 500
    page.close()


def test_it_says_the_same_without_scripts(browser: Any, run: Path, complaints: list[str]) -> None:
    page = opened(browser, report([run]), complaints, java_script_enabled=False)
    assert "generator loss" in page.inner_text("body")
    assert not page.locator("#run0-time").is_visible()
    page.close()


def test_it_follows_and_keeps_what_the_reader_has_set(
    browser: Any, run: Path, tmp_path: Path, complaints: list[str]
) -> None:
    place = tmp_path / "live.html"
    place.write_text(render(gather([run]), 3600), encoding="utf-8")
    page = opened(browser, place, complaints, viewport={"width": 400, "height": 600})
    page.locator("#run0-time").focus()
    page.keyboard.press("Home")
    page.locator("summary").first.click()
    page.evaluate("scrollTo(0, 300)")
    place.write_text(
        render(gather([run])).replace("Written", "Rewritten"), encoding="utf-8"
    )  # the training is over
    page.clock.fast_forward(3600_000)
    page.get_by_text("Rewritten").wait_for()
    page.wait_for_load_state()
    assert page.locator("#run0-time").input_value() == "0"
    assert page.locator(".frames output").inner_text() == "step 0"
    assert page.locator("#run0-settings").get_attribute("open") is not None
    assert page.evaluate("scrollY") == 300
    assert page.locator("#run0-chart1-at").input_value() == "4"  # it shows the newest
    page.close()
