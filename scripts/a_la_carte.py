"""Install packages alone, with each extra, and in pairs, as users combine them.

Every combination must install exactly what it declares, report what is missing, and run the code of its packages'
readmes. All share one environment in turn: uv removes what the next one does not need, and the rest stays compiled.
"""

import json
import re
from pathlib import Path

from workspace import ROOT, Package, environment, install, packages, run

PAIRS = [
    ("xetrack-cli", "xetrack-assets"),
    ("xetrack-cli", "xetrack-cache"),
    ("xetrack-cli", "xetrack-duckdb"),
    ("xetrack-cli", "xetrack-monitors"),
    ("xetrack-cli", "xetrack-sinks"),
    ("xetrack-assets", "xetrack-cache"),
    ("xetrack-assets", "xetrack-duckdb"),
    ("xetrack-assets", "xetrack-sinks"),
    ("xetrack-cache", "xetrack-duckdb"),
    ("xetrack-cache", "xetrack-monitors"),
    ("xetrack-cache", "xetrack-sinks"),
    ("xetrack-duckdb", "xetrack-sinks"),
    ("xetrack-monitors", "xetrack-sinks"),
]
"""Pairs of plugins; each brings the core. `xetrack[all]` combines all of them."""

# The core must never install these, not even as a dependency of a dependency.
NOT_IN_CORE = {
    *("cloudpickle", "diskcache", "duckdb", "loguru", "orjson", "psutil", "rich", "sqlitedict", "typer"),
    *("hypothesis", "polars", "pyarrow", "pydantic", "pytest", "scikit-learn"),
}

# Runs inside an environment, and prints its distributions with their requirements.
INSTALLED = """
import importlib.metadata as metadata, json
print(json.dumps({dist.name: dist.requires or [] for dist in metadata.distributions()}))
"""
REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[([\w.,-]+)\])?")
EXTRA = re.compile(r"extra == ['\"]([\w.-]+)['\"]")


def combinations(every: list[Package]) -> list[tuple[str, ...]]:
    """Return what to install together: each package alone, with each extra, and each pair."""
    alone = [(one.name,) for one in every]
    extras = [(f"{one.name}[{extra}]",) for one in every for extra in one.extras]
    return [*alone, *extras, *PAIRS]


def normal(name: str) -> str:
    """Return the normalized name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirement: str) -> tuple[str, frozenset[str]]:
    """Return name and extras of a requirement such as `pandas[excel]>=2; python_version > "3"`."""
    [(name, extras)] = REQUIREMENT.findall(requirement)
    return normal(name), frozenset(filter(None, extras.split(",")))


def installed(python: Path) -> dict[str, list[str]]:
    """Return the distributions of an environment with their requirements."""
    lines: dict[str, list[str]] = json.loads(run(python, "-I", "-c", INSTALLED, cwd=python.parent))
    return {normal(name): requirements for name, requirements in lines.items()}


def required(requirements: list[str], extras: frozenset[str]) -> list[str]:
    """Return the requirements that apply with the given extras."""
    conditions = [(line, EXTRA.findall(line)) for line in requirements]
    return [line for line, needs in conditions if not needs or extras.intersection(needs)]


def closure(wanted: tuple[str, ...], present: dict[str, list[str]]) -> set[str]:
    """Return the wanted distributions and all their dependencies, without those that markers exclude."""
    found: set[tuple[str, frozenset[str]]] = set()
    ahead = {named(one) for one in wanted}
    while ahead:
        found |= ahead
        lines = [line for name, extras in ahead for line in required(present[name], extras)]
        ahead = {each for each in map(named, lines) if each[0] in present} - found
    return {name for name, _ in found}


def check_brings_what_it_declares(wanted: tuple[str, ...], present: dict[str, list[str]]) -> None:
    """Raise `RuntimeError` unless an environment has exactly the wanted distributions and their dependencies."""
    missing = [
        line
        for name, extras in map(named, wanted)
        for line in required(present[name], extras)
        if named(line)[0] not in present
    ]
    extra = present.keys() - closure(wanted, present)
    forbidden = present.keys() & NOT_IN_CORE if wanted == ("xetrack-core",) else set()
    if missing or extra or forbidden:
        raise RuntimeError(f"{wanted} lacks {missing} and must not install {sorted(extra | forbidden)}")


def check_combinations(wheels: Path, folder: Path, *how: str | Path) -> str:
    """Check all combinations in one environment, and return their names. `how` are options of `uv pip install`."""
    every = packages()
    python = environment(folder / "a-la-carte")
    for wanted in combinations(every):
        install(python, wheels, "--exact", *how, *wanted)
        present = installed(python)
        check_brings_what_it_declares(wanted, present)
        pages = [one.folder / "README.md" for one in every if one.name in present]
        run(python, "-I", ROOT / "scripts" / "in_environment.py", *pages, cwd=folder)
    return ", ".join(" with ".join(wanted) for wanted in combinations(every))
