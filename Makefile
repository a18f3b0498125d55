# One way to run each thing. `make help` lists them; CI calls the same targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
JOBS ?= 2
BIN := $(VENV)/bin
PACKAGES = chengxin foundation services gateway standalone scripts
PROTOS = $(shell cd proto && find chengxin -name '*.proto' | sort)
BASELINE := proto/baseline.binpb

.DEFAULT_GOAL := help
.PHONY: help setup demo up bench test looks chaos canary lint format proto proto-fresh docs clean

help: ## Show what there is to run
	@echo "Chengxin: public credit information, shared only as far as the law allows, and no longer."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@echo "First time: make demo. It sets up what it needs: Python 3.11 or newer with venv, and the package index."

setup: $(VENV)/ready ## Make the virtual environment with everything pinned

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: install it, then make setup PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "Python's venv is missing: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock pins; the first time takes a minute or two ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

demo: setup ## Play the whole story on a sample house (ONCE=1 REPORT=report.json plays it once and stops; KEYS=openbao)
	@$(BIN)/chengxin demo $(if $(ONCE),--once) $(if $(KEYS),--keys $(KEYS)) $(if $(REPORT),--report $(REPORT))

up: setup ## Start a sample house in the foreground
	@$(BIN)/chengxin up --sample

test: setup ## Run all tests on real engines (ENGINE=docker for containers; JOBS=2 processes, 0 for one)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=20 $(TESTS)

looks: setup ## Walk through the pages in all eight ways of looking: language, width, with and without scripts
	@CHENGXIN_LOOKS=all $(BIN)/python -m pytest tests/browser

chaos: setup ## Kill rotators and sequencers at every step, at every office; make test does so at one
	@CHENGXIN_CHAOS=long $(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/services/keys tests/services/audit/test_sequencers_are_killed.py

canary: setup ## Look for personal values in clear, everywhere (LEAK=log, database or redis plants one first)
	@CHENGXIN_CANARY=whole CHENGXIN_CANARY_LEAK=$(LEAK) $(BIN)/python -m pytest tests/canary -q

lint: setup proto-fresh ## Check style, types, import rules, contract, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/pyright
	@$(BIN)/python -m scripts.documents --check

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

proto: setup ## Generate messages and stubs from the contract
	@mkdir -p build
	@$(BIN)/buf build proto -o build/contract.binpb
	@PATH=$(BIN):$$PATH $(BIN)/python -m grpc_tools.protoc --descriptor_set_in=build/contract.binpb \
		--python_out=$(or $(OUT),.) --grpc_python_out=$(or $(OUT),.) --mypy_out=quiet:$(or $(OUT),.) \
		--mypy_grpc_out=quiet:$(or $(OUT),.) $(PROTOS)

proto-fresh: setup ## Lint the contract, refuse breaking changes and stale generated code
	@$(BIN)/buf lint proto
	@$(BIN)/buf breaking proto --against $(BASELINE)
	@rm -rf build/fresh && mkdir -p build/fresh
	@$(MAKE) --no-print-directory proto OUT=build/fresh
	@cd build/fresh && find . -type f | while read -r f; do \
		cmp -s "$$f" "../../$$f" || { echo "$$f is stale: run make proto" >&2; exit 1; }; done

docs: setup ## Generate docs/refusals.md, docs/settings.md, docs/clauses.md and the gateway's API document
	@$(BIN)/python -m scripts.documents
	@$(BIN)/python -m gateway.openapi

clean: ## Remove what can be made again
	@rm -rf $(VENV) build dist test-output .pytest_cache .ruff_cache .hypothesis .import_linter_cache

bench: setup ## Measure houses of its own and print the table of all figures (ROW=check: that one; JSON=1)
	@$(BIN)/chengxin bench $(or $(ROW),all) $(if $(JSON),--json)
