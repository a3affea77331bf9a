# `make demo` and `make test` need Python 3.11 or newer and nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A virtual environment that already has everything (made by a stamp below).
RUN_STAMP := $(VENV)/.run-requirements
DEV_STAMP := $(VENV)/.dev-requirements
BROWSER_STAMP := $(VENV)/.browser-requirements
CAMPAIGN_STAMP := $(VENV)/.campaign-requirements
LOCK := $(BIN)/uv pip compile pyproject.toml --python-version 3.11 \
	--universal --generate-hashes --no-header -q

.DEFAULT_GOAL := help
.PHONY: help venv test test-browser screenshots texts check demo bench bench-full campaign lock schema

help: ## show this
	@echo "make demo         see it work, against a sandbox; ONCE=1 to leave when done"
	@echo "make test         run all tests"
	@echo "make test-browser try the console in Chromium; make screenshots draws its pages"
	@echo "make texts        gather the console's words into its catalogs"
	@echo "make check        lint, format, types, layers"
	@echo "make bench        measure, in two minutes; make bench-full in an hour"
	@echo "make campaign     prove what is promised, for hours; DOSE=ci for minutes"
	@echo "make schema       renew mappings/schema and the tables of mappings/README.md"
	@echo "make venv         only make the virtual environment, $(VENV)"
	@echo "make lock         renew requirements.txt and requirements-dev.txt"

venv: $(DEV_STAMP)

demo: $(RUN_STAMP)
	@$(BIN)/python -m bridge.demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -q -n 2 $(TESTS)

test-browser: $(BROWSER_STAMP)
	$(BIN)/python -m pytest -q tests/browser $(TESTS)

screenshots: $(BROWSER_STAMP)
	$(BIN)/python -m tests.browser.screenshots

texts: $(DEV_STAMP)
	$(BIN)/python -m tests.web.console.test_texts

check: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV_STAMP)
	$(BIN)/python -m bench.run $(BENCH)

bench-full: $(DEV_STAMP)
	$(BIN)/python -m bench.run --full $(BENCH)

campaign: $(if $(filter ci,$(DOSE)),$(DEV_STAMP),$(CAMPAIGN_STAMP))
	$(BIN)/python -m bench.campaign --dose $(or $(DOSE),full)

schema: $(DEV_STAMP)
	$(BIN)/python -m tests.test_schema
	$(BIN)/python -m tests.test_docs

lock: $(DEV_STAMP)
	test -x $(BIN)/uv || $(PIP) install uv
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -o requirements-dev.txt
	$(LOCK) --group dev --group browser -o requirements-browser.txt
	$(LOCK) --group dev --group campaign -o requirements-campaign.txt

$(BIN)/python:
	@"$(or $(PYTHON),python3)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(RUN_STAMP): requirements.txt | $(BIN)/python
	@test $(DEV_STAMP) -nt requirements.txt \
		|| $(PIP) install --require-hashes -r requirements.txt
	@touch $@

$(DEV_STAMP): requirements-dev.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(BROWSER_STAMP): requirements-browser.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-browser.txt
	@touch $@

$(CAMPAIGN_STAMP): requirements-campaign.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-campaign.txt
	@touch $@
