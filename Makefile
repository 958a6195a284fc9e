# Everything runs in .venv, which the first command makes: `make help` lists them.
# Paths are relative, so that a clone whose path has a space works.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
SPARK := $(VENV)/.spark
BROWSER := $(VENV)/.browser
PYTEST ?=
SHARED := -n auto --dist loadfile --no-loadscope-reorder
UPGRADE ?=
LOANS ?= 1000000
KEEP ?=
KEPT = $(if $(KEEP),--keep $$(date -u +%F))
LOCK := $(RUN) -m uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test check docs lock soak bench-night bench-law bench-peers bench-few bench-fork bench-packs bench-sale bench-people bench-gate bench-attack bench-web bench-inquiry bench-spark bench-plot clean

help: ## Say what each command does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

$(READY): pyproject.toml requirements/dev.txt requirements/uv.txt tools/setup.py
	@$(PYTHON) tools/setup.py

$(SPARK): $(READY) requirements/spark.txt
	@$(PYTHON) tools/setup.py spark

demo: $(READY) ## Make a synthetic book, plan its night, and say where the report is.
	@$(VENV)/bin/duecourse demo

$(BROWSER): $(READY)
	@$(PYTHON) tools/setup.py browser

test: $(SPARK) $(BROWSER) ## Run every test. PYTEST="-k kiva" adds options.
	@$(RUN) -m pytest $(SHARED) $(PYTEST)

check: $(SPARK) ## Lint, format, types, and the generated documents.
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) tools/reference.py --check

docs: $(READY) ## Write docs/reference anew from the code.
	@$(RUN) tools/reference.py

lock: $(READY) ## Lock the requirements anew, with hashes and no address. UPGRADE=--upgrade for newer ones.
	@$(LOCK) requirements/uv.in --output-file requirements/uv.txt
	@$(LOCK) pyproject.toml requirements/dev.in --output-file requirements/dev.txt
	@$(LOCK) requirements/spark.in --constraint requirements/dev.txt --output-file requirements/spark.txt

soak: $(SPARK) $(BROWSER) ## The random tests, many times longer and with new seeds.
	@DUECOURSE_SOAK=1 $(RUN) -m pytest $(SHARED) $(PYTEST)

bench-night: $(READY) ## Time the night over its floor. LOANS=100000 for less, KEEP=1 to keep the result.
	@$(RUN) -m bench.night --loans $(LOANS) $(KEPT) --json

bench-law: $(READY) ## Time the night with every rulebook over the night without law.
	@$(RUN) -m bench.night_law --loans $(LOANS) $(KEPT) --json

bench-peers: $(READY) ## Time the night beside pandas, Polars, DuckDB and Python by hand.
	@$(RUN) -m bench.peers --loans $(LOANS) $(KEPT) --json

bench-few: $(READY) ## Time a run over one borrower in a hundred beside the whole night.
	@$(RUN) -m bench.few --loans $(LOANS) $(KEPT) --json

bench-fork: $(READY) ## Time the fork of a million borrowers beside NumPy.
	@$(RUN) -m bench.fork $(KEPT) --json

bench-packs: $(READY) ## Time claim packs for ten thousand borrowers.
	@$(RUN) -m bench.packs --borrowers 10000 --json

bench-sale: $(READY) ## Time a sale of 100,000 debts, built, closed and put back, and check its sums.
	@$(RUN) -m bench.sale --loans 100000 --json

bench-people: $(READY) ## Time a load of people over a bare COPY of rows of the same size.
	@$(RUN) -m bench.people $(KEPT) --json

bench-gate: $(READY) ## Time the gate over a bare insert of the same rows, with a million borrowers.
	@$(RUN) -m bench.gate $(KEPT) --json

bench-inquiry: $(READY) ## Time the inquiry: 2,000 lenders, 20 million entries, 64 clients. KEEP=1 to keep the result.
	@$(RUN) -m bench.inquiry $(KEPT) --json

bench-web: $(READY) ## Time the desk's pages on a store of a million borrowers and twenty million events.
	@$(RUN) -m bench.web $(KEPT) --json

bench-attack: $(READY) ## Attack the day with many workers, kill them and the server, and count anew.
	@$(RUN) -m bench.attack --attempts 200000 --workers 32 --borrowers 500 --json

bench-plot: $(READY) ## Draw the results that were kept into docs/images.
	@$(RUN) -m bench.plot

bench-spark: LOANS = 100000
bench-spark: $(SPARK) ## Time the night on Spark over the same on DuckDB, for 100,000 loans unless said.
	@$(RUN) -m bench.spark --loans $(LOANS) $(KEPT) --runs 3 --json

clean: ## Remove what runs leave behind; .venv stays.
	@rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
