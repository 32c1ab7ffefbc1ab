"""The packages of the workspace are released together, so they agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest

import xetrack

ROOT = Path(__file__).resolve().parents[2]


def load(pyproject):
    return tomllib.loads(pyproject.read_text(encoding="utf-8"))


WORKSPACE = load(ROOT / "pyproject.toml")
PACKAGES = {path.parent: load(path) for path in sorted(ROOT.glob("packages/*/pyproject.toml"))}
NAMES = {settings["project"]["name"] for settings in PACKAGES.values()}
VERSION = PACKAGES[ROOT / "packages" / "xetrack-core"]["project"]["version"]

every_package = pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)


def requirements(project):
    """What a package requires, with and without its extras."""
    extras = project.get("optional-dependencies", {})
    return [*project.get("dependencies", []), *(line for lines in extras.values() for line in lines)]


@every_package
def test_the_folder_is_called_like_the_package(folder):
    assert PACKAGES[folder]["project"]["name"] == folder.name


@every_package
def test_is_typed(folder):
    module = PACKAGES[folder]["tool"]["uv"]["build-backend"]["module-name"]
    if not module:
        pytest.skip("a meta package has no code")
    assert (folder / "src" / module / "py.typed").is_file()


@every_package
def test_has_the_version_of_the_core(folder):
    assert PACKAGES[folder]["project"]["version"] == VERSION


@every_package
def test_has_the_pythons_of_the_workspace(folder):
    assert PACKAGES[folder]["project"]["requires-python"] == WORKSPACE["project"]["requires-python"]


def test_the_pythons_have_no_upper_bound():
    # The neutral lock adds one, so that uv resolves again: see scripts/neutral_lock.py.
    assert "<" not in WORKSPACE["project"]["requires-python"]


@every_package
def test_pins_its_siblings_to_the_minor_version(folder):
    major, minor, _ = VERSION.split(".")
    pin = f">={major}.{minor},<{major}.{int(minor) + 1}"
    for requirement in requirements(PACKAGES[folder]["project"]):
        name, _, specifier = requirement.replace(" ", "").partition(">")
        if name.split("[")[0] in NAMES:
            assert f">{specifier}" == pin, requirement


@every_package
def test_is_installed_in_the_workspace(folder):
    assert folder.name in WORKSPACE["dependency-groups"]["dev"]
    assert WORKSPACE["tool"]["uv"]["sources"][folder.name] == {"workspace": True}


@every_package
def test_brings_the_licence(folder):
    assert PACKAGES[folder]["project"]["license-files"] == ["LICENSE"]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_core_tells_its_version():
    assert xetrack.__version__ == VERSION


def brought(requirement):
    """The names of all that a requirement brings, as far as packages of this workspace say."""
    name, extras = re.match(r"([\w-]+)(?:\[([\w,]+)\])?", requirement).groups()
    if name not in NAMES:
        return {name}
    project = PACKAGES[ROOT / "packages" / name]["project"]
    lines = list(project.get("dependencies", []))
    for extra in extras.split(",") if extras else []:
        lines += project["optional-dependencies"][extra]
    return {name}.union(*map(brought, lines))


def test_all_brings_what_every_export_needs():
    everything = brought("xetrack[all]")

    assert {"pyarrow", "openpyxl"} <= everything
    assert everything >= NAMES - {"xetrack", "xetrack-testing"}
    assert not {"pyarrow", "openpyxl"} & brought("xetrack")
