"""The games that are compared and timed, and what was asked of their speed."""

from __future__ import annotations

from ganzoo.bench.speed.spec import Entrant, Game
from gpu.steps.told import DEVICE, REHEARSING

GAMES = {
    "vanilla 28": Game("vanilla", image_size="28", batch_size=64, device=DEVICE),
    "dcgan 32": Game("dcgan", image_size="32", batch_size=64, device=DEVICE),
    "dcgan 64": Game("dcgan", image_size="64", batch_size=128, device=DEVICE),
    "cyclegan 256": Game("cyclegan", "glyphs+ink", image_size="256", batch_size=1, device=DEVICE),
}
SMALL = {
    "vanilla": {"generator_widths": "8", "discriminator_widths": "8"},
    "dcgan": {"width": "2"},
    "cyclegan": {"width": "2", "blocks": "1"},
}
GOALS = {"vanilla 28": (15, 6), "dcgan 32": (10, 4), "dcgan 64": (4, 2), "cyclegan 256": (2, 1.8)}
"""How many times as fast as the typical script and as the careful loop the best mode should be."""

EAGER, COMPILE, GRAPH = (Entrant(mode=mode) for mode in ("eager", "compile", "graph"))
BEST = Entrant(mode="graph+compile", precision="bf16")


def game(name: str) -> Game:
    """One of `GAMES`; for a rehearsal on small images, and by small networks."""
    played = GAMES[name]
    if not REHEARSING:
        return played
    return Game(
        played.variant,
        played.dataset,
        image_size="32",
        batch_size=2,
        device=DEVICE,
        settings=SMALL[played.variant],
    )
