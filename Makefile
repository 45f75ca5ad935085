# Two commands do all the set-up: `make demo` and `make test`. They need git, make and Python 3.11 or newer.

BIN := .venv/bin
AS_SERVICE := $(BIN)/python tools/as_service.py
AS_ROOT := env -u ANTHROPIC_API_KEY -u HONK_HOME
HONK_SHOTS ?= /tmp/honk-shots
PYTEST := $(CURDIR)/$(BIN)/pytest -p no:cacheprovider
# Two at once where nothing narrows the run; a file's tests share what is warm, so they stay together.
BOTH_CORES = $(if $(ARGS),,-n 2 --dist loadfile)
EACH_CORE = $(if $(ARGS),,-n 2)
# Narrows a run: make test ARGS='tests/unit -k forge', make demo ARGS=--live
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help ready demo test test-browser check acceptance acceptance-again wide large bench soak evals releases requirements clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1             /; s/^\([a-z -]\{13\}\) */\1/p' Makefile

ready:  ## .venv with everything in it (each of the others begins with this)
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then exec "$$python" tools/bootstrap.py; fi; \
	done; \
	echo "Honk needs Python 3.11 or newer, and found none on the PATH; name one with make PYTHON=/path/to/python3" >&2; \
	exit 1
	@$(BIN)/python -m compileall -q src/honk || true  # who runs it for root may not write here

demo: ready  ## a request on its way to a merged change, with a scripted model in place of a real one
	@$(BIN)/honk demo $(ARGS)

test: ready  ## all tests but the acceptance group; started by root, they run as an ordinary user
	@$(AS_SERVICE) $(PYTEST) -m 'not acceptance and not root and not browser' $(BOTH_CORES) $(ARGS)
	@if [ "$$(id -u)" = 0 ] && [ -z "$(ARGS)" ]; then $(AS_ROOT) $(PYTEST) -m 'root and not acceptance' tests/root; fi

check: ready  ## style, types, floors and sizes
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PYTEST) -q tests/test_house.py tests/unit/test_docs.py

test-browser: ready  ## the console in a real Chromium (Debian's), on phone and desk; HONK_SHOTS=FOLDER keeps what it saw
	@$(AS_SERVICE) /usr/bin/env HONK_SHOTS=$(HONK_SHOTS) $(PYTEST) -m browser $(BOTH_CORES) tests/browser $(ARGS)

acceptance: ready  ## every death at every moment; third-party packages, honest changes and cheats (a quarter of an hour)
	@$(AS_SERVICE) $(PYTEST) -m 'acceptance and not root and not large and not wide' $(EACH_CORE) $(if $(RED),--red-to=$(RED)) tests/acceptance tests/stories tests/conformance $(ARGS)
	@if [ "$$(id -u)" = 0 ] && [ -z "$(ARGS)" ]; then $(AS_ROOT) $(PYTEST) -m 'root and acceptance' -n 2 tests/root; fi

acceptance-again: ready  # what it found red and wrote to RED, and what it did not come to
	@$(AS_SERVICE) $(PYTEST) $(EACH_CORE) @$(RED)
	@if [ "$$(id -u)" = 0 ]; then $(AS_ROOT) $(PYTEST) -m 'root and acceptance' -n 2 tests/root; fi

wide: ready  ## what acceptance leaves out: more third-party packages, Gradle, larger floods (a quarter of an hour)
	@$(AS_SERVICE) $(PYTEST) -s -m wide tests/stories tests/acceptance $(ARGS)

large: ready  ## a bug in a third-party repository of thousands of files, found and mended by its own tests (a quarter of an hour)
	@$(AS_SERVICE) $(PYTEST) -s -m large tests/acceptance/test_large_repository.py $(ARGS)

bench: ready  ## what Honk costs beside the same by hand: paired rounds, medians
	@$(AS_SERVICE) $(BIN)/python tests/bench/bench.py $(ARGS)

soak: ready  ## a server with fifty runs at once, ten thousand parked tasks and a hundred watchers (two minutes)
	@$(AS_SERVICE) /usr/bin/env PYTHONPATH=$(CURDIR)/tests/stories:$(CURDIR)/tests/soak $(BIN)/python tests/soak/soak.py $(ARGS)

evals: ready  ## how often the gate's rules are right, and a judge's model where a key is given
	@$(BIN)/python -m honk.testing.evals $(ARGS)

releases: ready  ## what those rules say of third-party packages' own patch releases, fetched from their registry
	@$(AS_SERVICE) $(BIN)/python tests/evals/releases.py $(ARGS)

requirements: ready  ## compile requirements/dev.txt anew from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url \
	    --extra claude --extra acp --group dev pyproject.toml -o requirements/dev.txt

clean:  ## remove .venv and every cache
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis .coverage build dist
