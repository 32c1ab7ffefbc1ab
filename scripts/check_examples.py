"""Try the plugins in examples/plugins as their users get them, each in an environment of its own.

Its wheel is installed beside that of the core, with what it declares from the package index, and its tests run there:
what a plugin needs, such as MLflow, is no part of the environment that we develop in.
"""

import subprocess
import tempfile
from pathlib import Path

from workspace import ROOT, environment, install, run

PLUGINS = sorted(ROOT.glob("examples/plugins/*/pyproject.toml"))


def check(pyproject: Path, folder: Path) -> None:
    """Build, install and test the plugin of a pyproject.toml, outside the workspace."""
    plugin, wheels = pyproject.parent, folder / "wheels"
    run("uv", "build", "--quiet", "--wheel", "--out-dir", wheels, plugin, cwd=ROOT)
    [wheel] = wheels.glob(f"{plugin.name.replace('-', '_')}-*.whl")
    python = environment(folder / plugin.name)
    install(python, wheels, wheel, "--group", f"{pyproject}:test")
    subprocess.run([python, "-m", "pytest", "-q", "-c", pyproject, plugin / "tests"], cwd=folder, check=True)


def main() -> None:
    """Check all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("uv", "build", "--quiet", "--wheel", "--package", "xetrack-core", "--out-dir", folder / "wheels", cwd=ROOT)
        for pyproject in PLUGINS:
            print(f"\n{pyproject.parent.name}", flush=True)
            check(pyproject, folder)


if __name__ == "__main__":
    main()
