# make demo   set up .venv and play the bundled walk: transcript here, sound and picture in out/demo
# make test   set up .venv with everything the tests need, then check style, types and behaviour
# make clean  remove the environments and what was built

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
# torch has wheels from Python 3.10 on; below it the tests of learning are left out, and say so.
TEST_EXTRAS := $(shell $(PYTHON) -c 'import sys; print("train,test" if sys.version_info >= (3, 10) else "test")')
# The wearable's floor: tested too where that interpreter can be found.
PYTHON38 := $(firstword $(wildcard $(HOME)/.pyenv/versions/3.8.*/bin/python) $(shell command -v python3.8))
# Where there is none the tests of the companion page in a browser are left out, and say so.
CHROMIUM := $(firstword $(foreach name,chromium chromium-browser google-chrome google-chrome-stable,$(shell command -v $(name))))

# As many processes as there are cores, but each may hold torch and a device of its own, some 2.5 GB: four at most. The
# tests of a file stay together, for some share a device.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.PHONY: demo test test38 lint chromium clean

demo: $(VENV)/.core
	$(VENV)/bin/fingerpost demo --out out/demo

test: $(VENV)/.test chromium lint
	$(VENV)/bin/python -m pytest $(PARALLEL)
	$(MAKE) --no-print-directory test38

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

ifeq ($(PYTHON38),)
test38:
	@echo "SKIPPED: the wearable on Python 3.8 (no python3.8 here; with pyenv: pyenv install 3.8)"
else
test38: .venv38/.test
	.venv38/bin/python -m pytest $(PARALLEL) tests/unit tests/contracts tests/walks tests/faults tests/companion
endif

$(VENV)/.core: setup.py pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --progress-bar on -e .
	@touch $@

$(VENV)/.test: setup.py pyproject.toml | $(VENV)/bin/python
	@echo "Installing the learning and test packages (about 6 GB, some minutes the first time) ..."
	$(PIP) install --progress-bar on -e ".[$(TEST_EXTRAS)]" | grep -v "already satisfied"
	@touch $@ $(VENV)/.core

# The companion page is tested in a real browser: root gets the system's, everyone else is told the one command.
chromium:
ifeq ($(CHROMIUM),)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; \
	then :; else echo "SKIPPED: the companion page in a browser (no Chromium here; run: sudo apt install chromium)"; fi
endif

.venv38/.test: setup.py pyproject.toml
	$(PYTHON38) -m venv .venv38
	.venv38/bin/python -m pip --disable-pip-version-check install --quiet -e ".[test]"
	@touch $@

# Debian and Ubuntu ship Python without venv; root gets it, everyone else is told the one command.
$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
	  package="$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq "$$package"; \
	  else echo "Python's venv module is missing; run:  sudo apt install $$package" >&2; exit 1; fi; \
	  $(PYTHON) -m venv $(VENV); }

clean:
	rm -rf $(VENV) .venv38 build dist out app/*.egg-info
