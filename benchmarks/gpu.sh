#!/usr/bin/env bash
# On a machine with a CUDA device, from a plain copy of this tree, in under eight minutes: the tests
# that need the device, a few more checks, the speed of the engine's modes, and digits to quality.
#
#   benchmarks/gpu.sh [RESULTS] [--data-root FOLDER] [--limit SECONDS] [--rehearse] [--only STEP]...
#
# RESULTS (default: $OUT, else benchmarks/results) gets `gpu.md`, a page that is written anew whenever
# a step begins or ends, and says what to bring home. Nothing is installed and nothing is fetched:
# what python3 lacks (rich-click and platformdirs, say; the page names it) is taken from wheels in
# $WHEELS (default: .whl). `--rehearse` plays it all without a GPU, on tiny networks, and measures
# nothing. `--help` says more.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHONPATH=benchmarks${PYTHONPATH:+:$PYTHONPATH} exec "${PYTHON:-python3}" -m gpu "$@"
