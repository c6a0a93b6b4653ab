"""A plugin whose claims can be reproduced in seconds."""

from collections.abc import Callable
from pathlib import Path

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

NEEDS = ((Need(("point",)),),)


@hookimpl
def ganzoo_register_variants():
    return [
        VariantSpec("toy", "ganzoo_toy.variant:Toy", "Toys", 2026, needs=NEEDS),
        VariantSpec("toy-too", "ganzoo_toy.variant:Toy", "Toys, continued", 2027, needs=NEEDS),
    ]
"""

VARIANT = """
import os
import time

from ganzoo_vanilla.variant import Vanilla


class Toy(Vanilla):
    def generator_loss(self, batch):
        time.sleep(float(os.environ.get("TOY_PAUSE", "0")))
        return super().generator_loss(batch)
"""

ARM = {
    "dataset": '"ring8"',
    "generator_widths": "[8]",
    "discriminator_widths": "[8]",
    "steps": "5",
    "batch_size": "16",
    "log_every": "1",
}


def claim(
    name: str = "modes",
    measure: str = '{ evaluate = "modes", n = 50 }',
    holds: str = "{ at_least = 0 }",
    arms: str = "",
    **more: str,
) -> str:
    """The lines of a claim that is in order, of which some may be others; values as TOML has them.

    A value that is empty leaves its key out.
    """
    lines = {
        "id": f'"{name}"',
        "variant": '"toy"',
        "says": '"Toys are fun."',
        "quantity": '"modes of 8"',
        "paper": '"Toy 2026, table 1"',
        "number": '"8"',
        "minutes": "0.2",
        "seeds": "1",
        "measure": measure,
        "holds": holds,
        **more,
    }
    head = "\n".join(f"{key} = {value}" for key, value in lines.items() if value)
    return f"[[claim]]\n{head}\n{arms or arm()}\n"


def arm(name: str = "ours", **settings: str) -> str:
    """The lines of an arm: the smallest training, of which some settings may be others."""
    lines = "\n".join(f"{key} = {value}" for key, value in {**ARM, **settings}.items() if value)
    return f"[claim.arms.{name}]\n{lines}\n"


def install_toy(install: Callable[..., None], site: Path, *claims: str) -> Path:
    """Put the plugin where it is found, with its claims; returns the folder of its package."""
    install("toy", INIT, VARIANT)
    package = site / "ganzoo_toy"
    (package / "claims.toml").write_text("\n".join(claims))
    return package
