# Conveyor. `make help` lists the targets.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PORT   ?= 5000
DASHBOARD_PORT ?= 8080
SERVE_PORT ?= 5001
UV     := uv==0.13.9

# The recipes below find the programs of this environment by name.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without bytecode files, each import of TensorFlow takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := repro
.PHONY: repro report recover setup setup-tests sweep test test-long chaos chaos-sweep five-days two-retrains bench check format ui serve dashboard hooks audit sbom licences clean help lock docs notebooks schema
INSTALL := $(BIN)/uv pip install --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/belt.lock
# The extras that the tests use.
EXTRAS  := ray kubernetes postgres cmaes dashboard notebook umap

repro: recover ## set up, then run the belt on the default experiment (the default target)
	@echo dvc repro; began=$$(date +%s); dvc repro; code=$$?; [ $$code = 0 ] || failed=--failed; \
	PYTHONPATH=src python -m pipeline.report --since $$began $$failed || echo "the page was not written"; \
	exit $$code

report: recover ## write the page of the last run, reports/index.html, and open it
	@PYTHONPATH=src python -m pipeline.report --open

recover: setup ## put right what a killed process has left, such as a half-written dvc.lock
	@PYTHONPATH=src python -m pipeline.recover

setup: $(READY) ## install what the belt needs into .venv; `make setup-EXTRA` adds an extra, such as ray

setup-%: $(VENV)/.ready-%
	@:

$(READY): requirements/belt.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found; name one of Python 3.11 to 3.13: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(INSTALL)
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@git rev-parse --git-dir >/dev/null 2>&1 || { git init --quiet && echo "made a git repository: DVC needs one"; }
	@touch $@

.PRECIOUS: $(VENV)/.ready-%
$(VENV)/.ready-%: requirements/%.lock $(READY)
	$(INSTALL) -r $<
	@touch $@

setup-tests: $(addprefix $(VENV)/.ready-,test docs $(EXTRAS))

sweep: recover ## run the belt up to the sweep
	dvc repro sweep

test: setup-tests ## run the tests, with coverage of src/; prints the slowest ten
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
	  --cov --cov-report=term:skip-covered --cov-fail-under=90

test-long: setup-tests ## run the tests that take minutes each
	$(BIN)/python -m pytest -m slow

chaos: setup-tests ## kill the belt 200 times at random instants, and check what is there (hours; goes on after a stop)
	PYTHONPATH=src:tests $(BIN)/python tests/faults/chaos.py $(CHAOS)

chaos-sweep: setup-tests ## kill a sweep 30 times, and compare it with an undisturbed one (some minutes)
	$(BIN)/python -m pytest -m slow -s tests/tracking/test_chaos.py

five-days: setup-tests ## run five retrainings on growing data under a real cron (ten minutes; root, or a running cron)
	$(BIN)/python -m pytest -m slow -s tests/belt/test_five_days.py

two-retrains: setup-tests ## start two retrainings at once, 20 times (ten to twenty minutes)
	$(BIN)/python -m pytest -m slow -s tests/belt/test_two_at_once.py

bench: setup ## run every benchmark that has a bar: one table and docs/bench.svg (long; BENCH=--quick for less)
	PYTHONPATH=src:. $(BIN)/python benchmarks/bench.py $(BENCH)

check: setup-tests setup-check ## check style, types, imports, and dvc.yaml and conf/ against the code
	ruff check .
	ruff format --check .
	basedpyright
	lint-imports
	$(BIN)/python requirements/licences.py >/dev/null
	$(BIN)/python -m pytest tests/config tests/test_rules.py

format: setup-check ## format the code, and fix what ruff can fix
	ruff check --fix .
	ruff format .

ui: recover ## serve MLflow's pages at port 5000, and print the address of the project's runs (PORT=... for another port)
	PYTHONPATH=src python -m pipeline.ui --port $(PORT)

serve: setup ## serve the champion at http://127.0.0.1:5001, and follow its alias (SERVE_PORT=... for another port)
	PYTHONPATH=src python -m pipeline.serve --reload --port $(SERVE_PORT)

dashboard: setup-dashboard ## open optuna-dashboard on the sweep at http://127.0.0.1:8080 (DASHBOARD_PORT=... for another port)
	optuna-dashboard "$$(PYTHONPATH=src python -m pipeline.sweep --storage)" --host 127.0.0.1 --port $(DASHBOARD_PORT)

docs: setup-docs ## build the documentation into site/, without network; a dead link fails
	PYTHONPATH=src:. mkdocs build --quiet
	@echo site/index.html

notebooks: setup-notebook recover ## run the notebooks of docs/, and store their outputs in them (needs the model that `make` trains; some minutes)
	PYTHONPATH=src:.:docs $(BIN)/python -m reference.run_notebooks

schema: setup ## write the JSON schemas of params.yaml and conf/, which editors read
	PYTHONPATH=src:.:docs python -m reference.schema

hooks: ## run `make check` before every git commit
	git config core.hooksPath .githooks

audit: setup-audit ## look for known vulnerabilities in the locked packages (needs the network)
	$(BIN)/python requirements/audit.py

sbom: setup-audit ## write a list of the installed packages in CycloneDX form, sbom.cdx.json
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o sbom.cdx.json $(BIN)/python

licences: setup ## check and print the licences of the installed packages
	$(BIN)/python requirements/licences.py

lock: setup ## resolve the dependencies of pyproject.toml anew
	$(BIN)/python requirements/lock.py

clean: ## remove the belt's outputs, temporary files and the environment; keep MLflow's records
	rm -rf $(VENV) .conveyor artifacts reports data/prepared site .pytest_cache .ruff_cache

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ :/' | awk -F' : ' '{printf "  make %-12s %s\n", $$1, $$2}'
