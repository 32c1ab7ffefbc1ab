"""`xt` starts fast: each command imports what it needs, when it is typed."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import xetrack_cli
from xetrack_cli.app import root
from xetrack_cli.builtin_commands import COMMANDS

LOADED = """
import sys
from xetrack_cli.main import run
code = run(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
"""
MODULES = [
    each.name
    for each in pkgutil.walk_packages(xetrack_cli.__path__, "xetrack_cli.")
    if not each.name.startswith("xetrack_cli.templates.")
]
HEAVY = {"duckdb", "numpy", "openpyxl", "pandas", "plotext", "pyarrow", "rich"}


def loaded(*words):
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_imports_no_command(words):
    modules = loaded(*words)
    assert not HEAVY & modules
    homes = {f"xetrack_cli.commands.{entry.target.partition(':')[0]}" for entry in COMMANDS.values()}
    assert not homes & modules


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (["head", "DB"], set()),
        (["head", "DB", "--json"], set()),
        (["runs", "DB"], set()),
        (["show", "DB", "--csv"], set()),
        (["sql", "DB", "SELECT 1", "--json"], set()),
        (["set", "DB", "x", "1", "--all", "--yes"], set()),
        (["stats", "top", "DB", "accuracy", "--csv"], set()),
    ],
)
def test_a_command_imports_no_more_than_it_needs(db, words, needs):
    assert HEAVY & loaded(*(word.replace("DB", db) for word in words)) == needs


def test_help_lists_every_command(xt):
    out = xt("--help").out
    for name, entry in COMMANDS.items():
        assert f"\n  {name} " in out
        assert entry.help.split()[0] in out
    assert xt() == xt("--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_what_the_list_tells_of_it(xt, name):
    done = xt(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: xt {name} ")
    assert " ".join(done.out.split()).partition(COMMANDS[name].help)[1]
    assert xt(name, "-h") == done


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["head"], "xt head [OPTIONS] [DB]"),
        (["set"], "xt set [OPTIONS] [DB] KEY VALUE"),
        (["copy"], "xt copy [OPTIONS] SOURCE TARGET"),
        (["backup"], "xt backup [OPTIONS] SOURCE TARGET"),
        (["plot", "scatter"], "xt plot scatter [OPTIONS] [DB] X Y"),
        (["compare"], "xt compare [OPTIONS] [DB] TRACK_ID..."),
        (["doctor"], "xt doctor [OPTIONS] [DB]"),
    ],
)
def test_usage_tells_the_words_as_they_are_typed(xt, words, usage):
    done = xt(*words, "--help")
    assert done.out.splitlines()[0] == f"Usage: {usage}"
    assert "list[str]" not in done.out
    assert "Database" in done.out


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_exports(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert [each for each in module.__all__ if hasattr(module, each)] == module.__all__


def test_the_root_has_every_command():
    assert list(COMMANDS) == root().list_commands(None)[: len(COMMANDS)]


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion(shell, shell_name):
    asked = {
        "bash": {"COMP_WORDS": "xt he", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "xt he"},
        "fish": {"_TYPER_COMPLETE_ARGS": "xt he", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    done = shell(_XT_COMPLETE=f"complete_{shell_name}", **asked[shell_name])
    assert "head" in done.out
    assert "tail" not in done.out


@pytest.fixture
def complete(xt, monkeypatch, capfd):
    """Completes a line in this process, as bash asks for it."""

    def complete(**environment):
        for name, value in {"_XT_COMPLETE": "complete_bash", **environment}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit):
            xt()
        sys.stdout.flush()
        return capfd.readouterr()

    return complete


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("xt show DB fi", {"first-run-0001"}),
        ("xt delete DB ", {"first-run-0001", "second-run-0002"}),
        ("xt compare DB first-run-0001 s", {"second-run-0002"}),
        ("xt stats top DB ac", {"accuracy"}),
        ("xt plot scatter DB epoch ac", {"accuracy"}),
        ("xt set DB ep", {"epoch"}),
        ("xt head DB --jso", {"--json"}),
        ("xt show nowhere.db ", set()),
        ("xt sh", {"show"}),
    ],
)
def test_completion_of_runs_columns_and_options(complete, db, typed, expected):
    line = typed.replace("DB", "track.db")
    count = str(len(line.split(" ")) - 1)
    done = complete(COMP_WORDS=line, COMP_CWORD=count)
    assert (set(done.out.split()), done.err) == (expected, "")


@pytest.mark.parametrize(("line", "count"), [("xt show fi", "2"), ("xt head --track-id fi", "3")])
def test_completion_with_the_database_of_the_environment(complete, db, line, count):
    assert complete(COMP_WORDS=line, COMP_CWORD=count, XETRACK_DB=db).out.split() == ["first-run-0001"]


def test_completion_can_be_shown(shell):
    # told which shell it is, typer does not look which one runs it
    done = shell("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.code == 0
    assert "_XT_COMPLETE=complete_bash" in done.out


def test_the_console_script_is_installed(tmp_path):
    from importlib.metadata import entry_points

    [script] = entry_points(group="console_scripts", name="xt")
    assert script.load().__module__ == "xetrack_cli.main"


def test_output_that_the_encoding_has_no_characters_for(shell, tmp_path):
    from xetrack import Tracker

    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"word": "日本"})
    done = shell("head", "v.db", "-c", "word", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.code == 0
    assert r"\u65e5\u672c" in done.out
    assert json.loads(shell("head", "v.db", "--json").out)[0]["word"] == "日本"
