# The door: `make help` says what there is. Every target makes the environment that it needs; `PYTHON=` chooses another
# interpreter, `ARGS=` goes on to the command behind the target.
.DEFAULT_GOAL := help
.SUFFIXES:

BIN := .venv/bin
PLAY := testing_env
OSIRIS := ../$(BIN)/osiris
# One more than there are cores, since tests wait for servers; at most eight.
WORKERS := -n $(shell n=$$(($$(getconf _NPROCESSORS_ONLN) + 1)); [ $$n -gt 8 ] && n=8; echo $$n)
LOCKING := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --group build
ARGS ?=

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Osiris itself, in the folder testing_env/, which git does not see ---

.PHONY: demo init validate chat
demo: run-environment ## A newcomer's first minute: offline, without a key
	@cd $(PLAY) && if [ -t 0 ]; then $(OSIRIS) demo $(ARGS); else $(OSIRIS) demo --yes $(ARGS); fi
init: run-environment ## Start a project in testing_env/
	@cd $(PLAY) && $(OSIRIS) init $(ARGS)
validate: run-environment ## Check the project in testing_env/
	@cd $(PLAY) && $(OSIRIS) validate $(ARGS)
chat: environment ## Talk to Osiris in testing_env/; needs a language model
	@cd $(PLAY) && $(OSIRIS) chat $(ARGS)

# --- The checks ---

.PHONY: fmt lint type-check security check test test-fast test-full test-lowest bench
fmt: environment ## Put the code in order: imports, layout
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format .
lint: environment ## Look for what is wrong: layout, style, who imports whom
	@$(BIN)/ruff format --check --quiet . || { echo 'make fmt would change these files:'; $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
type-check: environment ## Check the types, strictly
	@$(BIN)/mypy
security: environment ## Look for secrets in the tree and for unsafe code
	@scripts/secrets
	@scripts/unsafe
check: environment ## All checks without the tests, in under a minute
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target lint type-check security fresh
test: check ## Everything: the checks, then all tests with coverage
	@$(BIN)/pytest $(WORKERS) --cov --cov-report=term-missing:skip-covered $(ARGS)
test-fast: environment ## The quick tests, up to the first that fails
	@$(BIN)/pytest $(WORKERS) --exitfirst -m 'not slow' $(ARGS)
test-full: environment ## All tests, and nothing sampled: twenty kills of each write, two million rows between families
	@OSIRIS_TEST_FULL=1 $(BIN)/pytest $(WORKERS) $(ARGS)
test-lowest: ## The quick tests with the oldest dependencies that are allowed, in .venv-lowest (needs uv)
	@command -v uv >/dev/null || { echo 'make test-lowest needs uv' >&2; exit 2; }
	@uv venv --quiet --clear .venv-lowest
	@uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct -e '.[all]' --group dev
	@.venv-lowest/bin/pytest $(WORKERS) -m 'not slow' $(ARGS)
bench: environment ## Measure, and compare with the fastest known route
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: docs
docs: environment ## Build the documents as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet && echo 'ready: site/index.html'

.PHONY: fresh
fresh: environment
	@$(BIN)/pytest --quiet --no-header -p no:cacheprovider tests/house/test_locks.py

# --- The environment ---

.PHONY: dev lock clean environment run-environment
dev: environment ## Make .venv with everything that a developer needs
	@echo 'ready: .venv/bin holds the tools'
lock: ## Renew the locks after a change of dependencies; ARGS=--upgrade takes the newest (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv' >&2; exit 2; }
	@$(LOCKING) $(ARGS) --output-file requirements.lock
	@$(LOCKING) $(ARGS) --all-extras --group dev --constraint requirements.lock --output-file requirements-dev.lock
clean: ## Remove what the tools left behind; keeps .venv and testing_env/
	@rm -rf build dist htmlcov site coverage.xml .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
environment: $(PLAY)
	@scripts/environment dev
run-environment: $(PLAY)
	@scripts/environment run
$(PLAY):
	@mkdir -p $@

# --- Commits ---

.PHONY: pre-commit-install precommit pre-commit-run pre-commit-all commit-wip commit-emergency
pre-commit-install: environment ## Have git run the hooks before each commit
	@$(BIN)/pre-commit install
precommit: fmt check ## What a good commit has behind it: fmt, then check
pre-commit-run: environment ## Run the hooks on the staged files
	@$(BIN)/pre-commit run $(ARGS)
pre-commit-all: environment ## Run the hooks on all files
	@$(BIN)/pre-commit run --all-files $(ARGS)
commit-wip: environment said ## Commit unfinished work, without the slow hooks: msg="..."
	@SKIP=type-check,secrets,bandit git commit -m "WIP: $$msg"
commit-emergency: said ## Commit without any hook, and say so loudly: msg="..."
	@echo 'NO HOOK WAS RUN: nothing about this commit is checked. Run make check, and mend it with the next one.' >&2
	@git commit --no-verify -m "EMERGENCY, unchecked: $$msg"

.PHONY: said
said:
	@[ -n "$$msg" ] || { echo 'say what the commit does: make ... msg="..."' >&2; exit 2; }
