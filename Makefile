SHELL := /bin/bash
.DEFAULT_GOAL := help
UV := .tools/bin/uv
RUN := $(UV) run --frozen
export PYTHONDONTWRITEBYTECODE :=

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

revision: $(UV)  ## write a migration: make revision SERVICE=registry TEXT="what it does"
	$(RUN) python -m common.embedded.revision $(SERVICE) "$(TEXT)"

$(UV):
	@python3 -m venv .tools && .tools/bin/pip install -q uv

.PHONY: help revision
