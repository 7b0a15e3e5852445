# Two commands for a newcomer: `make demo` and `make test`. Everything happens inside .venv;
# the only thing needed beforehand is Python 3.11 or newer with its venv module.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
export OMP_NUM_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test lint slow docs wheel fuzz bench golden readme clean python

help: ## Show what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# --- environments ----------------------------------------------------------------------------

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "causaldsl needs Python 3.11 or newer; $(PYTHON) is not. Name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) lacks its venv module. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

# torch comes first and pinned: an open requirement would fetch gigabytes for graphics cards.
$(VENV)/torch: constraints.txt | python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing torch (a few minutes the first time)"
	@$(PIP) install "$$(grep '^torch==' constraints.txt)" -c constraints.txt
	@touch $@

$(VENV)/run: $(VENV)/torch pyproject.toml
	@echo "installing causaldsl"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/dev: $(VENV)/run
	@echo "installing what the tests need"
	@$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/docs: $(VENV)/run
	@echo "installing what the documentation needs"
	@$(PIP) install -c constraints.txt -e ".[docs]"
	@touch $@

# --- the main job -----------------------------------------------------------------------------

demo: $(VENV)/run ## Check, draw, compile, fit, ask "what if", compare: on data drawn on the spot
	@PATH="$(CURDIR)/$(BIN):$$PATH" ./demo.sh

# --- checks ------------------------------------------------------------------------------------

test: $(VENV)/dev lint ## Format, lint, types, and the quick tests
	@$(BIN)/python -m pytest -m "not slow" -n 2 -q

lint: $(VENV)/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

slow: $(VENV)/dev ## Real fits (set CAUSALDSL_DATA to the folder of the public sets)
	@$(BIN)/python -m pytest -m slow -n 2 -q

docs: $(VENV)/docs ## Build the documentation into docs/_build/html; a warning is an error
	@$(BIN)/python -m sphinx -W --keep-going -b html -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

# A second environment, outside the checkout, that knows the wheel alone.
wheel: $(VENV)/dev ## Build the wheel, install it elsewhere, run it there
	@rm -rf dist && $(PIP) wheel --no-deps -c constraints.txt -w dist .
	@./.ci/wheel "$(PYTHON)" dist/*.whl

fuzz: $(VENV)/dev ## Wrong texts by the thousand: a diagnostic, never a traceback
	@$(BIN)/python benchmarks/fuzz.py

bench: $(VENV)/dev ## Every benchmark in its short form (those on real data need CAUSALDSL_DATA)
	@for script in $$(grep -l __main__ benchmarks/*.py | grep -vE 'fuzz|results'); do \
	  if grep -q law_table "$$script" && [ -z "$$CAUSALDSL_DATA" ]; then \
	    echo "== $$script: left out, it needs the Law School table"; continue; fi; \
	  echo "== $$script"; $(BIN)/python "$$script" --smoke || exit 1; \
	done

# --- generated text ----------------------------------------------------------------------------

golden: $(VENV)/dev ## Rewrite the expected messages; review the difference like code
	@$(BIN)/python -m pytest -q -m "not slow" --update-golden tests

readme: $(VENV)/run ## Bring the pictures and the demo's output in README.md up to date
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/transcript.py

clean: ## Remove what was built
	@rm -rf $(VENV) demo dist build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
