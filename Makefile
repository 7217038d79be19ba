# Two commands matter to a newcomer: `make demo` and `make test`. Both set everything up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
export ARCADE_USAGE_TRACKING := 0
export ARCADE_DISABLE_AUTOUPDATE := 1


# Agent frameworks disagree about versions, with one another and with the tests, so each has its own.
FRAMEWORKS := langchain mcp openai_agents pydantic_ai
BUILT      := $(FRAMEWORKS:%=examples/frameworks/%/.venv/.built)

# pytest-xdist's processes would each compile every test, each time.
unexport PYTHONDONTWRITEBYTECODE
# A file's tests stay in one process, which so starts a stack once; what takes longest comes first.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help install demo example examples frameworks check test lint types evals bench constraints clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# The demo needs less than the tests, so a newcomer waits less for it.
$(VENV)/.demo: pyproject.toml local/pyproject.toml constraints/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the demo into $(VENV) ..."
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(BIN)/python -c constraints/dev.txt -e '.[client]' -e local; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints/dev.txt -e '.[client]' -e local; fi
	@touch $@

$(VENV)/.dev: pyproject.toml constraints/dev.txt $(VENV)/.demo
	@echo "installing the development tools into $(VENV) ..."
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(BIN)/python -c constraints/dev.txt -e '.[dev]' -e local; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints/dev.txt -e '.[dev]' -e local; fi
	@touch $@

install: $(VENV)/.dev ## everything a developer needs, into .venv

demo: $(VENV)/.demo ## two people, one agent, one worker, on this machine
	@$(BIN)/arcade-gmail-multiuser demo

example: $(VENV)/.dev ## the sample application, on http://127.0.0.1:8000
	@$(BIN)/python -m examples.fastapi_app

examples/frameworks/%/.venv/.built: constraints/%.txt pyproject.toml
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "installing the example for $* ..."
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(@D)/bin/python -c $< -r examples/frameworks/$*/requirements.txt; \
	else $(@D)/bin/python -m pip install -q --disable-pip-version-check \
	  -c $< -r examples/frameworks/$*/requirements.txt; fi
	@touch $@

frameworks: $(BUILT) ## an environment for each example of an agent framework

examples: $(VENV)/.dev $(BUILT) ## run the examples of agent frameworks against a running stack
	@$(BIN)/python -m pytest -q tests/examples/test_frameworks.py

check: lint $(VENV)/.dev ## lint, types and the tests that need no server
	@$(BIN)/python -m pytest -q $(PARALLEL) -m "not server and not slow" --ignore tests/local
	@echo "Left to make test: the local stack's own tests, what is slow, and what needs PostgreSQL, Redis,"
	@echo "Chromium or a process of ours."

test: $(VENV)/.dev ## all tests, on every core
	@$(BIN)/python -m pytest -q $(PARALLEL)

lint: $(VENV)/.dev ## ruff, mypy --strict, and how complex functions are
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -p no:schemathesis tests/test_complexity.py

evals: $(VENV)/.dev ## the eval suites against a scripted model
	@$(BIN)/python -m evals.run

bench: $(VENV)/.dev ## measure: calls a second through the worker, reading many messages
	@$(BIN)/python -m bench.list_labels
	@$(BIN)/python -m bench.read_many
	@$(BIN)/python -m bench.listing_newsletters
	@$(BIN)/python -m bench.engine_executes
	@$(BIN)/python -m bench.cache
	@$(BIN)/python -m bench.imports

constraints: ## pin every version again
	@printf '.[dev]\n./local\n' | uv pip compile -q --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --no-emit-package arcade_gmail_multiuser --no-emit-package arcade_gmail_local \
	  --python-version 3.11 --universal - -o constraints/dev.txt
	@for one in $(FRAMEWORKS); do \
	  uv pip compile -q --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --no-emit-package arcade_gmail_multiuser --no-emit-package arcade_gmail_local --python-version 3.11 --universal examples/frameworks/$$one/requirements.txt \
	    -o constraints/$$one.txt; \
	done

clean: ## remove what make made
	rm -rf $(VENV) examples/frameworks/*/.venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
