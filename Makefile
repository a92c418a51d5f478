# Thin on purpose: every target calls the program, pytest or the linters.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Threads that spin while they wait starve whatever else runs on the machine.
export OMP_WAIT_POLICY ?= PASSIVE
INSTALLED := $(VENV)/.installed
# Behind a company's proxy only the system's certificates know its authority: the second try.
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python \
    --constraint constraints.txt --editable '.[dev]'

.PHONY: install demo test lint bench

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "shopgraph needs Python 3.11 or later; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(UV_INSTALL) || UV_SYSTEM_CERTS=true $(UV_INSTALL)
	@touch $@

demo: install
	$(BIN)/shopgraph demo

# Two at a time, each with a server of its own; a file's tests stay together.
test: install
	$(BIN)/pytest -n 2 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/shopgraph benchmark quality ../shared/data/online_retail/lines.csv.gz \
	    --protocol forward --cutoff 2011-09-01 --ablations
