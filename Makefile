# Few verbs, each sets up what it needs: only Python >= 3.11, make and a compiler are expected.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --python $(BIN)/python --require-hashes --quiet

.PHONY: help demo serve test check sql bench lock clean

help:            ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/demo.stamp  ## the whole story in a terminal, on a temporary server of its own
	@$(BIN)/ostiary demo

serve: .venv/run.stamp  ## API, pages and engine on http://127.0.0.1:8420
	@$(BIN)/ostiary serve

test: .venv/dev.stamp   ## every test, on SQLite and on PostgreSQL
	@$(BIN)/python -m tests

check: .venv/dev.stamp  ## style, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

sql: .venv/run.stamp    ## the statements of store/statements as the SQL that servers run
	@$(BIN)/python -m ostiary.store.statements

bench: .venv/dev.stamp  ## against the peer and against a bare server, in one run
	@$(BIN)/python -m bench

lock: .venv/uv.stamp    ## pin every version with its hashes again
	@for name in uv build sdk-1 sdk-2 client-nuki; do \
	  $(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; done
	@$(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 pyproject.toml --extra postgres -o requirements/run.txt
	@for name in demo dev; do \
	  $(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; done

clean:           ## what the other verbs made
	rm -rf .venv .venv-sdk-* .venv-client-* tests/conformance/js/node_modules bench/node_modules

.venv/uv.stamp: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/run.stamp: .venv/uv.stamp requirements/run.txt requirements/build.txt pyproject.toml
	@$(INSTALL) -r requirements/run.txt -r requirements/build.txt
	@$(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/demo.stamp: .venv/run.stamp requirements/demo.txt
	@$(INSTALL) -r requirements/demo.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@$(INSTALL) -r requirements/dev.txt
	@touch $@
