"""The page of an export in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from helpers.exports import needs_onnx

from ganzoo.export.go import export
from ganzoo.export.web import PAGE, RUNTIME

CGAN = Path(__file__).parents[1] / "runs" / "before" / "cgan"
RUNTIME_STUB = """
export const env = { wasm: {} };
export class Tensor { constructor(kind, data, shape) { Object.assign(this, { data, shape }); } }
const asked = window.asked = [];
async function run({ latent, label }) {
  asked.push([...label.data].map(Number));
  const area = 28 * 28, shade = (pixel) => latent.data[Math.floor(pixel / area) * latent.shape[1]];
  return { sample: { data: Float32Array.from({ length: 16 * area }, (_, at) => shade(at)) } };
}
export const InferenceSession = { create: async () => ({ run }) };
"""
"""In place of onnxruntime-web: each sample is of one gray, that of its latent's first number."""


SEEDED = "let last = 1; Math.random = () => (last = (last * 16807) % 2147483647) / 2147483647;"
pytestmark = needs_onnx


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "digits"
    export(CGAN, "onnx", path)
    return path


def test_it_draws_sixteen_and_others_of_a_class_that_is_chosen(browser: Any, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 600})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        if name == RUNTIME[0]:
            route.fulfill(body=RUNTIME_STUB, content_type="text/javascript")
        else:
            route.fulfill(path=folder / name)

    page.add_init_script(SEEDED)
    page.route("**/*", answer)
    page.goto(f"http://localhost/{PAGE}")
    page.locator("canvas").nth(15).wait_for()
    shown = "[...document.querySelectorAll('canvas')].map((one) => one.toDataURL())"
    first = page.evaluate(shown)
    assert len(first) == 16
    assert len({*first}) > 12  # of 256 grays
    page.locator("#label").select_option("2")
    page.get_by_role("button").click()
    assert first != page.evaluate(shown)
    every, *chosen = page.evaluate("window.asked")
    assert {*every} == {*range(10)}
    assert len(chosen) == 2
    assert all({*labels} == {2} for labels in chosen)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert complaints == []
    page.close()


def test_it_says_what_is_missing_beside_it(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / PAGE).as_uri())
    page.get_by_text("Nothing can be drawn").wait_for()
    assert "npm pack onnxruntime-web@" in page.inner_text("body")
    page.close()
