# Set-up, the main job, the tests. Pip is enough: no system package is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: venv check test lint clients browser storm hostile long fast clean

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $(STAMP)

check: venv
	$(BIN)/fencepost check

test: venv
	$(BIN)/python -m pytest -n auto --dist worksteal

# Clients that need Node, Java or kcat; each family that is not there is listed with the reason.
clients: venv
	$(BIN)/python -m tests.clients.foreign

# The report, opened in a headless Chromium.
browser: venv
	$(BIN)/python -m pytest -n 0 -m chromium tests/report

# Ten minutes of live failures, judged.
storm: venv
	$(BIN)/fencepost storm --budget 10m

# A hundred thousand hostile inputs at a running broker.
hostile: venv
	$(BIN)/python -m pytest -n 0 -m long -rP tests/server/test_hostile.py

# Every test marked long.
long: venv
	$(BIN)/python -m pytest -n 0 -m long

# The simulator compiled, in build/fast, for long campaigns: some minutes, and a C compiler. Nothing needs it.
fast: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt 'mypy>=1.18' 'setuptools>=65'
	$(BIN)/python -m tests.bench.compiled

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) report build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
