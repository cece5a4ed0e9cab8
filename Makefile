# Each target makes what it needs: on a fresh machine with Python 3.11 or later `make demo` or `make test` is all.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
PREDICTOR_VENV := .venv-predictor
BENCH ?=
DEMO_EPOCHS ?= 7
QUICK := not slow and not photos and not browser and not distributed

.PHONY: install demo test check lint docs predictor format graphs bench clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --constraint $(CONSTRAINTS) torch torchvision
	$(BIN)/pip install --constraint $(CONSTRAINTS) --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/unfreeze train --sample digits --max-epochs $(DEMO_EPOCHS)

# in two processes, each file in one of them
test: install
	$(BIN)/pytest -n 2 --dist loadfile

check: lint
	$(BIN)/pytest -n 2 --dist loadfile -m "$(QUICK)"

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet src

# pages that open without a network: build/site/index.html
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# what a machine needs that only predicts, without torch
predictor: $(PREDICTOR_VENV)/installed

$(PREDICTOR_VENV)/installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(PREDICTOR_VENV)
	$(PREDICTOR_VENV)/bin/pip install --constraint $(CONSTRAINTS) .
	touch $@

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

graphs: install
	$(BIN)/python scripts/make_graphs.py

# make bench BENCH="--rounds 1 --only extraction,steps --train 60 --valid 40" for a quick look
bench: install $(BENCH_VENV)/installed
	$(BIN)/python -m benchmarks $(BENCH)

$(BENCH_VENV)/installed: benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --requirement benchmarks/requirements.txt
	touch $@

clean:
	rm -rf $(VENV) $(BENCH_VENV) $(PREDICTOR_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
