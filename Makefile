# setup: runtime only · demo: a filled gateway on 127.0.0.1 · test: everything · bench: figures · lint · clean
# PYTHON=python3.13 make setup   PORT=9000 make demo   PYTEST_ARGS="-k token" make test   WORKERS=0 make test
# Half of the time tests wait for browsers, servers and processes: two workers for each of two cores.

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=
WORKERS ?= 4
VENV := .venv
FRONTEND := app/web/frontend
RUN := $(VENV)/bin/python -m

.PHONY: setup demo test bench lint lock clean

setup: $(VENV)/.runtime $(VENV)/.console

demo: setup
	$(VENV)/bin/tidegate demo --port $(PORT)

test: lint
	$(RUN) pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

bench: $(VENV)/.development
	$(RUN) tests.bench

lint: $(VENV)/.development
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports

# Only for those who change pyproject.toml; needs uv.
lock:
	uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --extra build --output-file requirements.lock
	uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --extra build --extra dev --constraint requirements.lock \
	  --output-file tests/requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	rm -rf $(FRONTEND)/node_modules $(FRONTEND)/dist tests/wire/browser/artifacts
	find app schema tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: tests/requirements.lock $(VENV)/.runtime
	$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.lock
	@touch $@

# The gateway runs without the console; where it cannot be built, /graphql is the plain page and says how to build it.
$(VENV)/.console: $(wildcard $(FRONTEND)/*.* $(FRONTEND)/src/*.* $(FRONTEND)/src/*/*.*) | $(VENV)/.made
	@if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then \
	  echo "building the console"; \
	  (cd $(FRONTEND) && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build) \
	    && touch $@ || echo "The console could not be built; the plain page is served instead." >&2; \
	else \
	  echo "Node.js 20 or newer is not installed: the plain page is served instead of the console." >&2; \
	fi
