"""Importing xetrack costs next to nothing and changes nothing global."""

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import xetrack

REPORT = """
import json, multiprocessing, sys, warnings
filters = list(warnings.filters)
import xetrack
light = sorted(sys.modules)
from xetrack import Reader, Tracker
tracker = Tracker(sys.argv[1])
tracker.log({"x": 1})
tracker.close()
print(json.dumps({
    "light": light,
    "used": sorted(sys.modules),
    "filters": filters == list(warnings.filters),
    "start_method": multiprocessing.get_start_method(allow_none=True),
}))
"""
HEAVY = {"pandas", "numpy", "pyarrow", "duckdb", "loguru", "typer", "rich", "psutil", "cloudpickle", "pytest"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    db = tmp_path_factory.mktemp("import") / "track.db"
    done = subprocess.run([sys.executable, "-c", REPORT, db], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_xetrack_imports_nothing_else(report):
    assert [name for name in report["light"] if name.startswith("xetrack")] == ["xetrack"]
    assert not {"pluggy", "sqlite3", "coolname", *HEAVY} & set(report["light"])


def test_logging_needs_no_heavy_library(report):
    assert not HEAVY & set(report["used"])


def test_importing_changes_nothing_global(report):
    assert report["filters"]
    assert report["start_method"] is None


def test_the_public_names_are_there_and_no_others_are_promised():
    assert sorted(dir(xetrack)) == sorted(xetrack.__all__)
    for name in xetrack.__all__:
        assert getattr(xetrack, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        xetrack.nonsense  # noqa: B018


@pytest.mark.parametrize("name", [each.name for each in pkgutil.walk_packages(xetrack.__path__, "xetrack.")])
def test_every_module_says_what_it_exports(name):
    module = importlib.import_module(name)
    assert module.__doc__
    exported = getattr(module, "__all__", [])
    assert exported or Path(module.__file__).name == "__init__.py"
    assert not [each for each in exported if not hasattr(module, each)]
