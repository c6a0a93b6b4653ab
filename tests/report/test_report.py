"""A page about runs says all that is there, and obeys nothing that stands in it."""

import json
import math
import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import pytest
from helpers.cli import ganzoo, train_tiny
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.report import write
from ganzoo.report.chart import Chart, Line, round_ticks, thinned
from ganzoo.report.page import MARK
from ganzoo.report.picture import picture, some
from ganzoo.report.write import follow, report
from ganzoo.runs import evaluations
from ganzoo.runs.run import Run

README = Path(__file__).parents[2] / "README.md"
EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("runs") / "ring")


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(copytree(trained, tmp_path / "ring"))


def test_the_line_of_the_readme_does_what_it_says(run: Path) -> None:
    (line,) = re.findall(r"^ganzoo (report .*?)  +#", README.read_text(), re.MULTILINE)
    done = ganzoo(*line.replace("runs/00001-dcgan-mnist", str(run)).split())
    assert (done.status, done.err) == (0, "")
    assert f"report: {run / 'report.html'}" in done.out
    page = Tags(run / "report.html")
    for words in ("finished, step 5 of 5", "Curves", "generator loss", "Settings", "--batch-size"):
        assert words in page.text
    assert "--data-root" not in page.text  # it may be sent to others, whom no path here concerns
    (film,) = (json.loads(found) for found in re.findall(r"\[\[.*\]\]", page.text))
    assert [caption for caption, _ in film] == [f"step {step}" for step in range(6)]
    images = [found["src"] or "" for tag, found in page.tags if tag == "img"]
    assert [found.partition(",")[0] for found in images] == ["data:image/png;base64"] * 2


def test_the_page_needs_nothing_from_elsewhere(run: Path) -> None:
    page = Tags(report([run]))
    policy = next(
        found["content"] or ""
        for _, found in page.tags
        if "Policy" in (found.get("http-equiv") or "")
    )
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    for tag, found in page.tags:
        assert not found.keys() & {"style", "onclick", "onload", "onerror"}
        for name in ("src", "href"):
            assert (found.get(name) or "data:").startswith(("data:", "#")), tag


def test_what_stands_in_a_run_is_shown_and_not_obeyed(run: Path) -> None:
    harmless = Tags(report([run]))
    record = json.loads((run / "run.json").read_text())
    record["data"]["groups"][0][0]["names"] = [EVIL]
    record["data"]["name"] = EVIL
    record["config"][EVIL] = EVIL
    (run / "run.json").write_text(json.dumps(record))
    opened = Run.open(run)
    opened.log(f"step 3: watchdog: {EVIL}")
    opened.append_metrics({"step": 5, f"quality/{EVIL}": 1.0})
    scores = [{"name": EVIL, "value": 1.0, "better": EVIL, "real": None}]
    evaluations.store(run, 5, {"protocol": EVIL, "scores": scores})
    page = Tags(report([run]))
    assert page.count("script") == harmless.count("script")
    assert page.count("img") == harmless.count("img")
    assert all("onerror" not in found for _, found in page.tags)
    assert page.text.count(EVIL) >= 5


def test_names_that_are_no_text_are_shown_with_a_sign(run: Path) -> None:
    unseen = "\udcff\x1b\x07\x9b\u202e\u2066"
    name = f"ca{unseen}t"
    record = json.loads((run / "run.json").read_text())
    record["data"]["groups"][0][0]["names"] = [name]
    record["data"]["name"] = name
    record["config"][name] = name
    (run / "run.json").write_text(json.dumps(record))
    with (run / "metrics.jsonl").open("a") as metrics:
        metrics.write(json.dumps({"step": 5, f"quality/{name}": 1.0}) + "\n")
    scores = [{"name": name, "value": 1.0, "better": name, "real": None}]
    evaluations.store(run, 5, {"protocol": name, "scores": scores})
    page = report([run]).read_text(encoding="utf-8")
    assert not {*unseen} & {*page}
    assert page.count(f"ca{len(unseen) * chr(0xFFFD)}t") >= 3


@pytest.mark.parametrize("name", ["log.txt", "samples/00000002.png", "metrics.jsonl"])
def test_no_other_file_of_the_reader_is_in_a_page(run: Path, tmp_path: Path, name: str) -> None:
    """A stranger's run would have a page of it tell what lies on this machine."""
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(secret)
    result = ganzoo("report", run, "--out", tmp_path / "page.html")
    assert result.status == 2
    assert f"{name} is a link" in result.err
    assert not (tmp_path / "page.html").exists()


