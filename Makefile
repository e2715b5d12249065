# Every target does all of its own set-up; `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test lint types bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

$(VENV)/.ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

setup: $(VENV)/.ready ## Python packages, Node, browser, bubblewrap, the template's dependency store
	$(BIN)/eval-pipeline setup

demo: setup ## today's loop, from prompts to the report
	$(BIN)/eval-pipeline run $(if $(GENERATORS),--generators $(GENERATORS)) $(if $(MAX_APPS),--max-apps $(MAX_APPS))

dev: setup ## the Dagster UI, with the demo's runs in it
	$(BIN)/eval-pipeline dev

lint: $(VENV)/.ready ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready ## pyright
	$(BIN)/pyright

test: setup lint types ## lint, types and the whole suite, browser included
	$(BIN)/pytest $(PYTEST_ARGS)

bench: setup ## the figures of docs/BENCHMARKS.md
	$(BIN)/python -m benchmarks

lock: ## resolve the Python packages anew into requirements.lock
	$(BIN)/uv lock && $(BIN)/uv export --frozen --no-emit-project --all-groups --no-header -o requirements.lock && rm uv.lock

clean: ## remove the virtual environment; the home is yours
	rm -rf $(VENV) .tools
