"""Install packages alone, with each of their extras, and beside each other: as their users combine them.

Every combination must bring exactly what it declares, know what is missing, and do what the pages of its packages say.
One environment serves for all of them, one after the other: uv takes out what the next does not ask for, and what stays
need not be compiled again.
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
"""Each plugin alone comes with the core, so a pair is two of them. All of them together are `xetrack[all]`."""

# What the core must never bring along, were it a dependency of a dependency.
NOT_IN_CORE = {
    *("cloudpickle", "diskcache", "duckdb", "loguru", "orjson", "psutil", "rich", "sqlitedict", "typer"),
    *("hypothesis", "polars", "pyarrow", "pydantic", "pytest", "scikit-learn"),
}

# Runs inside an environment: what is installed there, and what each of those requires.
INSTALLED = """
import importlib.metadata as metadata, json
print(json.dumps({dist.name: dist.requires or [] for dist in metadata.distributions()}))
"""
REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[([\w.,-]+)\])?")
EXTRA = re.compile(r"extra == ['\"]([\w.-]+)['\"]")


def combinations(every: list[Package]) -> list[tuple[str, ...]]:
    """What is installed together: each package alone, each with each extra, each pair."""
    alone = [(one.name,) for one in every]
    extras = [(f"{one.name}[{extra}]",) for one in every for extra in one.extras]
    return [*alone, *extras, *PAIRS]


def normal(name: str) -> str:
    """The name of a distribution as package indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirement: str) -> tuple[str, frozenset[str]]:
    """The name and the extras in a requirement like `pandas[excel]>=2; python_version > "3"`."""
    [(name, extras)] = REQUIREMENT.findall(requirement)
    return normal(name), frozenset(filter(None, extras.split(",")))


def installed(python: Path) -> dict[str, list[str]]:
    """The distributions of an environment, each with its requirements."""
    lines: dict[str, list[str]] = json.loads(run(python, "-I", "-c", INSTALLED, cwd=python.parent))
    return {normal(name): requirements for name, requirements in lines.items()}


def required(requirements: list[str], extras: frozenset[str]) -> list[str]:
    """Those that hold with some extras."""
    conditions = [(line, EXTRA.findall(line)) for line in requirements]
    return [line for line, needs in conditions if not needs or extras.intersection(needs)]


def closure(wanted: tuple[str, ...], present: dict[str, list[str]]) -> set[str]:
    """What is asked for and everything that it reaches; what markers kept from being installed is left out."""
    found: set[tuple[str, frozenset[str]]] = set()
    ahead = {named(one) for one in wanted}
    while ahead:
        found |= ahead
        lines = [line for name, extras in ahead for line in required(present[name], extras)]
        ahead = {each for each in map(named, lines) if each[0] in present} - found
    return {name for name, _ in found}


def check_brings_what_it_declares(wanted: tuple[str, ...], present: dict[str, list[str]]) -> None:
    """An environment must hold what is asked for and what that declares, no less and no more."""
    missing = [
        line
        for name, extras in map(named, wanted)
        for line in required(present[name], extras)
        if named(line)[0] not in present
    ]
    extra = present.keys() - closure(wanted, present)
    forbidden = present.keys() & NOT_IN_CORE if wanted == ("xetrack-core",) else set()
    if missing or extra or forbidden:
        raise RuntimeError(f"{wanted} lacks {missing} and must not bring {sorted(extra | forbidden)}")


def check_combinations(wheels: Path, folder: Path, *how: str | Path) -> str:
    """Check all of them, in one environment in the folder, and say what was. `how` goes to `uv pip install`."""
    every = packages()
    python = environment(folder / "a-la-carte")
    for wanted in combinations(every):
        install(python, wheels, "--exact", *how, *wanted)
        present = installed(python)
        check_brings_what_it_declares(wanted, present)
        pages = [one.folder / "README.md" for one in every if one.name in present]
        run(python, "-I", ROOT / "scripts" / "in_environment.py", *pages, cwd=folder)
    return ", ".join(" with ".join(wanted) for wanted in combinations(every))
