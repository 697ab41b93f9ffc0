# `make run` starts Huiyin, `make test` tests it; both install what they need into .venv first.
PYTHON ?= python3
BIN := .venv/bin
# What was compiled is kept: the tests start dozens of processes, and each would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install install-dev run test test-all packages check fmt lock messages bench reset

help:
	@echo "make run       start Huiyin on this machine (PORT=8000)"
	@echo "make test      run the tests that this machine can run"
	@echo "make test-all  install Chromium, Redis, RabbitMQ and Dovecot, and run all tests"
	@echo "make check     style, types, imports, migrations, translations, deployment"
	@echo "make fmt       put the code in shape"
	@echo "make messages  bring the translation files up to date"
	@echo "make lock      compile requirements/*.in to requirements/*.txt"
	@echo "make bench     run the benchmarks"
	@echo "make reset     throw this machine's data away"

install:
	@PYTHON="$(PYTHON)" sh requirements/install.sh base

install-dev:
	@PYTHON="$(PYTHON)" sh requirements/install.sh dev

run: install
	@$(BIN)/python -m config.run

test: install-dev
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

test-all: install-dev packages
	TEST_ALL=1 $(BIN)/pytest -n 3 --dist worksteal $(ARGS)

# Programs that some tests start, from Debian's packages.
PACKAGES := chromium redis-server rabbitmq-server dovecot-imapd fonts-noto-cjk
packages:
	@sh requirements/packages.sh $(PACKAGES)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) translations check
	@$(MANAGE) check --deploy --fail-level WARNING

# As in production, with a database that is not there: the check looks at the code alone.
MANAGE := SECRET_KEY=a-key-for-this-check-only-0123456789-abcdefghijklmnopqrstuvwxyz AUDIT_KEY=another-one-for-it \
  DATABASE_URL=postgresql://huiyin@localhost:1/huiyin BROKER_URL=redis://localhost ALLOWED_HOSTS=huiyin.example \
  $(BIN)/python -W ignore::RuntimeWarning manage.py

fmt: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: install-dev
	$(BIN)/python manage.py translations update

UV := $(shell command -v uv || echo $(BIN)/uv)
lock: install-dev
	@[ -x "$(UV)" ] || $(BIN)/python -m pip install --quiet uv
	for set in base dev; do \
	  "$(UV)" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links $(LOCK) requirements/$$set.in -o requirements/$$set.txt || exit 1; \
	done

bench: install-dev
	for file in benchmarks/*.py; do PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

reset: install
	@$(BIN)/python -m config.reset
