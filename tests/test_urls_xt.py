"""Every call and every `xt` command takes the URL of a database, and nothing shows its password.

The engine is that of a plugin, installed as any other: it keeps rows in this process, and fails as its URL says.
"""

import importlib
import json
import logging
import pickle
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

import xetrack
from xetrack import Reader, Tracker, XetrackError
from xetrack._plugins import discovery, known
from xetrack.registry import discovered
from xetrack_cli.app import root
from xetrack_cli.main import run

SECRET = "hunter2"  # noqa: S105 - not one
URL = f"mem2://ann:{SECRET}@host/db"
SHOWN = "mem2://ann:***@host/db"

PLUGIN = Path(__file__).parent / "data" / "mem2_plugin.py"


def forget():
    for cached in (discovery.scan, discovered):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def mem2(tmp_path, monkeypatch):
    """Installs the plugin, and returns its module."""
    site, work = tmp_path / "site", tmp_path / "work"
    info = site / "mem2-1.0.dist-info"
    info.mkdir(parents=True)
    work.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mem2\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[xetrack]\nmem2 = mem2_plugin\n")
    (site / "mem2_plugin.py").write_bytes(PLUGIN.read_bytes())
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(site)
    forget()
    yield importlib.import_module("mem2_plugin")
    del sys.modules["mem2_plugin"]
    forget()


@pytest.fixture
def xt(capfd):
    """Runs a command in this process; returns its output, errors, and exit code."""

    def command(*words):
        capfd.readouterr()
        code = run([str(word) for word in words])
        sys.stdout.flush()
        return (*capfd.readouterr(), code)

    return command


def logged(url, **options):
    """Log a run of three rows, and close its tracker."""
    with Tracker(url, track_id="run-1", warnings=False, **options) as tracker:
        for x in range(3):
            tracker.log({"x": x, "y": x / 2})
    return tracker


LINES = {
    "runs": [URL],
    "show": [URL, "run-1"],
    "compare": [URL, "run-1", "run-2"],
    "head": [URL],
    "tail": [URL],
    "columns": [URL],
    "ls": [URL, "x"],
    "sql": [URL, "SELECT 42"],
    "describe": [URL],
    "stats describe": [URL],
    "stats top": [URL, "x"],
    "stats bottom": [URL, "x"],
    "plot hist": [URL, "x"],
    "plot scatter": [URL, "x", "y"],
    "set": [URL, "x", "1", "--track-id", "run-1"],
    "delete": [URL, "run-1"],
    "copy": [URL, "target.db"],
    "export": [URL, "rows.csv"],
    "doctor": [URL],
    "assets gc": [URL],
}
CACHES = "no installed cache serves mem2:// URLs. Installed: diskcache (takes paths)."
LACKING = {
    "backup": ([URL, "kept.db"], f"the engine of {SHOWN} cannot write backups, as SQLite does. Use xt copy."),
    "assets ls": ([URL], "reading objects needs an asset store that supports this engine."),
    "assets export": ([URL, "HASH", "array.npy"], "reading objects needs an asset store that supports this engine."),
    "assets delete": ([URL, "HASH"], "reading objects needs an asset store that supports this engine."),
    "cache ls": ([URL], CACHES),
    "cache stats": ([URL], CACHES),
    "cache delete": ([URL, "run-1"], CACHES),
}
NO_DATABASE = {"watch", "plugins list", "plugins doctor", "plugins new"}  # watch goes on until Ctrl-C


def commands(command=None, path=()):
    """The names of all commands, such as `stats top`."""
    command = command or root()
    if not hasattr(command, "list_commands"):
        return {" ".join(path)}
    return {
        name
        for each in command.list_commands(None)
        for name in commands(command.get_command(None, each), (*path, each))
    }


def test_no_command_is_left_out():
    assert commands() == LINES.keys() | LACKING.keys() | NO_DATABASE


@pytest.mark.parametrize("name", LINES)
def test_every_command_takes_a_url(xt, name):
    logged(URL)
    Tracker(URL, track_id="run-2", warnings=False).log({"x": 5})
    out, err, code = xt(*name.split(), *LINES[name])
    assert (err, code) == ("", 0)
    assert SECRET not in out


