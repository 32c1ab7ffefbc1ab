"""A waiver needs a reason and an existing test, and turns that test into a strict expected failure."""

import subprocess
import sys

import pytest

from xetrack_testing import MonitorContract

SUBJECTS = """
import pytest
from xetrack_testing import Contract

class Subject(Contract):
    def test_fails(self):
        assert False

    def test_passes(self):
        pass

    @pytest.mark.parametrize("number", [1, 2])
    def test_fails_for_two(self, number):
        assert number == 1

    def test_needs_wings(self):
        self.require("wings")

    wings = False

class TestWaived(Subject):
    waivers = {"test_fails": "it cannot", "test_passes": "it can", "test_fails_for_two[2]": "two are too many"}
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waivers")
    (folder / "test_subject.py").write_text(SUBJECTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--tb=short", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


def test_a_waived_test_that_fails_is_expected_to(output):
    assert "XFAIL test_subject.py::TestWaived::test_fails - it cannot" in output


def test_a_waived_test_that_passes_is_a_failure(output):
    assert "[XPASS(strict)] it can" in output
    assert "FAILED test_subject.py::TestWaived::test_passes" in output


def test_one_case_of_a_test_is_waived_alone(output):
    assert "XFAIL test_subject.py::TestWaived::test_fails_for_two[2] - two are too many" in output
    assert "PASSED test_subject.py::TestWaived::test_fails_for_two[1]" in output


def test_undeclared_capabilities_are_skipped_visibly(output):
    assert "TestWaived does not declare 'wings'" in output


def waiving(**waivers):
    return type("TestMine", (MonitorContract,), {"waivers": waivers})


def test_a_waiver_of_an_unknown_test_is_an_error():
    with pytest.raises(
        TypeError, match=r"TestMine: there is no test 'test_no_proces.*Did you mean 'test_no_process_is_st"
    ):
        waiving(test_no_proces_is_started="none is")
    with pytest.raises(TypeError, match="there is no test 'measured'"):
        waiving(measured="it is no test")


def test_a_waiver_without_a_reason_is_an_error():
    with pytest.raises(TypeError, match="needs a reason"):
        waiving(test_no_process_is_started=" ")
