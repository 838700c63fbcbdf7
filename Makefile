# make demo  a real clip, tracked, in demo-results/
# make test  everything that must hold before a change is taken
# Both set up .venv by themselves; PYTHON=... chooses the interpreter it is made with.

PYTHON ?= python3
RUN := .venv/bin/python
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# make/make/p' Makefile

demo: .venv/installed
	.venv/bin/poseflow demo --out demo-results

test: .venv/installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -n auto --dist worksteal

.venv/installed: pyproject.toml .venv/pyvenv.cfg
	@echo "installing poseflow into .venv (a minute or two the first time)"
	@$(INSTALL) -e .
	@touch $@

.venv/installed-dev: pyproject.toml .venv/pyvenv.cfg
	@echo "installing poseflow and what its tests need into .venv (a minute or two the first time)"
	@$(INSTALL) -e '.[dev]'
	@touch $@ .venv/installed

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: expected Python 3.11 or newer as $(PYTHON); name another by PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "make: $(PYTHON) cannot make environments; install its venv package (Debian, Ubuntu: sudo apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
