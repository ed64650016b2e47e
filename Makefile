SHELL := /bin/bash
.DEFAULT_GOAL := help
UV := .tools/bin/uv
READY := .tools/ready
TOOLS := .tools/tools-ready
IN_ENV := $(UV) run --no-sync
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(READY)  ## start the platform on this machine, play the three lives once, stay up at http://127.0.0.1:8000
	@$(IN_ENV) python -m lives run

lives: $(READY)  ## play the three lives on a platform of its own and go
	@$(IN_ENV) python -m lives play

test: $(TOOLS)  ## all tests, on a real PostgreSQL and a real Kafka
	$(IN_ENV) pytest

test-unit: $(READY)  ## the tests that need no platform: services, chassis, policies, architecture
	$(IN_ENV) pytest libs services tests/architecture tests/policies

test-killed: $(READY)  ## the lives with one service killed at a random moment: make test-killed SEEDS=100
	$(IN_ENV) python -m tests.integration.killed $(or $(SEEDS),100)

test-log-killed: $(READY)  ## the log's writer killed while decisions arrive: make test-log-killed COUNT=50000
	$(IN_ENV) python -m tests.integration.log_killed $(or $(COUNT),50000)

test-payroll-killed: $(READY)  ## payroll's processes killed in the midst of a run: make test-payroll-killed COUNT=5000
	$(IN_ENV) python -m tests.integration.payroll_killed $(or $(COUNT),1000)

verify-log: $(TOOLS)  ## our audit log before the eyes of three tools that others wrote
	@$(IN_ENV) python -m tests.verifiers $(if $(SIZES),--sizes $(SIZES))

lint: $(READY)  ## style, formatting, import contracts
	$(IN_ENV) ruff check .
	$(IN_ENV) ruff format --check .
	$(IN_ENV) lint-imports --no-cache

types: $(TOOLS)  ## mypy, strict
	$(IN_ENV) mypy libs services tests lives benchmarks

check: lint types test  ## what CI runs

rules: $(READY)  ## the catalogue of rules: all that is needed to write a policy file
	@$(IN_ENV) python -m common.policy rules

clauses: $(READY)  ## which clauses are carried out, and which not yet
	@$(IN_ENV) python -m common.policy clauses

policies-check: $(READY)  ## check a folder of policy files: make policies-check DIR=policies
	@$(IN_ENV) python -m common.policy check $(or $(DIR),policies)

check-vectors: $(READY)  ## an accountant's worked examples against rules and clauses: make check-vectors FILE=path
	@$(IN_ENV) python -m payroll vectors $(if $(FILE),"$(FILE)") $(if $(ON),--on $(ON))

parallel: $(READY)  ## hold a run against a county's old payroll sheet: make parallel FILE=old.xlsx RUN=run-… COLUMNS=map.yaml
	@test -n "$(FILE)" -a -n "$(RUN)" || { echo "用法 (usage)：make parallel FILE=old.xlsx RUN=run-… [COLUMNS=map.yaml]"; exit 2; }
	@$(IN_ENV) python -m payroll parallel "$(FILE)" --run "$(RUN)" $(if $(COLUMNS),--columns "$(COLUMNS)")

openapi: $(READY)  ## write services/gateway/openapi.json, the one document of all public operations
	@$(IN_ENV) python -m common.openapi services/gateway/openapi.json

asyncapi: $(READY)  ## write docs/asyncapi.json, the document of all events
	@$(IN_ENV) python -m common.asyncapi docs/asyncapi.json

bench: $(TOOLS)  ## all benchmarks, one JSON line a figure
	@$(IN_ENV) python -m benchmarks

bench-audit: $(TOOLS)  ## the benchmarks of the audit log alone
	@$(IN_ENV) python -m benchmarks audit

bench-payroll: $(TOOLS)  ## the benchmarks of payroll alone
	@$(IN_ENV) python -m benchmarks payroll

revision: $(READY)  ## write a migration: make revision SERVICE=registry TEXT="what it does"
	@$(IN_ENV) python -m common.embedded.revision $(SERVICE) "$(TEXT)"

clean:  ## forget the data of `make run`
	rm -rf var

$(READY): uv.lock pyproject.toml
	@test -x $(UV) || { echo "Setting up: uv"; python3 -m venv .tools && .tools/bin/pip install -q uv; } || \
		{ echo "无法安装 uv：软件包仓库没有应答，请检查网络后重试。 (uv cannot be installed: the package registry does not answer.)"; exit 1; }
	@echo "Setting up: packages from uv.lock"
	@$(UV) sync --locked --group deploy --compile-bytecode -q || \
		{ echo "软件包未能装齐，请检查网络后重试。 (The packages could not be installed.)"; exit 1; }
	@touch $(READY)

$(TOOLS): $(READY)
	@echo "Setting up: tools of others that read the log"
	@$(UV) sync --locked --inexact --group deploy --group verify --compile-bytecode -q || \
		{ echo "软件包未能装齐，请检查网络后重试。 (The packages could not be installed.)"; exit 1; }
	@touch $(TOOLS)

.PHONY: help run lives test test-unit test-killed test-log-killed test-payroll-killed verify-log lint types check rules clauses policies-check check-vectors parallel openapi asyncapi bench bench-audit bench-payroll revision clean
