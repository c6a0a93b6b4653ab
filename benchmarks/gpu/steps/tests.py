"""Some of the tests that need a GPU."""

from __future__ import annotations

import sys

import pytest

from gpu.steps.collect import OPTIONS
from gpu.steps.told import REHEARSING


class Count:
    """A plugin of pytest: how many tests were not skipped."""

    ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += report.when == "call" and not report.skipped


def main() -> None:
    """Run the tests that are named; they fail if all are skipped, but for a rehearsal."""
    count = Count()
    status = pytest.main([*OPTIONS, "-ra", *sys.argv[1:]], plugins=[count])
    if not count.ran and not REHEARSING:
        sys.exit("no test was run")
    sys.exit(status)


if __name__ == "__main__":
    main()
