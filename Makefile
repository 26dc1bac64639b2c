# Set-up and every check.  `make try` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
# Tests in simulated time wait for nothing, and those in the browser and of real processes for much: one more than there are
# cores.  Each takes 0.7 GB.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 7 ? n + 1 : 8)))
# A file's tests run in one process, in their order: some share a world, and each process would make it anew.
BY_FILE := --dist loadfile --no-loadscope-reorder
# A number repeats a run of the tests; without one each run draws its own.
SEED ?=
# How many cases of each table of tests that are dear: drawn anew in each run.  "all" in `make check`.
CASES ?= 1
# The order of a set of words follows it, and a simulation must be the same again.
export PYTHONHASHSEED := 0
# Of `make chaos`.
OPTIONS ?= --database postgresql --requests 10000 --kills 100 --freezes 20 --stops 10 --minutes 60
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: deploy-check image-check release
# Microsoft's sign-in library for Node, a client of the stand-in tenant where there is Node.
MSAL_NODE ?= 3.8.10

.PHONY: help try test sdk-test conformance schema docs words pictures check proofs chaos chaos-simulated crash-sweep races rehearse year fuzz mutants bench format lock audit site clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

try: $(VENV)/ready  ## set up and start the sandbox
	$(BIN)/latchkey sandbox

# What is compiled is kept, even where somebody says otherwise for all of Python: each worker would compile every module
# and test anew, and so would each process that a test starts.
test conformance: export PYTHONDONTWRITEBYTECODE :=

# A taste of each proof, unless every case is to be tried.
test: export PROOFS := $(if $(filter all,$(CASES)),usual,few)

test: $(VENV)/ready-dev  ## set up and run the tests, on SQLite and PostgreSQL, of each dear table one case (seven to ten minutes on two cores; CASES=all: every case)
	$(BIN)/pytest -n $(WORKERS) $(BY_FILE) --cases $(CASES) $(if $(SEED),--seed $(SEED))

sdk-test: $(VENV)/ready-sdk  ## Microsoft's own SDKs as clients of the stand-in tenant
	$(BIN)/pytest tests/sdk

conformance: $(VENV)/ready-dev  ## all tests, and everything said to Graph against Microsoft's metadata
	$(BIN)/pytest -n $(WORKERS) $(BY_FILE) -q --conformance

schema: $(VENV)/ready  ## write the JSON Schemas of packages as code, package settings and webhook events anew
	$(BIN)/python -m bot.provisioning.file_format.schema > docs/packages.schema.json
	$(BIN)/python -m bot.packages.settings.schema > docs/latchkey.schema.json
	$(BIN)/python -m bot.webhooks.schema > docs/webhook-events.schema.json

docs: $(VENV)/ready-dev  ## write what is generated in docs/ anew: the architecture's tables and picture, the picture of a request's states, the references of rights, metrics, commands and verbs
	$(BIN)/python -m tests.docs.architecture
	$(BIN)/python -m tests.docs.states
	$(BIN)/python -m tests.proofs.authorization.authorization > docs/reference/authorization.md
	$(BIN)/python -m bot.monitoring.reference > docs/reference/metrics.md
	$(BIN)/python -m tests.docs.audit_verbs > docs/reference/audit-verbs.md
	$(BIN)/python -m tests.docs.command_reference > docs/reference/commands.md

site: $(VENV)/ready-site $(VENV)/ready-dev  ## build the documents as a site in build/site: a warning, a dead link or something from elsewhere fails
	rm -rf build/site
	$(BIN)/python -m tests.docs.messages > docs/reference/messages.md
	$(VENV)/site/bin/python -m sphinx -n -W --keep-going -q -j auto -c docs -d build/doctrees . build/site
	$(BIN)/python -m tests.docs.site build/site

words: $(VENV)/ready-dev  ## bring the catalogs of sentences up to date with the source, to be translated
	$(BIN)/python -m tests.bot.words.extraction

