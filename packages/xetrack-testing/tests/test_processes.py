"""`Processes` runs scripts in real processes."""

import subprocess

import pytest

from xetrack_testing import Processes


def test_a_script_is_run_with_its_arguments_environment_and_folder(tmp_path):
    (tmp_path / "beside.py").write_text("said = 'hello'")
    with Processes("import os, sys\n", folder=tmp_path, path=[tmp_path]) as processes:
        out = processes.run(
            """
            import beside
            print(beside.said, sys.argv[1:], os.environ["WORD"], os.getcwd())
            """,
            tmp_path.name,
            5,
            WORD="there",
        )
    assert out == f"hello {[tmp_path.name, '5']} there {tmp_path}\n"


def test_a_failure_shows_standard_error():
    with Processes() as processes, pytest.raises(AssertionError, match=r"ended with 1: .*no such luck"):
        processes.run("raise SystemExit('no such luck')")


def test_options_go_to_the_interpreter():
    script = "import warnings; warnings.warn('beware')"
    with Processes() as processes:
        assert processes.run(script) == ""
    with Processes(options=["-W", "error"]) as processes, pytest.raises(AssertionError, match="beware"):
        processes.run(script)


def test_running_processes_are_killed_at_the_end():
    with Processes() as processes:
        process = processes.start("input()")
        assert process.poll() is None
    assert process.poll() not in {None, 0}
    assert isinstance(process, subprocess.Popen)
