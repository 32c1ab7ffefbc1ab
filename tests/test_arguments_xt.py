"""Every `xt` command, given wrong words and values of options: exit code 0, 1 or 2, and one line that says why."""

import shutil
import sys

import numpy as np
import pytest

from xetrack import Tracker
from xetrack_cli.app import root
from xetrack_cli.main import run

WRONG = (
    *("", " ", "-1", "0", "1.5", "1e9", "nan", "inf", "true", "none", "18446744073709551616", "9" * 400),
    *("missing", "run", "x", "text", "a,,b", ",", "\udcff", "日本", "%s", "{}", "[red]", "../..", "x=1", "--"),
)
LINES = {
    "runs": ["track.db"],
    "show": ["track.db", "run-1"],
    "compare": ["track.db", "run-1", "run-2"],
    "head": ["track.db"],
    "tail": ["track.db"],
    "columns": ["track.db"],
    "ls": ["track.db", "x"],
    "sql": ["track.db", "SELECT 1"],
    "describe": ["track.db"],
    "stats describe": ["track.db"],
    "stats top": ["track.db", "x"],
    "stats bottom": ["track.db", "x"],
    "plot hist": ["track.db", "x"],
    "plot scatter": ["track.db", "x", "y"],
    "set": ["track.db", "x", "1", "--track-id", "run-1"],
    "delete": ["track.db", "run-1"],
    "copy": ["track.db", "target.db"],
    "backup": ["track.db", "kept.db"],
    "export": ["track.db", "rows.csv"],
    "doctor": ["track.db"],
    "assets ls": ["track.db"],
    "assets export": ["track.db", "HASH", "array.npy"],
    "assets delete": ["track.db", "HASH"],
    "assets gc": ["track.db"],
    "cache ls": ["cache"],
    "cache stats": ["cache"],
    "cache delete": ["cache", "--track-id", "run-1"],
}
NOT_HERE = {
    "watch",  # goes on until Ctrl-C; its options are tested in the package
    "plugins list",  # reads no database
    "plugins doctor",  # loads every plugin
    "plugins new",  # writes a package; tested as scaffolds are
}


def commands(command=None, path=()):
    """Each command by its name, such as `stats top`."""
    command = command or root()
    if not hasattr(command, "list_commands"):
        return {" ".join(path): command}
    found = {}
    for name in command.list_commands(None):
        found |= commands(command.get_command(None, name), (*path, name))
    return found


def test_the_table_has_every_command():
    assert commands().keys() - NOT_HERE == LINES.keys()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A database with two runs and an object, a cache, and the hash of the object."""
    folder = tmp_path_factory.mktemp("kept")
    for name in ("run-1", "run-2"):
        with Tracker(folder / "track.db", track_id=name, cache=folder / "cache") as tracker:
            tracker.log_batch([{"x": n, "y": n / 2, "text": "a", "ok": True} for n in range(3)])
            tracker.track(abs, -1)
            row = tracker.log({"array": np.arange(3)})
    return folder, row["array"]


@pytest.mark.soak
@pytest.mark.parametrize("name", LINES)
def test_wrong_values_end_with_a_clear_message(name, kept, tmp_path, monkeypatch, capsys):
    folder, key = kept
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # as the program has them
    monkeypatch.chdir(tmp_path)
    words = [key if word == "HASH" else word for word in LINES[name]]
    options = [
        option.opts[0]
        for option in commands()[name].params
        if option.param_type_name == "option" and not getattr(option, "is_flag", False)
    ]
    tried = [[*words, option, value] for option in options for value in WRONG]
    tried += [[*words[:place], value, *words[place + 1 :]] for place in range(len(words)) for value in WRONG]
    tried += [[*words, value] for value in WRONG] + [words[:place] for place in range(len(words))]
    for line in tried:
        shutil.copy(folder / "track.db", "track.db")
        if words[0] == "cache":
            shutil.copytree(folder / "cache", "cache", dirs_exist_ok=True)
        code = run([*name.split(), *line])
        out, err = capsys.readouterr()
        assert code in {0, 1, 2}, line
        assert "Traceback" not in out + err, line
        if code:
            assert err.startswith("xt: "), line
            assert err.count("\n") == 1 + err.count("\nxt: ") + 2 * err.count("Invalid filter:\n"), line
