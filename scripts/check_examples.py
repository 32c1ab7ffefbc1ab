"""Test the plugins in examples/plugins as their users get them, each in an environment of its own.

A plugin's wheel is installed with our wheels of the core and of the conformance kit, and its other dependencies from
the package index. Those, such as MLflow, are not in the environment that we develop in.
"""

import subprocess
import tempfile
from pathlib import Path

from workspace import ROOT, environment, install, run

PLUGINS = sorted(ROOT.glob("examples/plugins/*/pyproject.toml"))
OURS = ("xetrack-core", "xetrack-testing")  # what plugins and their tests need of this workspace


def check(pyproject: Path, folder: Path) -> None:
    """Build, install and test one plugin outside the workspace."""
    plugin, wheels = pyproject.parent, folder / "wheels"
    run("uv", "build", "--quiet", "--wheel", "--out-dir", wheels, plugin, cwd=ROOT)
    [wheel] = wheels.glob(f"{plugin.name.replace('-', '_')}-*.whl")
    python = environment(folder / plugin.name)
    install(python, wheels, wheel, "--group", f"{pyproject}:test")
    subprocess.run([python, "-m", "pytest", "-q", "-c", pyproject, plugin / "tests"], cwd=folder, check=True)


def main() -> None:
    """Check all plugins."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in OURS:
            run("uv", "build", "--quiet", "--wheel", "--package", name, "--out-dir", folder / "wheels", cwd=ROOT)
        for pyproject in PLUGINS:
            print(f"\n{pyproject.parent.name}", flush=True)
            check(pyproject, folder)


if __name__ == "__main__":
    main()
