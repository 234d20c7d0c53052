# One virtual environment, .venv, made from the lock with hashes. A stamp named after what it was
# made from tells that it is up to date, so everything but the first run works without a network.
# Needs make and python3-venv.

PYTHON ?= python3
IN := .venv/bin
SOURCES := $(wildcard drivers edge webui tests bench)

stamp = .venv/$(1)-$(firstword $(shell cat pyproject.toml $(2) | sha256sum))
RUN := $(call stamp,run,requirements.lock)
DEV := $(call stamp,dev,requirements-dev.lock)

.PHONY: demo test check soak bench screenshots lock clean

demo: $(RUN)
	@$(IN)/payvand demo

test: $(DEV)
	@$(IN)/python -m pytest $(ARGS)

# Most tests wait for something: two at a time take little more than half as long.
check: $(DEV)
	$(IN)/ruff format --check $(SOURCES)
	$(IN)/ruff check $(SOURCES)
	$(IN)/mypy $(SOURCES)
	$(IN)/lint-imports --no-logo
	@$(IN)/python -m pytest -n 2 --dist worksteal

# Kills at every step of a command, power cuts, twice as many kills, and faults in system calls; needs
# root, and 20 minutes or so. ARGS="--report FILE" writes the closing table there too.
ROUNDS ?= 500

soak: $(DEV)
	@$(IN)/python -m tests.edge.commands.campaign 200
	@$(IN)/python -m tests.system.faults.soak $(ROUNDS) $(ARGS)

bench: $(RUN)
	@$(IN)/python -m bench $(ARGS)

# Every page in both languages, into a folder: make screenshots FOLDER=/tmp/pages
FOLDER ?= build/screenshots

screenshots: $(DEV)
	@$(IN)/python -m tests.webui.screenshots $(FOLDER)
	@echo "Pages in $(FOLDER)"

# On Python 3.11: the newer versions need no more than it does.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/pip-compile --quiet --upgrade \
	--generate-hashes --allow-unsafe --strip-extras --no-emit-options --build-deps-for=editable

lock: $(DEV)
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --output-file requirements-dev.lock --constraint requirements.lock --extra dev pyproject.toml

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The lock holds setuptools too, so the last pip builds without asking for anything. The old stamps
# go only after success: what worked before a try without a network works after it.
PIP := $(IN)/python -m pip -qq --disable-pip-version-check
define install
	@echo "Setting up .venv from $(1)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes --requirement $(1)
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@rm -f .venv/run-* .venv/dev-*
endef

$(RUN):
	$(call install,requirements.lock)
	@touch $@

# The development lock holds all of the other one, in the same versions.
$(DEV):
	$(call install,requirements-dev.lock)
	@touch $@ $(RUN)
