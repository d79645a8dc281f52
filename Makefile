# Every target but `clean` sets up what it needs from nothing: Python 3.11 or later, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto
# Bytecode is kept, also where the environment says otherwise: only what is imported is compiled.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo test quick slow lint docs docs-serve bench bench-peers clean

install: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable ".[demo]" --group dev --group docs
	touch $(READY)

demo: install  ## prove a group, train its network on real digits, draw what it sees
	$(BIN)/groupconv demo

test: install  ## every test, and every example of the docs and the docstrings
	$(PYTEST)

QUICK := tests/algebra tests/transforms tests/nn/test_oracle.py tests/nn/test_bank.py \
	tests/test_planted_defects.py tests/test_calls.py tests/test_package.py

quick: install  ## the mathematics, the tables and the bank; not the proofs, layers and commands
	$(PYTEST) -q $(QUICK)

slow: install  ## what keeps a compiler busy for minutes: every layer, compiled and packaged
	$(PYTEST) -m slow

lint: install  ## style, types, and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: install  ## the site, in site/
	$(BIN)/python -m docs.generate
	$(BIN)/mkdocs build --strict --quiet

docs-serve: install  ## the site at http://127.0.0.1:8000, built anew when a page changes
	$(BIN)/python -m docs.generate
	$(BIN)/mkdocs serve

bench: install  ## layers and networks against the planar convolutions that bound them
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.training

PEERS := .venv-peers
bench-peers: $(PEERS)/.ready  ## the same layers in escnn, in an environment of its own
	$(PEERS)/bin/python -m benchmarks.peers

$(PEERS)/.ready: pyproject.toml constraints.txt
	@command -v gfortran >/dev/null || { echo "escnn needs a Fortran compiler: install gfortran"; exit 1; }
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet "$$(grep ^torch== constraints.txt)" "numpy<2" escnn click rich
	$(PEERS)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) site docs/generated build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
