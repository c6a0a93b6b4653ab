"""A small program in the place of ``python -m ganzoo``, which makes runs as it does."""

from pathlib import Path

from ganzoo.bench.quality.measure import Budget, Request

STUB = '''
"""Trains "good", "slow" and "endless" until they are stopped, "slow" once.

"diverging" and "collapsing" do so, "unsuited" is refused.
"""
import json, signal, struct, sys, time
from datetime import datetime
from pathlib import Path

here = Path(__file__).parent
command, *args = sys.argv[1:]
with (here / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
flags = dict(zip(args, args[1:]))


def log(message):
    with (run / "log.txt").open("a") as file:
        file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {message}\\n")


def save(step):
    folder = run / "checkpoints" / f"{step:08d}"
    folder.mkdir(parents=True, exist_ok=True)
    head = b'{"feed.drawn": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}}'
    content = struct.pack("<Q", len(head)) + head + struct.pack("<q", 5 * step)
    (folder / "state.safetensors").write_bytes(content)


def close(outcome):
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"outcome": outcome}))


if command == "evaluate":
    run = Path(args[0])
    content = json.loads((run / "run.json").read_text())
    value = 10.0 + content["training"]["seed"]
    score = {"name": "frechet", "value": value, "better": "lower", "real": 0.5}
    step = max(int(path.name) for path in (run / "checkpoints").iterdir())
    print(json.dumps({"run": str(run), "step": step, "protocol": "P", "scores": [score]}))
    sys.exit()

name = args[0]
if name == "unsuited":
    sys.exit("ganzoo: error: unsuited needs labelled data")
if "--resume" in flags:
    run = Path(flags["--resume"])
    name = json.loads((run / "run.json").read_text())["variant"]["name"]
else:
    run = Path(flags["--out"])
    run.mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "run.json").write_text(json.dumps({
        "variant": {"name": name, "plugin": "ganzoo-stub", "version": "1.0"},
        "config": {},
        "training": {"seed": int(flags["--seed"]), "steps": 7, "batch_size": 64},
        "data": {"name": "glyphs", "shape": [1, 28, 28], "classes": 10, "samples": 9},
        "device": "cpu",
        "versions": {"torch": "2.0"},
    }))
    save(0)
if name == "endless":
    time.sleep(0.5)  # as an import takes, in which nothing handles a signal
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
log("step 0 of 7: training")
if name in ("diverging", "collapsing"):
    outcome = {"diverging": "diverged", "collapsing": "collapsed"}[name]
    close(outcome)
    sys.exit(f"ganzoo: error: training {outcome}: see for yourself")
if name == "endless" or (name == "slow" and "--resume" not in flags):
    (here / "slow").touch()
    while not stopped:
        time.sleep(0.02)
    time.sleep(0.2)
    save(3)
    log(f"step 3: stopped after {len(stopped)} signals")
    close("stopped")
    sys.exit(130)
save(7)
log("step 7: finished")
close("finished")
'''

MACHINE = {"device": "A Processor", "cores": 4, "threads": 2}


def silent(what: str, news: str) -> None:
    """A report that nobody reads."""


def request(folder: Path, budget: str | None = "7", *flags: str) -> Request:
    return Request(Budget.parse(budget), folder / "runs", flags)
