# The three doors of this repository. Each works from a bare clone with Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.PHONY: demo test check format clean

demo: $(VENV)/.demo-installed  ## analyse a photograph and a short clip; results and pictures in ./demo
	$(BIN)/python tools/demo.py

# A process a core, each with one thread.
test: export OMP_NUM_THREADS ?= 1
test: $(VENV)/.dev-installed  ## every test, doctests included
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/.dev-installed  ## format, lint and types
	$(BIN)/ruff format --check src tests tools
	$(BIN)/ruff check src tests tools
	$(BIN)/mypy

format: $(VENV)/.dev-installed  ## rewrite the sources in the house format
	$(BIN)/ruff format src tests tools
	$(BIN)/ruff check --fix src tests tools

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

# The demo needs the core and scikit-image (for the astronaut, a public-domain photograph); no torch, no compiler.
$(VENV)/.demo-installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e . scikit-image
	touch $@

$(VENV)/.dev-installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache
