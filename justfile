# The tasks of a working day; `uv run just` lists them.

default:
    @just --list

# Install everything, and keep download addresses out of the committed lock
setup:
    git config filter.neutral-lock.clean "python3 scripts/neutral_lock.py"
    git config filter.neutral-lock.smudge cat
    uv sync
    git add uv.lock # stages nothing new: git notes that the lock on disk, addresses and all, is the committed one

# Run the first tier of the tests; arguments go to pytest
test *arguments:
    uv run pytest -n auto {{arguments}}

# Run groups of the second tier: `just test-group docs`, or "docs or examples"
test-group group *arguments:
    uv run pytest -n auto -m "{{group}}" {{arguments}}

# Run both tiers
test-all *arguments:
    uv run pytest -n auto -m "" {{arguments}}

# Look for rare faults: soak and fuzz for as many minutes each, then interrupt at every place
soak minutes="60":
    #!/usr/bin/env bash
    set -euo pipefail
    uv run python scripts/soak.py --minutes {{minutes}}
    end=$((SECONDS + {{minutes}} * 60))
    while ((SECONDS < end)); do
      uv run pytest tests/fuzz -n auto -m "" --timeout 0 --hypothesis-profile=minutes
    done
    XETRACK_EVERY_PLACE=1 uv run pytest packages/xetrack-core/tests/survival -n auto -m "" --timeout 0

# Look for mistakes, without changing a file
lint:
    uv run ruff check
    uv run ruff format --check

# Check the types
types:
    uv run mypy

# Check that imports point down only
imports:
    uv run lint-imports

# Mend what can be mended, and format
format:
    uv run ruff check --fix
    uv run ruff format

# Move every dependency to its newest version
lock:
    uv lock --upgrade
    python3 scripts/neutral_lock.py --write uv.lock

# Run the benchmarks; arguments go to them
bench *arguments:
    uv run python -m benchmarks {{arguments}}

# Write the pages of docs/reference again, from the commands and the docstrings
reference:
    uv run python scripts/reference.py

# Build the site into build/site; a warning is an error
site:
    uv run sphinx-build -W --keep-going -q -E -c docs -d build/doctrees . build/site

# Build the site, and serve it at http://localhost:8000
site-serve: site
    uv run python -m http.server --directory build/site

# Build the wheels and sdists, and check that they are complete
wheels:
    python3 scripts/artifacts.py

# Prepare a release: `just release 1.2.0`, or with `--dry-run`
release version *options:
    python3 scripts/release.py {{version}} {{options}}

# Everything that must hold before a change lands
ci:
    .ci/run
