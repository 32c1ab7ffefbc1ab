"""What engines may offer beyond the protocol: SQL tables, backups, and locks by table."""

from contextlib import closing
from threading import Thread

import pytest

import xetrack
from xetrack import Provider, Reader, Tracker
from xetrack.errors import DatabaseError, OptionError
from xetrack.plugin import MemoryEngine, Plugin, SqlTables
from xetrack.sqlite import SqliteEngine

ROW = {"x": 1, "timestamp": "2026-11-28 10:00:00.000000", "track_id": "run-1"}


@pytest.fixture(params=["file", "memory"])
def engine(request, tmp_path):
    with closing(SqliteEngine(":memory:" if request.param == "memory" else str(tmp_path / "track.db"))) as engine:
        yield engine


# SQL tables


def test_sqlite_offers_sql_tables(engine):
    assert isinstance(engine.sql, SqlTables)
    assert engine.sql.dialect == "sqlite"
    assert not hasattr(MemoryEngine(), "sql")


def fail_after_writing(engine):
    with engine.transaction():
        engine.sql.query("INSERT INTO db.mine VALUES (?)", (1,))
        engine.append("events", [dict(ROW)])
        assert engine.sql.query("SELECT * FROM db.mine") == [(1,)]
        raise ZeroDivisionError


def test_tables_of_a_plugin_are_written_in_the_transaction_of_the_rows(engine):
    sql = engine.sql
    sql.query("CREATE TABLE db.mine (x)")
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(engine)
    assert (sql.query("SELECT * FROM db.mine"), engine.count("events")) == ([], 0)
    with engine.transaction():
        sql.query("INSERT INTO db.mine VALUES (2)")
        engine.append("events", [dict(ROW)])
    assert (sql.query("SELECT * FROM db.mine"), engine.count("events")) == ([(2,)], 1)
    with pytest.raises(DatabaseError):
        sql.query("INSERT INTO db.nowhere VALUES (1)")


def test_looking_at_sql_tables_creates_no_file(tmp_path):
    with closing(SqliteEngine(str(tmp_path / "track.db"))) as engine:
        assert not engine.sql.exists
        assert list(tmp_path.iterdir()) == []
        engine.append("events", [dict(ROW)])
        assert engine.sql.exists


def test_a_thread_knows_whether_it_is_inside_a_transaction(engine):
    found = []

    def look():
        thread = Thread(target=lambda: found.append(engine.sql.in_transaction))
        thread.start()
        thread.join()

    assert not engine.sql.in_transaction
    with engine.transaction():
        assert engine.sql.in_transaction
        look()
        with engine.transaction():
            assert engine.sql.in_transaction
    look()
    assert not engine.sql.in_transaction
    assert found == [False, False]


# Backups


class Served(MemoryEngine):
    """An engine whose store is elsewhere, with what it was asked for."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def transaction(self, tables=None):
        self.calls.append(tables)
        return super().transaction()


class Exporting(Served):
    def backup(self, path, *, overwrite=False, progress=None):
        progress(1, 2)
        self.calls.append((path, overwrite))


class Opens(Plugin):
    def __init__(self, engine):
        self.engine = engine

    def xetrack_engines(self):
        return [Provider("served", lambda _, __: self.engine)]


def test_an_engine_may_write_backups_its_own_way(tmp_path):
    engine, seen = Exporting(), []
    tracker = Tracker("served", engine="served", plugins=[Opens(engine)], warnings=False)
    engine.calls.clear()
    tracker.backup(tmp_path / "kept", overwrite=True, progress=lambda *pages: seen.append(pages))
    assert (engine.calls, seen) == ([(str(tmp_path / "kept"), True)], [(1, 2)])
    with pytest.raises(OptionError, match="overwrite"):
        tracker.backup(tmp_path / "kept", overwrite="yes")


def test_an_engine_without_backups_says_what_to_do(tmp_path):
    tracker = Tracker("served", engine="served", plugins=[Opens(Served())], warnings=False)
    with pytest.raises(OptionError, match=r"this engine cannot write backups, as SQLite does\. Use xetrack\.copy"):
        tracker.backup(tmp_path / "kept")


# Transactions


def test_a_tracker_names_the_table_that_it_writes():
    engine = Served()
    tracker = Tracker("served", engine="served", table="mine", plugins=[Opens(engine)], warnings=False)
    tracker.log({"x": 1})
    tracker.log_batch([{"x": 2}, {"x": 3}])
    tracker.set_where("x", 5, "x", 3)
    assert [list(tables) for tables in engine.calls] == [["mine"]] * len(engine.calls)
    assert len(engine.calls) == 3


@pytest.fixture
def named(monkeypatch):
    """The tables that transactions of SQLite named."""
    calls, begin = [], SqliteEngine.transaction

    def transaction(self, tables=None):
        calls.append(tables)
        return begin(self, tables)

    monkeypatch.setattr(SqliteEngine, "transaction", transaction)
    return calls


def test_copying_names_the_table_that_it_writes(named, tmp_path):
    with Tracker(tmp_path / "a.db", table="mine") as tracker:
        tracker.log({"x": 1})
    named.clear()
    assert xetrack.copy(tmp_path / "a.db", tmp_path / "b.db", tables=["mine"]) == 1
    assert named
    assert {tuple(tables) for tables in named} == {("mine",)}


def test_deleting_a_run_with_objects_names_its_table(named, tmp_path):
    pytest.importorskip("xetrack_assets")
    with Tracker(tmp_path / "a.db", table="mine") as tracker:
        tracker.log({"x": range(3)})
    named.clear()
    with Reader(tmp_path / "a.db", table="mine") as reader, pytest.warns(match="leaves 1 object"):
        assert reader.delete_run(tracker.track_id) == 1
    assert list(named[0]) == ["mine"]
