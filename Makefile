# Everything a person types. `make demo` and `make test` do all the set-up by themselves.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo test faults bench lint format lock stubs xtensa validate soak fuzz clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## virtual environment, locked dependencies, SIM build; only what has changed
	@$(PYTHON) tools/setup.py

demo: setup  ## hub, four SIM nodes and sound on this machine; Ctrl-C ends it (ARGS="--nodes 8 ...")
	@$(BIN)/k1 demo $(ARGS)

test: lint  ## lint and every test (ARGS="-k name" for some)
	@$(BIN)/python -m pytest $(ARGS)

faults: setup  ## the long tests of faults on a network of its own (root; ARGS="-k name" for some)
	@$(BIN)/python -m pytest -m soak $(ARGS)

bench:  ## every bench, or one: make bench NAME=fanout QUICK=1
	@$(PYTHON) tools/setup.py --bench
	@$(BIN)/python -m tests.bench $(NAME)

lint: setup  ## ruff, mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: setup  ## resolve the lock files anew from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --extra dev --extra link --extra midi \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --extra dev --extra link --extra midi --extra bench \
	  --custom-compile-command "make lock" pyproject.toml -c requirements.lock -o requirements-bench.lock

stubs: setup  ## MicroPython's type stubs for editors, into build/typings
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes --upgrade --target build/typings \
	  -r firmware/stubs.txt

xtensa: setup  ## the firmware as Xtensa code under qemu: proved and counted (ARGS=--update-budget)
	@PYTHONPATH=tools $(BIN)/python -m xtensa $(ARGS)

validate: setup  ## both channels for the 60 s of their validation
	@$(BIN)/python -m pytest tests/hil/test_validation.py tests/validation/test_dual_channel.py --validation-seconds 60 $(ARGS)

soak: setup  ## hours of fleet under load, judged: make soak HOURS=8 (ARGS="--wifi loaded ...")
	@$(BIN)/python -m tests.soak --hours $(or $(HOURS),1) $(ARGS)

fuzz: setup  ## every fuzz target for hours: make fuzz HOURS=8
	@K1_FUZZ_SECONDS=$$(( $(or $(HOURS),1) * 3600 )) $(BIN)/python -m pytest -q tests/fuzz

clean:  ## removes all that set-up and builds made
	rm -rf build .venv
