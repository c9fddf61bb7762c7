# Works with GNU make and any Python from 3.11. `make help` lists the targets.
# A Python of your choice: make install PYTHON=/path/to/python3.12

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
TEXT ?= low-latency AR for 200 users
PYTEST_ARGS ?= -n 2 --dist loadfile

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install dev intent test check mosquitto postgres clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## make .venv here, with cnc and everything it needs in it

dev: $(VENV)/.installed-dev ## the same, with what tests and checks need

intent: install ## say an intent: make intent TEXT="low-latency AR for 200 users"
	@$(BIN)/cnc intent --yes "$(TEXT)"

test: dev mosquitto postgres ## run every test (brings Mosquitto and PostgreSQL where it can)
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin" $(BIN)/python -m pytest $(PYTEST_ARGS)

check: dev ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## remove .venv, caches and builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find cnc tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	  echo "no Python found; install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than 3.11; say where a newer one is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing cnc into $(VENV); the first time takes some minutes"
	@$(PIP) install --quiet -c constraints.txt -e ".[multilingual]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing what tests and checks need into $(VENV)"
	@$(PIP) install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

# Many tests run on a real Mosquitto. On Debian and Ubuntu it is fetched where that needs no
# password; elsewhere the message says what to install.
mosquitto:
	@export PATH="$$PATH:/usr/sbin:/usr/local/sbin"; \
	command -v mosquitto >/dev/null && command -v mosquitto_passwd >/dev/null && command -v openssl >/dev/null && exit 0; \
	as=; \
	if [ "$$(id -u)" != 0 ]; then \
	  as="sudo -n"; sudo -n true 2>/dev/null </dev/null || as=no; \
	fi; \
	if command -v apt-get >/dev/null && [ "$$as" != no ]; then \
	  echo "installing Mosquitto with apt-get"; \
	  { $$as apt-get install -qq -y --no-install-recommends mosquitto openssl \
	    || { $$as apt-get update -qq \
	         && $$as apt-get install -qq -y --no-install-recommends mosquitto openssl; }; \
	  } </dev/null >/dev/null 2>&1; \
	fi; \
	command -v mosquitto >/dev/null || { \
	  echo "Mosquitto is missing, and the tests that run on it will fail. Install it and try again:"; \
	  echo "  Debian, Ubuntu   sudo apt-get install mosquitto"; \
	  echo "  Fedora           sudo dnf install mosquitto"; \
	  echo "  Arch             sudo pacman -S mosquitto"; \
	  echo "  macOS            brew install mosquitto"; } >&2

# Tests of the knowledge base run on SQLite and on a PostgreSQL of their own, which they start from
# the installed programs and end again. CNC_TEST_POSTGRES names a server to use instead.
postgres:
	@test -z "$$CNC_TEST_POSTGRES" || exit 0; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0; \
	command -v initdb >/dev/null && exit 0; \
	as=; \
	if [ "$$(id -u)" != 0 ]; then \
	  as="sudo -n"; sudo -n true 2>/dev/null </dev/null || as=no; \
	fi; \
	if command -v apt-get >/dev/null && [ "$$as" != no ]; then \
	  echo "installing PostgreSQL with apt-get"; \
	  set -- $$as env DEBIAN_FRONTEND=noninteractive apt-get; \
	  { "$$@" install -qq -y --no-install-recommends postgresql \
	    || { "$$@" update -qq && "$$@" install -qq -y --no-install-recommends postgresql; }; \
	  } </dev/null >/dev/null 2>&1; \
	fi; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  echo "PostgreSQL is missing, and the tests that run on it will fail. Install it and try again:"; \
	  echo "  Debian, Ubuntu   sudo apt-get install postgresql"; \
	  echo "  Fedora           sudo dnf install postgresql-server"; \
	  echo "  Arch             sudo pacman -S postgresql"; \
	  echo "  macOS            brew install postgresql"; } >&2