@pytest.mark.parametrize("name", [*LINES, *LACKING])
def test_every_command_names_the_package_that_serves_a_url(xt, monkeypatch, name):
    monkeypatch.setitem(known.SCHEMES, "absent", "xetrack-absent")
    words = [word.replace("mem2:", "absent:") for word in LINES.get(name) or LACKING[name][0]]
    out, err, code = xt(*name.split(), *words)
    if name.startswith("cache"):
        assert "no installed cache serves absent:// URLs" in err
    else:
        assert err == "xt: absent:// needs xetrack-absent: pip install xetrack-absent\n"
    assert (out, code) == ("", 1)


@pytest.mark.parametrize("name", LACKING)
def test_what_the_engine_lacks_is_one_line(xt, name):
    logged(URL)
    words, told = LACKING[name]
    out, err, code = xt(*name.split(), *words)
    assert err.startswith("xt: ")
    assert err.endswith(f"{told}\n")
    assert err.count("\n") == 1
    assert (out, code) == ("", 1 if told == CACHES else 2)
    assert SECRET not in err


def test_the_environment_may_hold_a_url(xt, monkeypatch):
    logged(URL)
    monkeypatch.setenv("XETRACK_DB", URL)
    out, err, code = xt("stats", "top", "x", "--json")
    assert (json.loads(out)[0]["x"], err, code) == (2, "", 0)


def test_an_export_replaces_a_file(xt):
    logged(URL)
    Path("rows.csv").write_text("old")
    assert xt("export", URL, "rows.csv") == ("3 rows written to rows.csv\n", "", 0)


def test_each_end_of_a_copy_is_opened_by_its_url(xt):
    logged("local.db")
    assert xt("copy", "local.db", URL) == (f"3 new rows copied to {SHOWN}\n", "", 0)
    assert xt("copy", URL, "other.db", "--engine", "duckdb")[1:] == ("", 0)
    assert xt("copy", URL, "third.db", "--source-engine", "mem2", "--target-engine", "sqlite")[1:] == ("", 0)
    _, err, code = xt("copy", URL, "fourth.db", "--source-engine", "sqlite")
    assert (err, code) == (
        f"xt: {SHOWN}: the engine 'sqlite' takes paths. Leave engine= out, or pass another database.\n",
        2,
    )
    assert len(Reader("third.db")) == 3


