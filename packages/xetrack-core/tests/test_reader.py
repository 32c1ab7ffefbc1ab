"""The Reader: every run, without changing the file."""

import gc
import os
import pickle
import platform
import signal
import sqlite3
import subprocess
import sys
import weakref
from contextlib import closing, suppress
from dataclasses import replace

import pandas as pd
import pytest

from xetrack import Plugin, Provider, Reader, Tracker, XetrackError, copy
from xetrack.errors import (
    ClosedError,
    DatabaseNotFoundError,
    InvalidKeyError,
    InvalidTableError,
    NotADatabaseError,
    OptionError,
    PluginNotInstalledError,
    TableNotFoundError,
)
from xetrack.plugin import MemoryEngine, Run
from xetrack.registry import discovered
from xetrack.sqlite import SqliteEngine

DOOMED = """
import sys
from xetrack import Tracker
tracker = Tracker("a.db", track_id="doomed")
tracker.log({"x": 1})
print("logged", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """Two runs of two rows each."""
    for name, first in (("one", 1), ("two", 3)):
        with Tracker(tmp_path / "track.db", {"name": name}, track_id=name) as tracker:
            tracker.log({"x": first, "y": 0.5})
            tracker.log({"x": first + 1, "ok": True})
    return tmp_path / "track.db"


@pytest.fixture
def reader(path):
    with Reader(path) as made:
        yield made


def test_a_missing_file_is_an_error_that_names_it_and_none_is_made(tmp_path):
    missing = tmp_path / "folder" / "nope.db"

    with pytest.raises(DatabaseNotFoundError, match=r"nope\.db") as caught:
        Reader(missing)

    assert isinstance(caught.value, FileNotFoundError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"this is a text file, and no database at all", b"\x89PNG" + b"\0" * 2000])
def test_a_file_of_another_kind_is_an_error_and_stays_as_it_is(tmp_path, content):
    (tmp_path / "a.db").write_bytes(content)

    with pytest.raises(NotADatabaseError, match=r"a\.db"):
        Reader(tmp_path / "a.db")

    assert (tmp_path / "a.db").read_bytes() == content


def test_to_dicts_has_the_same_rows_with_every_key(reader):
    assert [row["x"] for row in reader.to_dicts()] == [1, 2, 3, 4]
    assert [row["x"] for row in reader.to_dicts("two")] == [3, 4]
    assert [row["x"] for row in reader.to_dicts(head=1)] == [1]
    assert [row["x"] for row in reader.to_dicts("one", tail=1)] == [2]
    assert [(row["y"], row["ok"]) for row in reader.to_dicts("one")] == [(0.5, None), (None, True)]
    assert all(list(row) == reader.columns for row in reader.to_dicts())


def test_list_runs_tells_what_runs_tells(reader):
    frame, listed = reader.runs(), reader.list_runs()
    assert reader.list_runs(limit=1) == listed[:1]
    assert reader.runs(limit=1)["track_id"].tolist() == [listed[0]["track_id"]]
    assert reader.runs(limit=0).columns.tolist()[:3] == ["track_id", "table", "status"]
    with pytest.raises(OptionError, match="limit"):
        reader.runs(limit=-1)
    assert [run["track_id"] for run in listed] == frame["track_id"].tolist()
    assert [run["params"] for run in listed] == [{"name": "two"}, {"name": "one"}]
    assert [(run["rows"], run["x"], run["ok"]) for run in listed] == [(2, 4, True), (2, 2, True)]


def test_to_df_has_all_runs_or_one_whole_or_in_part(reader):
    assert reader.to_df()["x"].tolist() == [1, 2, 3, 4]
    assert reader.to_df("two")["x"].tolist() == [3, 4]
    assert reader.to_df(track_id="two", head=1)["x"].tolist() == [3]
    assert reader.to_df(head=3)["x"].tolist() == [1, 2, 3]
    assert reader.to_df(tail=3)["x"].tolist() == [2, 3, 4]
    assert reader.to_df(track_id="nobody").empty
    assert list(reader.to_df(track_id="nobody").columns) == list(reader.to_df().columns)


def test_none_of_the_rows_is_a_number_of_rows_too(reader):
    assert reader.to_df(head=0).empty
    assert reader.to_df(tail=0).empty


def test_columns_dtypes_len_and_views(reader):
    assert set(reader.columns) == {"timestamp", "track_id", "name", "x", "y", "ok"}
    assert reader.dtypes == {"timestamp": str, "track_id": str, "name": str, "x": int, "y": float, "ok": bool}
    assert len(reader) == 4
    assert reader["x"].tolist() == [1, 2, 3, 4]
    assert (reader[0]["x"], reader[-1]["x"]) == (1, 4)
    assert reader[1]["ok"] is True
    assert reader.head(1)["x"].tolist() == [1]
    assert reader.tail(1)["x"].tolist() == [4]
    assert [row["x"] for row in reader] == [1, 2, 3, 4]
    assert "two" in str(reader)
    assert "<table" in reader._repr_html_()
    assert "track.db" in repr(reader)


def test_latest_is_the_run_that_logged_last(path, reader):
    assert reader.latest()["x"].tolist() == [3, 4]

    Tracker(path, track_id="one").log({"x": 5})

    assert reader.latest()["x"].tolist() == [1, 2, 5]


def test_a_reader_sees_rows_that_others_log_meanwhile(path, reader):
    with Tracker(path) as tracker:
        tracker.log({"x": 9, "new": 1})
        assert reader.to_df()["x"].tolist() == [1, 2, 3, 4, 9]
        assert "new" in reader.columns


def test_read_db_reads_in_one_call(path):
    assert Reader.read_db(path)["x"].tolist() == [1, 2, 3, 4]
    assert Reader.read_db(path, engine="sqlite", table="default")["x"].tolist() == [1, 2, 3, 4]
    assert Reader.read_db(str(path), track_id="two", head=100)["x"].tolist() == [3, 4]
    assert Reader.read_db(path, tail=1)["x"].tolist() == [4]


def test_a_table_is_chosen(path):
    Tracker(path, table="other").log({"z": 1})

    assert Reader(path, table="other").to_df()["z"].tolist() == [1]
    assert Reader(path, table="OTHER").to_df()["z"].tolist() == [1]  # SQLite's names have no case
    assert Reader.read_db(path, table="default")["x"].tolist() == [1, 2, 3, 4]
    with pytest.raises(InvalidTableError):
        Reader(path, table="assets")


@pytest.mark.parametrize("open_it", [Reader, Reader.read_db], ids=["Reader", "read_db"])
def test_a_table_that_does_not_exist_is_refused_with_a_guess_and_the_tables(path, open_it):
    Tracker(path, table="other").log({"z": 1})

    with pytest.raises(
        TableNotFoundError, match=r"no table 'evnts'. Did you mean 'events'\? Tables: events, other\. A tr"
    ):
        open_it(path, table="evnts")
    with pytest.raises(LookupError, match=r"no table 'zzz'. Tables: events, other\."):
        open_it(path, table="zzz")
    with pytest.raises(XetrackError, match="has no table 'zzz'"):
        copy(path, path.with_name("target.db"), tables=["zzz"])


@pytest.mark.parametrize("asked", [{}, {"table": "events"}, {"table": "default"}], ids=str)
def test_the_default_table_of_a_file_that_has_only_others_is_refused(tmp_path, asked):
    db = tmp_path / "other.db"
    for name in ("one", "two"):
        Tracker(db, table=name).log({"x": 1})

    with pytest.raises(TableNotFoundError, match=r"Tables: one, two. Choose one with table=NAME\."):
        Reader(db, **asked)


def test_a_file_without_any_table_has_an_empty_one_by_default(tmp_path):
    db = tmp_path / "new.db"
    db.touch()
    for table in ("events", "default", None):
        with Reader(db, table=table) as reader:
            assert (len(reader), reader.to_df().empty, reader.latest().empty, reader.runs().empty) == (
                0,
                True,
                True,
                True,
            )
    with pytest.raises(
        TableNotFoundError, match=r"no table 'training': it has no tables yet. A tracker creates a table"
    ):
        Reader(db, table="training")
    with Tracker(db, table="training") as tracker:
        tracker.log({"x": 1})
        assert len(Reader(db, table="training")) == 1


def test_no_table_in_particular_is_the_default_or_the_only_one_and_opens_any_file(tmp_path):
    db = tmp_path / "t.db"
    db.touch()
    waiting = Reader(db, table=None)
    assert (waiting.table, len(waiting)) == ("events", 0)
    Tracker(db, table="one").log({"x": 1})
    assert (waiting.table, len(waiting)) == ("one", 1)
    assert Reader(db, table=None).table == "one"

    Tracker(db, table="two").log({"x": 2})
    with Reader(db, table=None) as reader:
        assert reader.conn.execute("SELECT x FROM db.two").fetchall() == [(2,)]
        assert repr(reader) == f"<Reader of {db}>"
        reader.backup(tmp_path / "backup.db")
        with pytest.raises(
            TableNotFoundError, match=r"several tables and none named 'events'. Tables: one, two. Choose"
        ):
            len(reader)

    Tracker(db).log({"x": 3})
    assert Reader(db, table=None).to_df()["x"].tolist() == [3]
    assert Reader(tmp_path / "backup.db", table="two").to_df()["x"].tolist() == [2]


def test_a_table_without_rows_exists_if_it_had_some_or_a_run_was_recorded(path):
    with Tracker(path, table="emptied", track_id="gone") as tracker:
        tracker.log({"x": 1})
    Reader(path, table="emptied").delete_run("gone")
    assert len(Reader(path, table="emptied")) == 0

    with closing(SqliteEngine(str(path))) as engine:
        engine.save_run(Run("coming", "planned", started="2026-01-01 00:00:00.000000"))
    with Reader(path, table="planned") as reader:
        assert reader.to_df().empty
        assert [(run["track_id"], run["rows"]) for run in reader.list_runs()] == [("coming", 0)]


@pytest.mark.parametrize(
    ("db", "engine"),
    [(Tracker.IN_MEMORY, "sqlite"), (Tracker.SKIP_INSERT, "sqlite"), ("a.db", "memory"), ("a.db", "none")],
)
def test_what_keeps_no_file_cannot_be_read(tmp_path, monkeypatch, db, engine):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=r"so it cannot be read or copied|has no file to read or copy"):
        Reader(db, engine)
    with pytest.raises(OptionError, match=r"so it cannot be read or copied|has no file to read or copy"):
        copy(db, "target.db", source_engine=engine)
    with pytest.raises(OptionError, match=r"so it cannot be read or copied|has no file to read or copy"):
        copy("source.db", db, target_engine=engine)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_is_refused_leaves_nothing_open(path, monkeypatch):
    closed = []

    def close(engine):
        closed.append(engine)

    monkeypatch.setattr(SqliteEngine, "close", close)
    with pytest.raises(TableNotFoundError):
        Reader(path, table="evnts")
    assert len(closed) == 1


READS = {
    "to_df": lambda r: r.to_df(),
    "latest": lambda r: r.latest(),
    "runs": lambda r: r.runs(),
    "len": len,
    "columns": lambda r: r.columns,
    "dtypes": lambda r: r.dtypes,
    "conn": lambda r: r.conn,
    "column": lambda r: r["x"],
    "delete_run": lambda r: r.delete_run("one"),
    "set_value": lambda r: r.set_value("x", 1),
    "set_where": lambda r: r.set_where("x", 1, "x", 2),
    "assets": lambda r: r.assets,
}


@pytest.mark.parametrize("use", READS.values(), ids=READS)
def test_a_closed_reader_says_so(path, use):
    reader = Reader(path)
    reader.close()
    reader.close()

    with pytest.raises(ClosedError, match="closed"):
        use(reader)


def test_reading_changes_nothing_and_leaves_nothing(path):
    before = path.read_bytes()

    with Reader(path) as reader:
        for name, read in READS.items():
            if name not in {"delete_run", "set_value", "set_where", "assets"}:
                read(reader)
        reader.conn.execute("SELECT * FROM db.events").fetchall()

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_connection_of_a_forgotten_reader_goes_on_until_it_is_let_go(path):
    connection = Reader(path).conn
    gc.collect()

    assert connection.execute("SELECT x FROM db.events WHERE x > 3").fetchall() == [(4,)]
    database = weakref.ref(connection.check.__self__)
    del connection
    gc.collect()
    assert database() is None
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_query_in_one_line(path):
    rows = Reader(path).conn.execute("SELECT x FROM db.events WHERE x > 2 ORDER BY x")
    gc.collect()

    assert list(rows) == [(3,), (4,)]


def test_conn_reads_only(reader):
    assert reader.conn.execute("SELECT x FROM db.events WHERE x > 3").fetchall() == [(4,)]
    for statement in ("DELETE FROM db.events", "DROP TABLE db.events", "CREATE TABLE db.mine (a)"):
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.conn.execute(statement)


# Runs


def test_runs_tells_one_row_a_run_newest_first(path, reader):
    runs = reader.runs()

    assert list(runs.columns) == [
        "track_id", "table", "status", "started", "ended", "host", "pid", "python", "params", "first", "last", "rows",
        "utc_offsets", "name", "x", "y", "ok",
    ]  # fmt: skip
    assert runs["track_id"].tolist() == ["two", "one"]
    assert runs["status"].tolist() == ["finished", "finished"]
    assert runs["table"].tolist() == ["events", "events"]
    assert runs["rows"].tolist() == [2, 2]
    assert runs["params"].tolist() == [{"name": "two"}, {"name": "one"}]
    assert runs["x"].tolist() == [4, 2]
    assert runs["y"].tolist() == [0.5, 0.5]
    assert runs["ok"].tolist() == [True, True]
    stamps = reader.to_df("two")["timestamp"]
    assert (runs["first"][0], runs["last"][0]) == (stamps[0], stamps[1])
    assert runs["started"][0] == stamps[0]
    assert runs["ended"][0] >= stamps[1]


def test_a_key_named_like_a_column_of_runs_is_told_under_another(tmp_path):
    Tracker(tmp_path / "a.db").log({"status": "mine", "rows": 7, "params": "p"})

    runs = Reader(tmp_path / "a.db").runs()

    assert (runs["last_status"][0], runs["last_rows"][0], runs["last_params"][0]) == ("mine", 7, "p")
    assert (runs["status"][0], runs["rows"][0]) == ("finished", 1)


def test_a_key_named_like_that_other_name_loses_nothing(tmp_path):
    Tracker(tmp_path / "a.db").log({"status": "mine", "last_status": "too"})

    runs = Reader(tmp_path / "a.db").runs()

    assert {"mine", "too"} <= {value for value in runs.iloc[0] if isinstance(value, str)}


def test_the_last_value_of_a_key_is_the_last_that_is_not_none(tmp_path):
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"x": 1, "y": float("nan"), "z": [1]})
        tracker.log({"x": 2, "y": None})
        tracker.log({"x": None})

    runs = Reader(tmp_path / "a.db").runs()

    assert runs["x"][0] == 2
    assert pd.isna(runs["y"][0])
    assert runs["z"][0] == [1]


def test_a_change_made_after_the_end_shows_in_runs(path, reader):
    reader.set_value("x", 77, track_id="one")

    assert reader.runs().set_index("track_id")["x"].to_dict() == {"one": 77, "two": 4}


def test_runs_of_an_empty_table_has_its_columns(tmp_path):
    (tmp_path / "a.db").touch()

    assert "status" in Reader(tmp_path / "a.db").runs().columns


class Heartbeats(MemoryEngine, Plugin):
    """An engine that knows by itself whose process is gone."""

    def xetrack_engines(self):
        return [Provider("heartbeats", lambda options, context: self, schemes=("beats",))]

    def runs(self, table, **chosen):
        found = super().runs(table, **chosen)
        return [replace(run, status={"gone": "crashed"}.get(run.track_id, "running")) for run in found]

    def close(self):
        pass


def test_the_engine_knows_which_runs_crashed():
    plugin = Heartbeats()
    for pid, track_id in ((1 << 30, "far"), (os.getpid(), "gone")):
        plugin.save_run(Run(track_id, "events", host=platform.node(), pid=pid))
        plugin.append("events", [{"timestamp": "2026-01-01 00:00:00.000000", "track_id": track_id}])

    reader = Reader("beats://here", plugins=[plugin])

    assert {run["track_id"]: run["status"] for run in reader.list_runs()} == {"gone": "crashed", "far": "running"}
    assert [run["track_id"] for run in reader.list_runs("status = crashed")] == ["gone"]


def test_a_run_whose_process_was_killed_crashed(tmp_path):
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            DOOMED,
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout.readline() == "logged\n"
        assert Reader(tmp_path / "a.db").runs()["status"].tolist() == ["running"]
        child.send_signal(signal.SIGKILL)
        with suppress(BrokenPipeError):
            child.communicate()

    runs = Reader(tmp_path / "a.db").runs()
    assert (runs["status"][0], runs["rows"][0], runs["ended"][0]) == ("crashed", 1, None)

    with Tracker(tmp_path / "a.db", track_id="doomed") as tracker:
        tracker.log({"x": 2})
    runs = Reader(tmp_path / "a.db").runs()
    assert (runs["status"][0], runs["rows"][0]) == ("finished", 2)


# Changing


def test_delete_run_deletes_that_run_and_no_other(path, reader):
    assert reader.delete_run("one") == 2

    assert reader.to_df()["x"].tolist() == [3, 4]
    assert reader.runs()["track_id"].tolist() == ["two"]
    assert reader.delete_run("one") == 0
    assert reader.delete_run("nobody' OR 1=1 --") == 0


def test_set_value_changes_all_rows_or_one_run(reader):
    assert reader.set_value("x", 9, track_id="one") == 2
    assert reader["x"].tolist() == [9, 9, 3, 4]
    assert reader.set_value("z", [1]) == 4
    assert reader["z"].tolist() == [[1]] * 4


def test_set_where_changes_the_rows_it_names(reader):
    assert reader.set_where("x", 0.5, "y", 0.5) == 2
    assert reader["x"].tolist() == [0.5, 2, 0.5, 4]
    assert reader.set_where("note", "good", where_key="ok", where_value=True, track_id="two") == 1
    assert [row["note"] for row in reader] == [None, None, None, "good"]


def test_time_and_run_cannot_be_set(reader):
    for change in (lambda: reader.set_value("timestamp", 1), lambda: reader.set_where("track_id", 1, "x", 1)):
        with pytest.raises(InvalidKeyError):
            change()


@pytest.mark.parametrize("key", ["timestamp", "track_id"])
def test_rows_may_be_named_by_their_time_or_run(reader, key):
    row = reader[0]

    assert reader.set_where("x", 50, key, row[key]) == (1 if key == "timestamp" else 2)
    assert reader[0]["x"] == 50
    assert reader["x"].tolist()[2:] == [3, 4]


# What plugins bring


@pytest.mark.parametrize(
    ("read", "package"),
    [
        (lambda: Reader.read_logs("logs"), "xetrack-sinks"),
        (lambda: Reader.read_logs(path="logs", limit=5), "xetrack-sinks"),
        (lambda: Reader.read_jsonl("logs/data.jsonl"), "xetrack-sinks"),
        (lambda: Reader.read_cache("cache", "key"), "xetrack-cache"),
        (lambda: Reader.scan_cache("cache"), "xetrack-cache"),
        (lambda: Reader.delete_cache_by_track_id("cache", "run"), "xetrack-cache"),
    ],
)
def test_what_a_missing_package_reads_says_what_to_install(monkeypatch, read, package):
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)
    discovered.cache_clear()

    with pytest.raises(PluginNotInstalledError, match=f"pip install {package}$"):
        read()

    discovered.cache_clear()


def test_assets_of_a_missing_package_say_what_to_install(monkeypatch, path):
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)
    discovered.cache_clear()

    with Reader(path) as reader, pytest.raises(PluginNotInstalledError, match="pip install xetrack-assets"):
        reader.assets  # noqa: B018 - asking is enough

    discovered.cache_clear()


def test_a_frame_that_was_read_can_be_pickled(reader):
    assert pickle.loads(pickle.dumps(reader.to_df())).equals(reader.to_df())  # noqa: S301 - our own