pictures: $(VENV)/ready-dev  ## draw the pictures of the documents anew, in a browser
	rm -rf build/pictures
	$(BIN)/pytest -q -n 0 -o python_files='*.py' tests/browser/pictures
	cp build/pictures/*.png docs/pictures/

check: $(VENV)/ready-dev  ## format, lint, types, import contracts, the documents as a site, all tests with every case
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) site
	$(MAKE) test CASES=all

proofs: $(VENV)/ready-dev  ## what `make check` has of the proofs, each at its full size (minutes)
	PROOFS=full $(BIN)/pytest -q -n $(WORKERS) --dist load tests/proofs $(if $(SEED),--seed $(SEED))

chaos: $(VENV)/ready-dev  ## real processes, killed and frozen among faults, and what came of it (three quarters of an hour; OPTIONS=--help)
	$(BIN)/python -m tests.proofs.chaos.chaos $(OPTIONS)

chaos-simulated: $(VENV)/ready-dev  ## the same in simulated time: 960 requests, 60 deaths, 12 freezes (minutes)
	PROOFS=full CHAOS_PARTS=4 $(BIN)/pytest -q -n $(WORKERS) --dist load tests/proofs/chaos

crash-sweep: $(VENV)/ready-dev  ## die at every step of every story, on PostgreSQL as well (minutes)
	CRASH_SWEEP_EVERY=1 $(BIN)/pytest -q -n $(WORKERS) --dist load tests/proofs/crash_sweep

races: $(VENV)/ready-dev  ## a thousand races of two people for one request, statement against statement, on PostgreSQL (minutes)
	RACES=1000 $(BIN)/pytest -q tests/proofs/races/test_races.py tests/proofs/races/test_quorum.py tests/proofs/races/test_questions.py tests/proofs/races/test_entra.py

rehearse: $(VENV)/ready-dev  ## install everything on this machine, break each thing in turn, and see who says so (an hour and a half; PostgreSQL, PgBouncer, nginx, Prometheus)
	$(BIN)/python -m tests.proofs.rehearsal.rehearsal $(REHEARSE)

year: $(VENV)/ready-dev  ## a simulated year of 1,000 assignments: no reminder missing, none twice (minutes)
	$(BIN)/python -m tests.proofs.year.year

fuzz: $(VENV)/ready-dev  ## malformed payloads, forgeries and spoiled Graph answers (an hour)
	$(BIN)/python -m tests.proofs.fuzz.fuzz

mutants: $(VENV)/ready-dev  ## change authorization, identity and state in each place: which change does no test notice (tens of minutes)
	$(BIN)/python -m tests.proofs.mutants.mutants $(FILES)

bench: $(VENV)/ready-bench  ## measure everything against its floor, and print the table (half an hour; BENCH=--quick: a minute)
	$(BIN)/python -m benchmarks $(BENCH)

format: $(VENV)/ready-dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/ready-dev  ## pin the dependencies anew (no registry address is written)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra sandbox --group setup pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra sandbox --group setup --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra sandbox --group setup --group dev --group sdk \
	  -c requirements-dev.txt pyproject.toml -o requirements-sdk.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra sandbox --group setup --group dev --group bench \
	  -c requirements-dev.txt pyproject.toml -o requirements-bench.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --group pyproject.toml:audit -o requirements-audit.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 -c requirements.txt pyproject.toml -o requirements-production.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 -c requirements.txt --group pyproject.toml:setup -o requirements-build.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --group pyproject.toml:deploy -o requirements-deploy.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --group pyproject.toml:site -o requirements-site.txt

audit: $(VENV)/ready-audit  ## look for secrets in the tree, and for known weaknesses in the locked dependencies
	.ci/find-secrets
	.ci/find-weaknesses

deploy-check: $(VENV)/ready-dev $(VENV)/ready-deploy  ## look at deploy/: the Dockerfile, Compose, the Helm chart, the unit, nginx and Prometheus, as their own programs read them
	$(BIN)/pytest -q tests/deploy

image-check: $(VENV)/ready-dev  ## build the image on a base of Debian's and start it, and the unit under systemd (root, buildah, mmdebstrap)
	.ci/check-image

release: $(VENV)/ready-deploy  ## wheel, source and bill of materials in dist/, built twice and compared
	.ci/release

clean:  ## remove what set-up and tests made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache

# Hatchling is in the lock, so the project itself is built without fetching anything more.
$(VENV)/ready: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

$(VENV)/ready-bench: requirements-bench.txt $(VENV)/ready-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $@

$(VENV)/ready-sdk: requirements-sdk.txt $(VENV)/ready-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-sdk.txt
	if command -v npm > /dev/null; then npm install --silent --no-save --no-audit --no-fund --prefix build/node @azure/msal-node@$(MSAL_NODE); fi
	touch $@

# An environment of its own, so that the tools' dependencies do not mix with ours.
$(VENV)/ready-audit: requirements-audit.txt
	test -x $(VENV)/audit/bin/python || $(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	touch $@

$(VENV)/ready-site: requirements-site.txt
	test -x $(VENV)/site/bin/python || $(PYTHON) -m venv $(VENV)/site
	$(VENV)/site/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-site.txt
	touch $@

# What reads the files in deploy/ has dependencies that are not ours.
$(VENV)/ready-deploy: requirements-deploy.txt requirements-build.txt
	test -x $(VENV)/deploy/bin/python || $(PYTHON) -m venv $(VENV)/deploy
	$(VENV)/deploy/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-deploy.txt
	test -x $(VENV)/build/bin/python || $(PYTHON) -m venv $(VENV)/build
	$(VENV)/build/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
	touch $@
