"""What tests of distributions share: a folder in which these are installed beside all that is installed here."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# has tests of its own, that need it installed: test_toy_plugin.py sees to that
collect_ignore = ["toy-plugin"]


@dataclass(frozen=True)
class Site:
    """A folder of distributions, and one to work in. What is installed there comes before what is installed here."""

    site: Path
    work: Path

    @property
    def environment(self):
        """The variables of a shell in which `xt` and Python find what is installed in both."""
        strange = ("XETRACK_", "PYTEST_", "CI", "BUILD_NUMBER")  # with the last two, pytest tells more
        own = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**own, "PATH": paths, "PYTHONPATH": str(self.site), "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}

    def run(self, *command, cwd=None, code=0):
        """The output of a command, errors included, that must end with this code, or None for any."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=500,
        )
        assert code in {None, done.returncode}, done.stdout
        return done.stdout

    def install(self, *sources):
        """Build wheels of folders, and install these without what they depend on. uv brings the build backend."""
        wheels = self.site.parent / "wheels"
        for source in sources:
            self.run("uv", "build", "--quiet", "--wheel", "--out-dir", wheels, source)
        target = ["--python", sys.executable, "--target", self.site, "--no-deps", "--reinstall"]
        self.run("uv", "pip", "install", "--quiet", *target, *sorted(wheels.glob("*.whl")))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An empty one."""
    place = tmp_path_factory.mktemp("installed")
    (place / "work").mkdir()
    return Site(place / "site", place / "work")
