"""Every promise of the kit is proven: a right implementation passes, each broken one is caught by the test named."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import xetrack.testing
from xetrack.testing import Contract

HERE = Path(__file__).parent
KINDS = sorted(path.stem.removeprefix("broken_") for path in HERE.glob("broken_*.py"))


def promises(contract):
    """The tests of a contract. One that is inherited is the same function."""
    return {getattr(contract, name) for name in dir(contract) if name.startswith("test_")}


def run(kind, folder):
    """The broken implementations of a kind, and how each test went: "passed", or what was told of it."""
    told = folder / "told.xml"
    (folder / "pytest.ini").write_text("[pytest]\npython_files = broken_*.py\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", folder / "pytest.ini"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command += ["--tb=line", f"--basetemp={folder / 'places'}", f"--junitxml={told}", HERE / f"broken_{kind}.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=110)
    assert told.exists(), done.stdout + done.stderr
    results = {}
    for case in ET.parse(told).iter("testcase"):  # noqa: S314 - our own
        name = (case.get("classname", "").rpartition(".")[2], case.get("name", "").partition("[")[0])
        problem = next((each for each in case if each.tag in {"failure", "error", "skipped"}), None)
        how = "passed" if problem is None else f"{problem.tag}: {problem.get('message')}"
        results.setdefault(name, []).append(how)
    return results


@pytest.mark.parametrize("kind", KINDS)
def test_each_broken_one_is_caught_and_the_right_one_passes(kind, tmp_path):
    results = run(kind, tmp_path)
    right = {name: told for name, told in results.items() if name[0].startswith("TestRight")}
    assert right
    assert {name: told for name, told in right.items() if told != ["passed"] * len(told)} == {}
    caught = {name: told for name, told in results.items() if name not in right}
    missed = {name for name, told in caught.items() if not any(each.startswith("failure") for each in told)}
    assert missed == set()


def proven(monkeypatch):
    """The tests that some broken implementation fails."""
    monkeypatch.syspath_prepend(HERE)
    modules = [importlib.import_module(f"broken_{kind}") for kind in KINDS]
    members = [each for module in modules for each in vars(module).values()]
    broken = [
        each for each in members if isinstance(each, type) and issubclass(each, Contract) and hasattr(each, "proves")
    ]
    return {getattr(each, name) for each in broken for name in each.proves}


def test_every_promise_of_every_contract_is_proven(monkeypatch):
    contracts = [getattr(xetrack.testing, name) for name in xetrack.testing.__all__ if name.endswith("Contract")]
    done = proven(monkeypatch)
    assert {f"{each.__name__}.{test.__name__}" for each in contracts for test in promises(each) - done} == set()
