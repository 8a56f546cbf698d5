# `make run` starts the platform, `make test` tests it; both set up what is missing first.
.POSIX:
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
ROOMS := project_box gis drawings elements intermediaries approval web

.PHONY: help run demo stop test test-unit test-qgis lint format setup lock clean reset

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## set up, start database, web server and worker, print the address and the demo accounts
	@deploy/setup.sh run
	@exec $(BIN)/project-box serve

demo: ## set up and walk one project through the platform
	@deploy/setup.sh run
	@exec $(BIN)/project-box demo

stop: ## stop the embedded database
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m project_box.kernel.embedded stop; else echo "not set up"; fi

test: ## set up and run every test, a worker on each of up to 4 cores (ARGS="-k boundary" for some)
	@deploy/setup.sh test
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-unit: ## run the tests that need neither a database nor a browser
	@deploy/setup.sh lint
	@$(BIN)/pytest -m "not integration and not browser" \
		--ignore=tests/integration --ignore=tests/browser --ignore=tests/acceptance --ignore=tests/web $(ARGS)

test-qgis: ## install QGIS (some hundred MB) and let it read the map services of the sample city, without a screen
	@deploy/setup.sh qgis
	@$(BIN)/python tests/qgis/run.py

lint: ## ruff, mypy and the import contracts
	@deploy/setup.sh lint
	@status=0; \
	$(BIN)/ruff check . || status=1; \
	$(BIN)/ruff format --check . || status=1; \
	$(BIN)/mypy || status=1; \
	$(BIN)/lint-imports --no-logo || status=1; \
	exit $$status

format: ## format the code and apply the safe fixes
	@deploy/setup.sh lint
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

setup: ## install what running and developing need, doing only what is missing
	@deploy/setup.sh all

lock: ## lock the newest versions that requirements*.in and package.json allow
	@deploy/setup.sh lint
	@deploy/lock.sh

clean: ## delete set-up and caches; the data in var/ stays
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m project_box.kernel.embedded stop; fi
	@rm -rf .venv node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis .schemathesis .coverage htmlcov test-results
	@find $(ROOMS) tests -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

reset: ## delete the embedded database and everything else in var/
	@deploy/setup.sh lint
	@$(BIN)/python -m project_box.kernel.embedded destroy
	@rm -rf var
