"""Every test of the kit is proven: a correct implementation passes, and each broken one fails the named tests."""

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import xetrack_testing
from xetrack_testing import Contract

HERE = Path(__file__).parent
SECOND = {"engine_changes", "engine_feed"}  # of a kind whose correct implementation is in another file
SLOW = ["engine_processes"]
NEEDS_CLI = {"test_xt_opens_it"}  # skipped where xetrack-cli is not installed
KINDS = sorted(path.stem.removeprefix("broken_") for path in HERE.glob("broken_*.py"))


def promises(contract):
    """Return the tests of a contract. Inherited ones are the same functions."""
    return {getattr(contract, name) for name in dir(contract) if name.startswith("test_")}


def start(kinds, folder):
    """Start to run the implementations of some kinds."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\npython_files = broken_*.py\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "--assert=plain"]  # failures are not shown
    command += ["-p", "no:cacheprovider", "-c", folder / "pytest.ini"]
    command += [f"--rootdir={HERE}", f"--basetemp={folder / 'places'}", f"--junitxml={folder / 'outcomes.xml'}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command += [HERE / f"broken_{kind}.py" for kind in kinds]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def results(process, folder):
    """Return the outcomes of each test, by implementation and test."""
    out, _ = process.communicate(timeout=500)
    assert (folder / "outcomes.xml").exists(), out
    found = {}
    for case in ET.parse(folder / "outcomes.xml").iter("testcase"):  # noqa: S314 - our own
        name = ".".join(case.get("classname", "").split(".")[-2:]), case.get("name", "").partition("[")[0]
        problem = next((each for each in case if each.tag in {"failure", "error", "skipped"}), None)
        how = "passed" if problem is None else f"{problem.tag}: {problem.get('message')}"
        found.setdefault(name, []).append(how)
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """The outcomes of all implementations, from two concurrent processes."""
    folder = tmp_path_factory.mktemp("proofs")
    if importlib.util.find_spec("typer") is None:
        KINDS.remove("commands")
    halves = {folder / "slow": SLOW, folder / "others": [kind for kind in KINDS if kind not in SLOW]}
    running = [(start(kinds, place), place) for place, kinds in halves.items()]
    left_out = set() if importlib.util.find_spec("xetrack_cli") else NEEDS_CLI
    found = {name: how for process, place in running for name, how in results(process, place).items()}
    return {name: how for name, how in found.items() if name[1] not in left_out}


@pytest.mark.kit
def test_right_implementations_pass(outcomes):
    right = {name: how for name, how in outcomes.items() if ".TestRight" in name[0]}
    assert {name.partition(".")[0] for name, _ in right} == {f"broken_{kind}" for kind in KINDS if kind not in SECOND}
    assert {name: how for name, how in right.items() if how != ["passed"] * len(how)} == {}


@pytest.mark.kit
def test_each_broken_one_is_caught_by_the_tests_named(outcomes):
    broken = {name: how for name, how in outcomes.items() if ".TestRight" not in name[0]}
    assert len(broken) > 100
    assert [name for name, how in broken.items() if not any(each.startswith("failure") for each in how)] == []


def proven(monkeypatch):
    """Return the tests that some broken implementation must fail."""
    monkeypatch.syspath_prepend(HERE)
    modules = [importlib.import_module(f"broken_{kind}") for kind in KINDS]
    members = [each for module in modules for each in vars(module).values()]
    broken = [
        each for each in members if isinstance(each, type) and issubclass(each, Contract) and hasattr(each, "proves")
    ]
    return {getattr(each, name) for each in broken for name in each.proves}


def test_every_promise_of_every_contract_is_proven(monkeypatch):
    contracts = [getattr(xetrack_testing, name) for name in xetrack_testing.__all__ if name.endswith("Contract")]
    done = proven(monkeypatch)
    assert {f"{each.__name__}.{test.__name__}" for each in contracts for test in promises(each) - done} == set()
