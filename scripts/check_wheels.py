"""Try every package as its users get it: built into a wheel, and installed outside the workspace.

Each wheel is installed twice into a fresh environment: *alone*, with the newest dependencies, where it must
bring exactly what it declares; and at the *lowest bounds* it declares, where its tests must pass too.
The wheels of the packages in this workspace come from here, everything else from the package index.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

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

SMOKE = """
import sys, tempfile
import xetrack
assert "pandas" not in sys.modules, "import xetrack imports pandas"
from xetrack import Reader, Tracker
with tempfile.TemporaryDirectory() as folder:
    with Tracker(f"{folder}/smoke.db", params={"model": "resnet18"}) as tracker:
        tracker.log({"accuracy": 0.9})
    [row] = Reader(f"{folder}/smoke.db").to_df().to_dict("records")
assert (row["model"], row["accuracy"]) == ("resnet18", 0.9), row
"""


@dataclass(frozen=True)
class Package:
    """A member of the workspace."""

    folder: Path
    name: str
    module: str | None
    """What it is imported as; the meta package has no module of its own."""

    @property
    def tests(self) -> Path:
        """Where its own tests are, if it has any."""
        return self.folder / "tests"

    def wheel(self, wheels: Path) -> Path:
        """Its wheel, in a folder of wheels."""
        [wheel] = wheels.glob(f"{self.name.replace('-', '_')}-*.whl")
        return wheel


def packages() -> list[Package]:
    """The members of the workspace, by name."""
    return [package(path) for path in sorted(ROOT.glob("packages/*/pyproject.toml"))]


def package(pyproject: Path) -> Package:
    """The package that a pyproject.toml describes."""
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    module = settings["tool"]["uv"]["build-backend"]["module-name"]
    return Package(pyproject.parent, settings["project"]["name"], module or None)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, and give its standard output; a failure ends the check, naming the command."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def environment(folder: Path) -> Path:
    """Make an empty environment in the folder; its Python."""
    run("uv", "venv", "--quiet", folder, cwd=folder.parent)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def install(python: Path, wheels: Path, *arguments: str | Path) -> None:
    """Install into an environment, taking the packages of this workspace from the folder of wheels."""
    where: tuple[str | Path, ...] = ("--python", python, "--find-links", wheels, "--no-sources")
    run("uv", "pip", "install", "--quiet", *where, *arguments, cwd=wheels)


def normal(name: str) -> str:
    """The name of a distribution as package indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(python: Path) -> dict[str, set[str]]:
    """The distributions of an environment, each with the names that it requires without any extra."""
    requires: dict[str, list[str]] = json.loads(run(python, "-I", "-c", INSTALLED, cwd=python.parent))
    return {normal(name): required(lines) for name, lines in requires.items()}


def required(requirements: list[str]) -> set[str]:
    """The names in requirements like `pandas>=2; python_version > "3"`, without those of extras."""
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in requirements if "extra ==" not in line}


def closure(name: str, requires: dict[str, set[str]]) -> set[str]:
    """A distribution and everything that it reaches; what markers kept from being installed is left out."""
    found: set[str] = set()
    ahead = {name}
    while ahead:
        found |= ahead
        ahead = {other for one in ahead for other in requires[one] if other in requires} - found
    return found


def check_brings_what_it_declares(name: str, requires: dict[str, set[str]]) -> None:
    """An environment must hold a package and what it declares, no less and no more."""
    missing = requires[name] - requires.keys()
    extra = requires.keys() - closure(name, requires)
    forbidden = requires.keys() & NOT_IN_CORE if name == "xetrack-core" else set()
    if missing or extra or forbidden:
        sys.exit(f"{name} lacks {sorted(missing)} and must not bring {sorted(extra | forbidden)}")
    print(f"{name} brings {sorted(requires.keys() - {name})}")


def smoke(python: Path, one: Package) -> None:
    """Import the package, log a row and read it back, outside the workspace."""
    run(python, "-I", "-c", f"import {one.module or 'xetrack'}", cwd=python.parent)
    run(python, "-I", "-c", SMOKE, cwd=python.parent)


def check_alone(one: Package, wheels: Path, folder: Path) -> None:
    """Install the wheel and what it declares."""
    python = environment(folder)
    install(python, wheels, one.wheel(wheels))
    check_brings_what_it_declares(one.name, installed(python))
    smoke(python, one)


def check_lowest(one: Package, wheels: Path, folder: Path) -> None:
    """Install the wheel with the lowest versions that it declares, and run its tests on them."""
    python = environment(folder)
    pyproject = one.folder / "pyproject.toml"
    test_group = ("--group", f"{pyproject}:test", "pytest-xdist>=3.6") if one.tests.is_dir() else ()
    install(python, wheels, "--resolution", "lowest-direct", "--requirements", pyproject, *test_group)
    install(python, wheels, "--no-deps", one.wheel(wheels))
    smoke(python, one)
    if one.tests.is_dir():
        subprocess.run([python, "-m", "pytest", "-n", "auto", one.tests], cwd=ROOT, check=True)


def main() -> None:
    """Build every wheel, then check each in both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheels = folder / "wheels"
        for one in packages():
            run("uv", "build", "--quiet", "--wheel", "--package", one.name, "--out-dir", wheels, cwd=ROOT)
        for one in packages():
            print(f"\n{one.name}, its wheel alone", flush=True)
            check_alone(one, wheels, folder / f"{one.name}-alone")
            print(f"\n{one.name}, at its lowest bounds", flush=True)
            check_lowest(one, wheels, folder / f"{one.name}-lowest")


if __name__ == "__main__":
    main()
