"""Odd arguments to `xt`: an exit code of 0, 1 or 2, and one line that says why; never a traceback."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack import Tracker
from xetrack_cli.main import run

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import few

COMMANDS = [
    "head", "tail", "ls", "runs", "set", "delete", "sql", "copy", "describe", "stats", "plot", "export", "doctor",
    "assets", "cache", "plugins", "nothing",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(
        [
            "track.db", "missing.db", "events", "run-1", "x", "top", "hist", "scatter", "ls", "export", "delete", "gc",
            "--n=-1", "--n", "1e9", "--json", "--csv", "--table", "--table=", "--track-id", "--columns", "a,,b",
            "--help",
            "--engine=duckdb", "--engine", "none", "SELECT * FROM db.events", "SELECT", "--", "-", "", "\0", "\ud800",
            "../..", "/", ".", "~", "file:track.db?mode=memory", ":memory:", "%s", "{}", "[red]x[/", "[/]", "\x1b[2J",
        ]
    ),
    st.text(max_size=8),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("xt")
    with Tracker(folder / "track.db", track_id="run-1") as tracker:
        tracker.log_batch([{"x": number, "[red]": "[/]", "text": "\x1b[2J"} for number in range(5)])
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


# a watch goes on until it is interrupted, a new plugin is a folder of files, and neither is asked for here
@pytest.mark.fuzz
@settings(few(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.sampled_from(COMMANDS), words=st.lists(WORDS, max_size=5))
def test_odd_arguments_end_with_a_clear_message(folder, capfd, command, words):
    words = [word for word in words if "write" not in word]
    try:
        code = run([command, *words])
    except SystemExit as error:
        code = error.code
    out, err = capfd.readouterr()
    assert code in {0, 1, 2}
    assert "Traceback" not in err + out
    if code:
        assert err.startswith("xt: ")
        assert "bug" not in err
