# The commands of the project. Every one of them sets up what it needs first.
.DEFAULT_GOAL := help
PYTHON ?= python3
FUZZ_SECONDS ?= 60
BIN := .venv/bin
STAMP := .venv/.requirements-dev.sha256

NEXT = printf '%s\n' "setup: all is there. Next:" \
  "  make demo                  one real mail through the whole relay, step by step" \
  "  make run                   the sandbox, to send it mail yourself" \
  "  make test                  the whole test suite" \
  "  .venv/bin/relayctl --help  the operator's command line"

# Each of the tests' many processes would compile all that it imports, again and again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup engine demo test prove lifecycle run up preview check bench pictures texts fuzz format lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(STAMP) $(BIN)/relayctl ## .venv with everything, nothing done twice
	@$(if $(filter setup,$(MAKECMDGOALS)),$(NEXT),:)

$(STAMP): requirements-dev.txt scripts/make_venv.sh
	@PYTHON="$(PYTHON)" sh scripts/make_venv.sh .venv requirements-dev.txt $@
	@echo "setup: fetching what the function's own platform needs (build/wheels)"
	@$(BIN)/python -m infra.functions.platform_wheel \
	  || echo "setup: going on without it; only deploying needs it, and will try again" >&2

$(BIN)/relayctl: scripts/relayctl $(STAMP)
	@install -m 755 scripts/relayctl $@

engine: setup ## Pulumi's own CLI into build/, where no fitting one is on PATH; needs Go, once
	@sh scripts/make_engine.sh $(BIN)/python

demo: setup ## one real mail through the whole relay, step by step
	@$(BIN)/python -m sandbox.demo

test: setup ## the whole suite, sandbox included
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

prove: setup ## a thousand mails while SES fails and workers are killed; five minutes
	@$(BIN)/python -m tests.sandbox.load

up: engine ## a stack on an emulator by pulumi up, to look at with pulumi; until Ctrl-C
	@$(BIN)/python -m sandbox.up

lifecycle: engine ## a stack's whole life by Pulumi's own engine, a line a step
	@$(BIN)/python -m tests.sandbox.lifecycle
	@$(BIN)/python -m tests.sandbox.what_changes

run: setup ## the sandbox in the foreground, until Ctrl-C
	@$(BIN)/python -m sandbox

preview: setup ## what Pulumi's own engine makes of the program; needs the CLI (make engine)
	@$(BIN)/python -m sandbox.preview

check: setup ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## every figure of docs/performance.md
	@$(BIN)/python -m benchmarks

pictures: setup ## the documents' pictures and the tables of docs/scaling.md, from the kept figures
	@$(BIN)/python -m pictures
	@$(BIN)/python -m tests.browser.recipient_pictures

texts: setup ## the catalogues of translations/ and the tables that the functions read, from the code
	@$(BIN)/python -m translations

fuzz: build/fuzz/.venv/.requirements.sha256 ## the core under a coverage-guided fuzzer; FUZZ_SECONDS for each target (60)
	@for target in mail recipient-code header agreement; do \
	  echo "fuzz: $$target, $(FUZZ_SECONDS) s"; \
	  build/fuzz/.venv/bin/python -m fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; \
	done

build/fuzz/.venv/.requirements.sha256: requirements-fuzz.txt scripts/make_venv.sh
	@$(PYTHON) -m fuzz --check-python
	@mkdir -p build/fuzz
	@PYTHON="$(PYTHON)" sh scripts/make_venv.sh build/fuzz/.venv requirements-fuzz.txt $@

format: setup ## write the format that check wants
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the requirements anew (needs uv on PATH)
	@for name in requirements-dev requirements requirements-runtime requirements-previews requirements-fuzz; do \
	  { echo "# Made by 'make lock' from $$name.in; do not edit."; \
	    uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	      --no-annotate --no-header --quiet $$name.in \
	      $$([ $$name = requirements-dev ] || echo -c requirements-dev.txt); } > $$name.tmp \
	  && mv $$name.tmp $$name.txt || exit 1; \
	done

clean: ## remove what setup and the tests made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
