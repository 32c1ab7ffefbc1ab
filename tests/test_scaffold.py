"""`xt plugins new`: a plugin of each kind is rendered, installed, tested, and checked, as its author would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from xetrack_cli.plugins.scaffold import KINDS, make_names, write

pytestmark = pytest.mark.plugins

XT = [sys.executable, "-m", "xetrack_cli"]


class Rendered(NamedTuple):
    """The folders of new plugins, and an environment in which they are installed."""

    folders: list[Path]
    environment: dict[str, str]

    def run(self, *command, code=0):
        """Standard output of a command that sees them, in the folder that they are in."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folders[0].parent,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=500,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """One of each kind, written as `xt plugins new` does, and installed beside all that is installed here.

    uv builds what asks for uv_build by itself, so nothing is downloaded.
    """
    place = tmp_path_factory.mktemp("scaffold")
    own = {name: value for name, value in os.environ.items() if not name.startswith("XETRACK_")}
    site = place / "site"
    rendered = Rendered([place / "new" / f"xetrack-acme-{kind}" for kind in KINDS], {**own, "PYTHONPATH": str(site)})
    (place / "new").mkdir()
    for folder, kind in zip(rendered.folders, KINDS, strict=True):
        assert write(make_names(folder.name, kind), kind, folder.parent) == folder
    rendered.run("uv", "pip", "install", "--python", sys.executable, "--target", site, "--no-deps", *rendered.folders)
    return rendered


def test_their_own_tests_pass(plugins):
    config = plugins.folders[0] / "pyproject.toml"
    out = plugins.run(
        sys.executable, "-m", "pytest", "-q", "-n", "2", "-c", config, *(each / "tests" for each in plugins.folders)
    )
    assert " passed" in out
    assert " failed" not in out


def test_each_runs_the_contract_of_its_kind_and_that_of_distributions(plugins):
    for folder, kind in zip(plugins.folders, KINDS, strict=True):
        [tests] = (folder / "tests").glob("test_*.py")
        contract = f"{kind.replace('-', ' ').title().replace(' ', '')}Contract"
        assert f"class TestContract({contract}):" in tests.read_text(encoding="utf-8")
        assert "class TestPackaging(PackagingContract):" in tests.read_text(encoding="utf-8")


def test_they_are_typed_strictly(plugins):
    parts = [each / part for each in plugins.folders for part in ("src", "tests")]
    options = ["--strict", "--config-file", plugins.folders[0] / "pyproject.toml", "--cache-dir", os.devnull]
    assert "Success" in plugins.run(sys.executable, "-m", "mypy", *options, *parts)


def test_ruff_finds_nothing(plugins, tmp_path):
    for kind in KINDS:  # long names make long lines
        write(make_names(f"a-rather-long-name-of-a-plugin-for-{kind}", kind), kind, tmp_path)
    plugins.run(sys.executable, "-m", "ruff", "check", "--no-cache", tmp_path)
    plugins.run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", tmp_path)
    plugins.run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")
    plugins.run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".")


def test_they_are_listed_and_well(plugins):
    hooks = {f"xetrack-acme-{kind}": f"{kind.replace('-', '_')}s" for kind in KINDS}
    listed = json.loads(plugins.run(*XT, "plugins", "list", "--json"))
    assert {row["distribution"] for row in listed if row["state"] == "enabled"} >= set(hooks)
    checked = json.loads(plugins.run(*XT, "plugins", "doctor", "--json"))
    mine = {row["distribution"]: row for row in checked if row["distribution"] in hooks}
    assert {name: (row["state"], row["hooks"], row["api"]) for name, row in mine.items()} == {
        name: ("ok", [hook], 1) for name, hook in hooks.items()
    }
