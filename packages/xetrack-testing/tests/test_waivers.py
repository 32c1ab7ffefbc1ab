"""A test that a thing cannot pass is waived with a reason; a waiver that waives nothing is an error."""

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
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waivers")
    (folder / "test_subject.py").write_text(SUBJECTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--tb=short", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


def test_a_waived_test_that_fails_is_expected_to(told):
    assert "XFAIL test_subject.py::TestWaived::test_fails - it cannot" in told


def test_a_waived_test_that_passes_is_a_failure(told):
    assert "[XPASS(strict)] it can" in told
    assert "FAILED test_subject.py::TestWaived::test_passes" in told


def test_one_case_of_a_test_is_waived_alone(told):
    assert "XFAIL test_subject.py::TestWaived::test_fails_for_two[2] - two are too many" in told
    assert "PASSED test_subject.py::TestWaived::test_fails_for_two[1]" in told


def test_what_is_not_declared_is_skipped_visibly(told):
    assert "TestWaived does not declare 'wings'" in told


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
