"""A claim carried out: trained, measured, judged, and described as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ganzoo.claims.claim import Arm, Claim, Evaluated
from ganzoo.claims.measuring import measured
from ganzoo.claims.training import LostTraining, Place, check_arm, shown_command, trained, versions
from ganzoo.claims.verdict import Findings, judge
from ganzoo.errors import GanzooError, counted, lasting
from ganzoo.runs.duration import training_seconds
from ganzoo.runs.run import Run

Result = dict[str, Any]


def check(claims: Sequence[Claim], file: Path) -> None:
    """See to it that all arms can be trained as the file says, before the first one is.

    Raises:
        GanzooError: one cannot.
    """
    for claim in claims:
        for arm in claim.arms:
            if not arm.made_by:
                check_arm(arm, f"{file}, claim {claim.id}")


def reproduce(claim: Claim, place: Place, seeds: int, command: str) -> Result:
    """Carry out a claim, as far as that is not done.

    Args:
        claim: any.
        place: where, and with which data.
        seeds: trainings of each arm, with the seeds 0, 1, ...
        command: by which the user asked for it.

    Returns:
        What was found, as `describe` says.
    """
    found = Findings()
    try:
        _announce(claim, place, seeds)
        for seed in range(seeds):
            for arm in claim.arms:
                _find(claim, arm, seed, place, found)
    except LostTraining as error:
        found.lost = f"{arm.name}, seed {seed}: {error}"
    except GanzooError as error:
        found.prevented = str(error)
    return describe(claim, found, command, range(seeds))


def _announce(claim: Claim, place: Place, seeds: int) -> None:
    """Say what is to be trained, before it begins."""
    arms = [arm for arm in claim.arms if not arm.made_by]
    new = [arm for arm in arms for seed in range(seeds) if not place.path(arm, seed).exists()]
    if new:
        seconds = 60 * claim.minutes * len(new) / (len(arms) * claim.seeds)
        names = " and ".join(dict.fromkeys(arm.name for arm in new))
        trainings = f"{counted(len(new), 'training')} of {names}"
        place.tell(f"claim {claim.id}: {trainings}, some {lasting(seconds)} of two cores", "")


def _find(claim: Claim, arm: Arm, seed: int, place: Place, found: Findings) -> None:
    """Train and measure one seed of one arm.

    Raises:
        GanzooError: it cannot be done, or the protocol is another one than before.
    """
    path = trained(place, arm, seed)
    number = measured(place, arm, path, claim.measure)
    if found.protocol and found.protocol != number.protocol:
        raise GanzooError(
            f"{path} was measured by another protocol ({number.protocol}) than the runs before it "
            f"({found.protocol}): their numbers cannot be compared"
        )
    found.protocol = number.protocol
    found.values.setdefault(arm.name, []).append(number.value)
    if path.is_dir():
        run = Run.open(path)
        found.minutes.setdefault(arm.name, []).append(training_seconds(path) / 60)
        found.versions |= versions(run)
        found.device = str(run.settings.get("device", ""))
    if arm is claim.arms[0] and found.real is None:
        found.real = number.real


def describe(claim: Claim, found: Findings, command: str, seeds: Sequence[int]) -> Result:
    """A claim and what it has come to, as JSON has it; what ships with a plugin.

    Args:
        claim: any.
        found: what was measured for it.
        command: by which.
        seeds: that were asked for.
    """
    flags = claim.measure.flags if isinstance(claim.measure, Evaluated) else None
    commands = [line for arm in claim.arms for line in shown_command(arm, flags)]
    return {
        "claim": claim.id,
        "variant": claim.variant,
        "says": claim.says,
        "quantity": claim.quantity,
        "paper": claim.paper,
        "number": claim.number,
        "must_be": claim.must,
        "percent": claim.percent,
        "differences": claim.differences,
        "digest": claim.digest,
        "verdict": judge(claim, found),
        "reason": found.prevented or found.lost,
        "values": found.values,
        "seeds": [*seeds],
        "seeds_claimed": claim.seeds,
        "seeds_that_hold": _holding(claim, found.values),
        "real": found.real,
        "protocol": found.protocol,
        "minutes": found.minutes,
        "versions": found.versions,
        "device": found.device,
        "date": date.today().isoformat(),
        "made_by": command,
        "commands": [*dict.fromkeys(commands)],
    }


def _holding(claim: Claim, values: Mapping[str, Sequence[float]]) -> int | None:
    """How many seeds would do by themselves; None, where an arm is compared with another."""
    if claim.holds.of:
        return None
    return sum(claim.holds.holds(value) for value in values.get(claim.arms[0].name, ()))
