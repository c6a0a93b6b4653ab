# `make demo` trains a DCGAN and shows what it made; `make test` runs the whole test suite.
# Both set everything up by themselves in .venv, which needs only Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)

.PHONY: install demo test lint benchmark clean

install: .venv/installed

.venv/installed: pyproject.toml $(PLUGINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ganzoo needs Python 3.11 or newer: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet \
		--editable '.[test]' $(foreach p,$(PLUGINS),--editable $(dir $(p)))
	@touch $@

demo: install
	$(BIN)/ganzoo train dcgan --dataset glyphs --lr 1e-3 --steps 2000

test: install lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy ganzoo $(wildcard plugins/*/ganzoo_*)

benchmark: install
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
