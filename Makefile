# Two commands matter to a newcomer: `make demo` and `make test`. Both set everything up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
export ARCADE_USAGE_TRACKING := 0
export ARCADE_DISABLE_AUTOUPDATE := 1

.PHONY: help install demo example test lint types evals bench constraints clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# The demo needs less than the tests, so a newcomer waits less for it.
$(VENV)/.demo: pyproject.toml constraints/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the demo into $(VENV) ..."
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(BIN)/python -c constraints/dev.txt -e '.[client,engine]'; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints/dev.txt -e '.[client,engine]'; fi
	@touch $@

$(VENV)/.dev: pyproject.toml constraints/dev.txt $(VENV)/.demo
	@echo "installing the development tools into $(VENV) ..."
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(BIN)/python -c constraints/dev.txt -e '.[dev]'; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints/dev.txt -e '.[dev]'; fi
	@touch $@

install: $(VENV)/.dev ## everything a developer needs, into .venv

demo: $(VENV)/.demo ## two people, one agent, one worker, on this machine
	@$(BIN)/arcade-gmail-multiuser demo

example: $(VENV)/.dev ## the sample application, on http://127.0.0.1:8000
	@$(BIN)/python -m examples.fastapi_app

test: $(VENV)/.dev ## all tests
	@$(BIN)/python -m pytest -q

lint: $(VENV)/.dev ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

evals: $(VENV)/.dev ## the eval suites against a scripted model
	@$(BIN)/python -m evals.run

bench: $(VENV)/.dev ## measure: calls a second through the worker, reading many messages
	@$(BIN)/python -m bench.list_labels
	@$(BIN)/python -m bench.read_many
	@$(BIN)/python -m bench.listing_newsletters
	@$(BIN)/python -m bench.engine_executes

constraints: ## pin every version anew
	@uv pip compile -q --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --python-version 3.11 --universal --all-extras pyproject.toml -o constraints/dev.txt

clean: ## remove what make made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
