# make run: install and start everything. make test: install and pass the tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The tests run the same way on a laptop and in CI.
PYTEST := $(BIN)/python -m pytest

.PHONY: run test test-browser test-clients chaos bench check install clean

run: $(VENV)/run.stamp
	@exec $(BIN)/voxloom up

test: $(VENV)/dev.stamp check
	$(PYTEST)

# GraphiQL in a real browser; it fails where there is none (Debian: apt-get install chromium).
test-browser: $(VENV)/dev.stamp
	BROWSER_REQUIRED=1 $(PYTEST) -m browser

# The npm clients and gql, each through a whole conversation, and the audits of GraphQL over HTTP; needs Node 20 or later.
test-clients: $(VENV)/dev.stamp
	cd tests/clients && npm ci
	CLIENTS_REQUIRED=1 $(PYTEST) -m clients

# make chaos SEED=1 FAULTS=200: kills workers, Postgres, the API and its listeners under load, and counts what was lost.
chaos: $(VENV)/dev.stamp
	SEED=$(SEED) FAULTS=$(FAULTS) SESSIONS=$(SESSIONS) $(BIN)/python -m tests.chaos

# make bench ONLY=reads|fanout|size QUICK=1: measures beside others, which are npm packages; writes its tables to the README.
bench: $(VENV)/dev.stamp tests/bench/servers/node_modules/.package-lock.json
	$(BIN)/python -m tests.bench $(ONLY) $(if $(QUICK),--quick)

tests/bench/servers/node_modules/.package-lock.json: tests/bench/servers/package-lock.json
	npm ci --prefix tests/bench/servers
	@touch $@

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/run.stamp

# torch first and alone: any other order lets pip pull gigabytes of GPU packages.
$(VENV)/run.stamp: requirements/torch.txt requirements/run.txt pyproject.toml
	@echo "Installing VoxLoom into $(VENV) (a few minutes the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements/torch.txt
	@$(PIP) setuptools==81.0.0 wheel
	@$(PIP) --no-deps --no-build-isolation -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@$(PIP) --no-deps -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
