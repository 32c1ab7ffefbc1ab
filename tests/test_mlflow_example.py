"""The MLflow example passes its tests if MLflow is installed; scripts/check_examples.py installs it."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "plugins" / "xetrack-mlflow"


@pytest.mark.plugins
@pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None or importlib.util.find_spec("alembic") is None,
    reason="MLflow is not installed: python3 scripts/check_examples.py, a step of .ci/run, installs it and runs this",
)
def test_rows_are_forwarded_to_mlflow(site):
    site.install(ROOT / "packages" / "xetrack-core", EXAMPLE)
    options = ["-q", "-p", "no:cacheprovider", "-c", EXAMPLE / "pyproject.toml"]
    out = site.run(sys.executable, "-m", "pytest", *options, EXAMPLE / "tests")
    assert " passed" in out
    assert " failed" not in out


def test_ci_runs_them():
    assert "scripts/check_examples.py" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
