# Each target first sets up .venv if it is missing or older than the lock.
PYTHON ?= python3
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest
unexport PYTHONDONTWRITEBYTECODE # pip leaves compiling to the first import: most of what it installs is never imported

.PHONY: fast test full page bench check units mutants clean

fast: .venv/ready ## the main job: every claim in miniature, on scikit-learn's digits
	$(PYTEST) -m fast

test: .venv/ready ## lint, types, unit tests, then the fast tier
	$(MAKE) --jobs=2 check units
	$(PYTEST) -m fast

units: .venv/ready ## unit tests, on all cores
	$(PYTEST) tests benchmarks/test_equality.py -n auto --dist worksteal

full: export DATA_ROOT := $(or $(DATA_ROOT),data)
full: .venv/ready ## the report's own settings on real MNIST, in DATA_ROOT
	$(PYTEST) -m full

page: .venv/ready ## the page, the badges and the tables of README and docs from the recorded verdicts, without training
	$(BIN)/python -m ontrial page

bench: .venv/ready ## our training compared with what people would write instead
	$(PYTEST) benchmarks --ignore=benchmarks/test_toy_model.py --benchmark-json=artifacts/benchmarks.json \
		--benchmark-columns=median,iqr,rounds; failed=$$?; \
	$(PYTEST) benchmarks/test_toy_model.py --benchmark-json=artifacts/benchmarks-toy-model.json \
		--benchmark-columns=median,iqr,rounds || failed=$$?; \
	$(BIN)/python -m benchmarks.table && $(BIN)/python -m ontrial.publish.documents && exit $$failed

mutants: .venv/ready ## mistakes planted one at a time: the tests beside each must fail (SAMPLE=10 for some of them)
	$(BIN)/python tests/mutants.py $(if $(SAMPLE),--sample $(SAMPLE) --seed "$(SEED)",--table docs/mutants.md)

check: .venv/ready ## lint, types, the workflows against their schema, and the record recomputed from its values
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m ontrial audit
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

clean: ## remove the environment; the run store stays
	rm -rf .venv