def test_files_without_end_take_no_memory(run: Path, tmp_path: Path) -> None:
    for name in ("log.txt", "samples/real.png"):
        os.truncate(run / name, 2**40)
    assert ganzoo("report", run, "--out", tmp_path / "page.html").status == 0
    assert (tmp_path / "page.html").stat().st_size < 2**24


def test_what_the_watchdog_and_evaluations_said_is_there(run: Path) -> None:
    Run.open(run).log("step 4: watchdog: the discriminator has won")
    (run / "log.txt").open("a").write("nothing of it\n")
    scores = [
        {"name": "recall", "value": 0.5, "better": "higher", "real": 0.75},
        {"name": "a2b_frechet", "value": None, "better": "lower", "real": 2.0},
        {"name": "there_l1", "value": 0.25, "better": "lower", "real": None},
        {"name": "there_mean_l1", "value": 0.375, "better": "", "real": None},
    ]
    evaluations.store(run, 5, {"protocol": "by hand", "scores": scores})
    text = " ".join(Tags(report([run])).text.split())
    assert "The watchdog" in text
    assert "score value mean real data better" in text
    assert "recall 50.0% – 75.0% higher share of real ones" in text
    assert "a2b_frechet – – 2 lower distance between Gaussians" in text
    assert "there_l1 0.2500 0.3750 – lower mean absolute difference" in text
    assert "by hand" in text


def test_several_runs_are_compared(run: Path, tmp_path: Path) -> None:
    other = Path(copytree(run, tmp_path / "other"))
    record = json.loads((other / "run.json").read_text())
    record["config"]["lr"] = 0.5
    (other / "run.json").write_text(json.dumps(record))
    place = report([run, other], tmp_path / "both.html")
    page = Tags(place)
    text = " ".join(page.text.split())
    assert f"setting {run} {other} --lr 0.001 0.5" in text
    assert sum(found.get("class") == "chart" for _, found in page.tags) == 5
    assert "standard deviation" not in text
    third = Path(copytree(run, tmp_path / "third"))
    record["config"]["lr"], record["training"]["seed"] = 0.001, 9
    (third / "run.json").write_text(json.dumps(record))
    page = Tags(report([run, other, third], tmp_path / "three.html"))
    assert "± here is the standard deviation over seeds" in page.text
    with pytest.raises(GanzooError, match="named twice"):
        report([run, run], tmp_path / "twice.html")


def test_the_page_of_several_says_which_is_best(run: Path, tmp_path: Path) -> None:
    other = Path(copytree(run, tmp_path / "other"))
    record = json.loads((other / "run.json").read_text())
    record["config"]["lr"] = 0.5
    (other / "run.json").write_text(json.dumps(record))
    for one, value in ((run, 2.0), (other, 3.0)):
        scores = [
            {"name": name, "value": value, "better": "lower", "real": 1.0}
            for name in ("frechet", "kid")
        ]
        evaluations.store(one, 5, {"protocol": "by hand", "scores": scores})
    text = Tags(report([run, other], tmp_path / "both.html")).text
    assert "The best" in text
    assert "first by frechet, perhaps by chance: --lr 0.001, 2; behind, of too few runs" in text
    assert "the other score agrees that it is the first" in text