def test_watch_follows_a_url(xt, monkeypatch):
    logged(URL)
    monkeypatch.setattr("time.sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    out, _, code = xt("watch", URL, "--json")
    assert [json.loads(line)["x"] for line in out.splitlines()] == [0, 1, 2]
    assert code == 130


def test_shells_complete_runs_and_columns_of_a_url(monkeypatch):
    from xetrack_cli.parsing import completion

    class Typed:
        params = {"words": [URL], "table": None}  # noqa: RUF012 - as a context of typer has them

    logged(URL)
    assert completion.runs(Typed, "run") == ["run-1"]
    assert completion.columns(Typed, "x") == ["x"]
    Typed.params = {"words": [f"{URL}?fail=open"]}
    assert completion.runs(Typed, "") == []


def test_the_timeout_goes_to_engines_that_have_one(xt):
    logged(URL)
    _, err, code = xt("delete", URL, "run-1", "--timeout", "5")
    assert "timeout= belongs to the engine 'sqlite'" in err
    assert code == 2


def test_a_driver_error_is_one_line(xt, mem2):
    logged(URL)
    assert xt("sql", URL, "SELECT missing") == ("", f"xt: SQL: no such column in {SHOWN}\n", 1)
    assert mem2.injected[-1] == "sql"


def test_an_engine_without_sql_says_so(xt, mem2, monkeypatch):
    logged(URL)
    monkeypatch.setattr(mem2.Mem2, "conn", property(lambda self: self))
    out, err, code = xt("sql", URL, "SELECT 1")
    assert (out, code) == ("", 2)
    assert err == "xt: This engine has no SQL. Print rows with xt head, or write them to a file with xt export.\n"


def test_sql_advises_to_leave_an_engine_out_only_where_it_was_given(xt):
    logged(URL)
    readonly = f"{SHOWN} is read-only"
    assert xt("sql", URL, "SELECT readonly") == ("", f"xt: {readonly}.\n", 1)
    assert xt("sql", URL, "SELECT readonly", "--engine", "mem2") == ("", f"xt: {readonly}.\n", 1)


# Passwords


def assert_hidden(*things):
    """No text, repr or attribute has the password."""
    for thing in things:
        for text in (str(thing), repr(thing), repr(vars(thing)) if hasattr(thing, "__dict__") else ""):
            assert SECRET not in text, text


def chain(error):
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "how", ["", "?fail=warn", "?fail=append", "?fail=read", "?fail=flush", "?fail=open", "?fail=refuse"]
)
def test_nothing_shows_a_password(mem2, xt, caplog, capfd, tmp_path, how):
    caplog.set_level(logging.DEBUG)
    url = f"{URL}{how}"
    places = {"jsonl": "rows.jsonl", "logs_path": "logs", "logs_stdout": True, "cache": "cache"}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with Tracker(url, {"lr": 0.1}, failing_sink=True, **places) as tracker:
                assert_hidden(tracker, tracker._run, tracker._run.settings)
                tracker.log({"x": 1})
                tracker.track(len, "abc")
                tracker.logger.info("on it")
                tracker.flush()
                assert tracker.db.startswith(SHOWN)
                assert_hidden(tracker.db, tracker.to_df() if not how else "")
        except (XetrackError, mem2.Error) as error:
            assert_hidden(error, chain(error) if isinstance(error, mem2.Error) else "")
        mem2.stores.setdefault(url, mem2.Mem2(url))
        try:
            with Reader(url) as reader:
                assert_hidden(reader, reader.db, reader._location)
                reader.to_dicts()
                reader.list_runs()
            reader.to_dicts()
        except (XetrackError, mem2.Error) as error:
            assert_hidden(error)
        for source, target in ((url, "copied.db"), ("copied.db", url), (url, url), ("missing.db", url)):
            try:
                xetrack.copy(source, target)
            except (XetrackError, mem2.Error) as error:
                assert_hidden(error)
    told = [str(each.message) for each in warned]
    for name, words in {**LINES, **{name: words for name, (words, _) in LACKING.items()}}.items():
        out, err, _ = xt(*name.split(), *(word.replace(URL, url) for word in words))
        told += [out, err]
        assert "Traceback" not in err
    told += [*xt("no-such-command", url)[:2], *xt(url)[:2], *xt("head", url, url)[:2], *xt("head", "--no", url)[:2]]
    told += [caplog.text, *capfd.readouterr()]
    if how:
        assert how.removeprefix("?fail=") in mem2.injected
    else:
        assert {"sink", "hook"} <= {*mem2.injected}
    for text in told:
        assert SECRET not in text
    written = [path for path in tmp_path.joinpath("work").rglob("*") if path.is_file()]
    assert how in {"?fail=open", "?fail=refuse"} or written
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path


def test_a_password_among_the_parameters_and_in_values_that_are_cut():
    for url in (f"mem2://host?password={SECRET}", f"pg://ann:{SECRET}{'x' * 200}@host"):
        with pytest.raises(XetrackError) as caught:
            Reader(url)
        assert_hidden(caught.value)
        with pytest.raises(XetrackError) as caught:
            Tracker(track_id=url, table=url, reset=url)
        assert_hidden(caught.value)


def test_a_traceback_of_a_bug_hides_it_too(mem2, monkeypatch, capfd):
    monkeypatch.setattr(mem2.Mem2, "tables", lambda self: {}[self._url])
    logged(URL)
    with pytest.raises(KeyError) as caught:
        run(["head", URL])
    assert SECRET not in chain(caught.value)


def test_a_tracker_still_reaches_its_database_in_another_process():
    tracker = Tracker(URL, track_id="run-1", warnings=False)
    tracker.log({"x": 1})
    with pickle.loads(pickle.dumps(tracker)) as other:  # noqa: S301 - our own
        other.log({"x": 2})
        assert other.db == SHOWN
    tracker.close()
    assert list(Reader(URL)["x"]) == [1, 2]


def test_no_folder_is_made_of_a_url():
    for url in ("s3://x.db", "sqlite:///x", "http://host/x", "mysql://h/db"):
        with suppress(XetrackError):
            Tracker(url).log({"x": 1})
    assert not any(Path().iterdir())
