"""The packages of this workspace, and environments outside of it to install them into."""

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """A member of the workspace."""

    folder: Path
    name: str
    module: str | None
    """What it is imported as; the meta package has no module of its own."""
    extras: tuple[str, ...]

    @property
    def tests(self) -> Path:
        """Where its own tests are, if it has any."""
        return self.folder / "tests"

    @property
    def file_name(self) -> str:
        """What the names of its files begin with."""
        return self.name.replace("-", "_")

    def wheel(self, wheels: Path) -> Path:
        """Its wheel, in a folder of wheels."""
        [wheel] = wheels.glob(f"{self.file_name}-*.whl")
        return wheel


def packages(root: Path = ROOT) -> list[Package]:
    """The members of the workspace, by name."""
    return [package(path) for path in sorted(root.glob("packages/*/pyproject.toml"))]


def package(pyproject: Path) -> Package:
    """The package that a pyproject.toml describes."""
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project, module = settings["project"], settings["tool"]["uv"]["build-backend"]["module-name"]
    return Package(pyproject.parent, project["name"], module or None, tuple(project.get("optional-dependencies", ())))


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, and give its standard output; a failure ends the check, naming the command."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def environment(folder: Path) -> Path:
    """Make an empty environment in the folder; its Python."""
    run("uv", "venv", "--quiet", folder, cwd=folder.parent)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def install(python: Path, wheels: Path, *arguments: str | Path) -> None:
    """Install into an environment, taking the packages of this workspace from the folder of wheels and nowhere else.

    Compiles what it installs, as pip does.
    """
    ours = python.parent / "ours.txt"
    ours.write_text("".join(f"{requirement(wheel)}\n" for wheel in sorted(wheels.glob("*.whl"))), "utf-8")
    where: tuple[str | Path, ...] = ("--python", python, "--constraint", ours, "--no-sources")
    run("uv", "pip", "install", "--quiet", "--compile-bytecode", *where, *arguments, cwd=wheels)


def requirement(wheel: Path) -> str:
    """A wheel as a requirement: this file, whatever the package index has under its name."""
    return f"{wheel.name.partition('-')[0].replace('_', '-')} @ {wheel.as_uri()}"
