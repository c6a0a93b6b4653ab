"""What a watchdog says of records, and at which steps."""

from collections.abc import Iterable

from ganzoo.training.watchdog import Watchdog

Record = dict[str, float]


def said(dog: Watchdog, seen: Iterable[Record]) -> list[tuple[int, str]]:
    return [(int(record["step"]), line) for record in seen for line in dog.see(record)]
