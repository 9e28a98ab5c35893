# Every command of the project. « make help » lists them; each sets up what it needs, once.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PANGO := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
APPS := educonnect_admin establishments notifications accounts statistics aaf_import
# pytest-xdist's workers, and what else to tell pytest: make test WORKERS=4 PYTEST_ARGS="-k selection"
WORKERS ?= 2
PYTEST_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup demo demo-reset test lint ruff djlint format types imports migrations deploy-check audit pytest bench bench-full shell manage requirements clean

help: ## Cette liste
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-22s %s\n' "$$name" "$$what"; done

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "✗ Python 3.11 ou plus récent est nécessaire : apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "✗ $(PYTHON) est trop ancien : il faut Python 3.11 ou plus récent." >&2; exit 1; }
	@# On a bare machine, all in one go.
	@devtools/system_packages.sh "Environnement virtuel, édition des PDF" "$(PYTHON) -c 'import ensurepip, venv'" \
		python3-venv $(PANGO)
	@echo "→ Environnement virtuel : $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@# Every program of the environment (pytest, celery, gunicorn) finds the project, which is not installed.
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/educonnect-admin-root.pth"
	@touch $@

$(VENV)/.installed: $(VENV)/.created requirements-dev.txt
	@echo "→ Dépendances (versions et empreintes de requirements-dev.txt)"
	@$(BIN)/python -m pip install -qq --require-hashes --only-binary=:all: -r requirements-dev.txt
	@touch $@

$(VENV)/.pango: $(VENV)/.installed
	@devtools/system_packages.sh "Édition des PDF (WeasyPrint)" "$(BIN)/python -c 'import weasyprint'" \
		$(PANGO)
	@touch $@

# Not fatal: without a browser its tests are skipped, and say why.
$(VENV)/.chromium: $(VENV)/.installed
	@if devtools/system_packages.sh "Tests dans un navigateur" "command -v chromium && $(BIN)/playwright --version" \
		chromium libatomic1; then touch $@; \
	else echo "  Les tests dans un navigateur seront sautés." >&2; fi

setup: $(VENV)/.pango ## Prépare l’environnement : Python, dépendances, bibliothèques

demo: setup ## Lance la console de démonstration (PORT=8000) ; Ctrl-C arrête tout
	@$(BIN)/python -m educonnect_admin.demo start $(if $(PORT),--port $(PORT))

demo-reset: setup ## Efface les données de démonstration et repart de zéro
	@$(BIN)/python -m educonnect_admin.demo start --reset $(if $(PORT),--port $(PORT))

shell: setup ## Un shell Python sur les données de démonstration
	@$(BIN)/python -m educonnect_admin.demo run -- $(BIN)/python manage.py shell

manage: setup ## Une commande sur les données de démonstration : make manage C="import_aaf DOSSIER"
	@$(BIN)/python -m educonnect_admin.demo run -- $(BIN)/python manage.py $(C)

bench: setup ## Mesure les chiffres à tenir (moins de dix minutes)
	@$(BIN)/python -m educonnect_admin.embedded run --data var/bench -- $(BIN)/python -m bench

bench-full: setup ## Mesure l’import d’une académie de 1 300 000 personnes (dit d’abord ce qu’il lui faut)
	@$(BIN)/python -m educonnect_admin.embedded run --data var/bench -- $(BIN)/python -m bench academy

test: lint types imports migrations deploy-check pytest ## Vérifie tout : style, types, directions, migrations, tests

lint: ruff djlint ## Style du code et des gabarits

ruff: setup
	@echo "→ ruff"
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . || { echo "✗ « make format » met en forme." >&2; exit 1; }

djlint: setup
	@echo "→ djlint"
	@$(BIN)/djlint --quiet --lint templates

format: setup ## Met en forme le code
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

types: setup ## Types (mypy --strict)
	@echo "→ mypy"
	@INSECURE_HTTP=true $(BIN)/mypy --no-error-summary $(APPS)

imports: setup ## Directions des imports
	@echo "→ import-linter"
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

migrations: setup ## Aucune migration ne manque
	@echo "→ migrations"
	@INSECURE_HTTP=true $(BIN)/python -m educonnect_admin.embedded run --throwaway --data var/checks -- \
		$(BIN)/python manage.py makemigrations --check --dry-run

deploy-check: setup ## Les réglages de production sont sûrs (check --deploy)
	@echo "→ check --deploy"
	@env -u DEBUG -u DEMO_MODE -u INSECURE_HTTP \
		SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
		SECRETS_KEYS="$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
		ALLOWED_HOSTS=console.example.org PUBLIC_URL=https://console.example.org \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

audit: setup ## Vulnérabilités connues des dépendances (sauté sans réseau)
	@$(BIN)/python devtools/audit.py

pytest: setup $(VENV)/.chromium ## Les tests seuls (WORKERS=2, PYTEST_ARGS=…)
	@echo "→ pytest"
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

requirements: setup ## Refait requirements*.txt depuis pyproject.toml (versions et empreintes)
	@command -v uv >/dev/null || { echo "✗ uv est nécessaire : pipx install uv" >&2; exit 1; }
	@uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		pyproject.toml --output-file requirements.txt
	@uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--constraint requirements.txt --group dev pyproject.toml --output-file requirements-dev.txt

clean: ## Retire ce qui se refait (environnement, caches) ; garde les données de démonstration
	@rm -rf $(VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache var/checks var/bench var/static
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