def test_a_folder_of_runs_stands_for_them(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as that of a sweep, as for `ganzoo compare`: the help says `ganzoo report runs/*`."""
    sweep = tmp_path / "sweep"
    runs = [Path(copytree(run, sweep / name)) for name in ("a", "b")]
    (sweep / "sweep.json").write_text("{}")
    assert report([sweep], tmp_path / "x.html").read_text() == (
        report(runs, tmp_path / "y.html").read_text()
    )
    monkeypatch.chdir(tmp_path)
    assert report([sweep]) == Path("report.html")
    with pytest.raises(GanzooError, match="is not a run directory"):
        report([sweep / "a" / "samples"], tmp_path / "z.html")


def test_each_kind_of_plus_minus_is_explained(run: Path, tmp_path: Path) -> None:
    runs = []
    for number, value in enumerate((2.0, 3.0)):
        other = Path(copytree(run, tmp_path / str(number)))
        record = json.loads((other / "run.json").read_text())
        record["training"]["seed"] = number
        (other / "run.json").write_text(json.dumps(record))
        score = {"name": "frechet", "value": value, "better": "lower", "real": 1.0}
        evaluations.store(other, 5, {"protocol": "by hand", "scores": [score]})
        runs.append(other)
    text = Tags(report(runs, tmp_path / "both.html")).text
    assert "± here is the standard deviation over seeds" in text
    assert "± here is the 95 % interval of a mean over seeds" in text


def test_it_is_said_what_each_measure_is_against(run: Path) -> None:
    assert "against the" not in Tags(report([run])).text
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"quality_protocol": "in training; x"}))
    evaluations.store(run, 5, {"protocol": "by hand", "scores": []})
    text = Tags(report([run])).text
    assert "measured against the training split, while it goes on: in training; x" in text
    assert "Evaluation of step 5, against the test split" in text


def test_thousands_of_records_make_a_page_that_is_no_larger(run: Path) -> None:
    few = report([run]).stat().st_size
    with (run / "metrics.jsonl").open("a") as file:
        for step in range(6, 20_000):
            values = {"generator_loss": math.sin(step), "discriminator_loss": math.nan}
            file.write(json.dumps({"step": step, **values}) + "\n")
    assert report([run]).stat().st_size < few + 60_000


def test_a_page_that_follows_ends_with_the_training(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        assert seconds == 7.0
        pages.append((run / "report.html").read_text())
        next(training, None)

    def trains() -> Iterator[None]:
        with Run.open(run).locked():
            yield

    pages: list[str] = []
    training = trains()
    next(training)
    monkeypatch.setattr(write.time, "sleep", sleep)
    told = [content.running for _, content in follow([run], every=7.0)]
    assert told == [True, False]
    assert 'data-follow="7.0"' in pages[0]
    assert 'http-equiv="refresh"' in pages[0]
    assert "data-follow" not in (run / "report.html").read_text()


def test_a_file_that_is_no_report_is_left_alone(run: Path, tmp_path: Path) -> None:
    precious = tmp_path / "mine.html"
    precious.write_text("mine")
    done = ganzoo("report", run, "--out", precious)
    assert (done.status, precious.read_text()) == (2, "mine")
    assert "is no report, and is left as it is: choose another --out" in done.err
    assert ganzoo("report").status == 2
    assert ganzoo("report", tmp_path / "nothing").status == 2
    assert MARK in report([run], tmp_path / "new" / "page.html").read_text()


def test_a_picture_that_is_damaged_is_left_out(run: Path) -> None:
    (run / "samples" / "00000002.png").write_bytes(b"\x89PNG\r\n\x1a\n and more")
    (run / "samples" / "real.png").write_text("no picture")
    page = Tags(report([run]))
    assert page.count("img") == 1
    assert "step 2" not in page.text.partition("Settings")[0].replace("step 2,", "")


def test_thinned_curves_keep_what_stands_out() -> None:
    points = [(step, 0.0) for step in range(10_000)]
    points[777] = 777, 5.0
    points[778] = 778, -5.0
    kept = thinned(points)
    assert len(kept) <= 402
    assert {points[0], points[777], points[778], points[-1]} <= {*kept}
    assert kept == sorted(kept)
    assert len(some([Path(str(n)) for n in range(100)], 25)) == 25


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0, 0),
        (-2, -2),
        (1, 1),
        (0.1, 0.7),
        (-3, 1e-3),
        (1e-29, 1e29),
        (-5e29, 5e29),
        (7, 7 + 1e-15),
    ],
)
def test_axes_have_few_round_numbers_around_all_values(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert ticks == sorted(set(ticks))
    assert (ticks[0] < 0) == (low < 0)
    assert ticks[0] <= low
    assert high <= ticks[-1]
    chart = Chart("x", [Line("x", [(0, low), (1, high)], 0)])
    assert all(0 <= chart.y(value) <= 300 for value in (low, high))
    assert json.dumps(chart.to_dict(), allow_nan=False)


def test_what_cannot_be_drawn_is_no_point() -> None:
    records = [
        {"step": step, "loss": value} for step, value in enumerate((math.inf, 1.0, math.nan))
    ]
    assert Line.of("loss", "loss", records, 0).points == [(1, 1.0)]


def test_pictures_that_would_take_minutes_are_reduced_or_left_out(tmp_path: Path) -> None:
    Image.new("1", (9000, 9000)).save(tmp_path / "vast.png")
    assert picture(tmp_path / "vast.png") is None
    Image.new("1", (5000, 1500)).save(tmp_path / "large.png")
    large = picture(tmp_path / "large.png")
    assert large is not None
    assert (large.width, large.height) == (2500, 750)
    Image.new("1", (2000, 2000)).save(tmp_path / "usual.png")
    usual = picture(tmp_path / "usual.png")
    assert usual is not None
    assert usual.url.startswith("data:image/png")
