# install: .venv with the pinned packages and fbbackup itself. demo, test, lint, bench, sweep: each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
JOBS ?= 2

.PHONY: install demo test lint bench sweep canary screenshots pins clean

install: $(VENV)/.runtime

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fbbackup needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned packages into $(VENV)"
	@$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@PYTHONWARNINGS='ignore:Editable installation' $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "installing the pinned development packages into $(VENV)"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

demo: install
	@$(BIN)/fbbackup demo

test: $(VENV)/.dev
	@scripts/debian-packages test
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -rs

lint: $(VENV)/.dev
	@$(BIN)/ruff check fbbackup tests benchmarks
	@$(BIN)/ruff format --check fbbackup tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev
	@scripts/debian-packages bench
	@$(BIN)/python -m benchmarks

sweep: $(VENV)/.dev
	@scripts/debian-packages test
	@FBBACKUP_SWEEP=1 $(BIN)/python -m pytest -n $(JOBS) -rs -m sweep

canary: $(VENV)/.dev
	@FBBACKUP_CANARY=1 $(BIN)/python -m pytest -n $(JOBS) -o log_level=DEBUG

screenshots: $(VENV)/.dev
	@scripts/debian-packages test
	@$(BIN)/python scripts/screenshots

pins: $(VENV)/.dev
	@scripts/pins $(BIN)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
