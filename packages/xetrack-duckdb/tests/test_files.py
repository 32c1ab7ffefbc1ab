"""Files of xetrack 0.x, and the objects in files: what DuckDB shows of them. `data/` holds two made with 0.7.0."""

import base64
import pickle
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import OptionError

DATA = Path(__file__).parent / "data"


@pytest.fixture
def old(tmp_path):
    shutil.copy(DATA / "xetrack-0.7.db", tmp_path / "old.db")
    return tmp_path / "old.db"


def sql(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)


def test_a_file_of_0_7_has_its_table_under_both_names(old, check):
    with Reader(old, engine="duckdb") as reader:
        assert {("default",), ("events",)} <= {*reader.conn.execute("SHOW TABLES").fetchall()}
        assert reader.conn.execute('SELECT epoch FROM db."default"').fetchall() == [(1,), (2,), (None,), (1,)]
        assert reader.conn.execute("SELECT count(DISTINCT track_id) FROM db.events").fetchone() == (2,)
        check(reader)
        check(reader, "default")


def test_what_0_7_does_meanwhile_is_noticed_by_a_reader(old, check):
    with Reader(old, engine="duckdb") as reader:
        check(reader)
        sql(old, "INSERT INTO \"default\" (track_id, timestamp, epoch) VALUES ('a', '1', 7)")
        check(reader)
        sql(old, 'UPDATE "default" SET epoch = 9')
        check(reader)
        sql(old, 'DELETE FROM "default" WHERE loss IS NULL')
        check(reader)


def test_a_file_of_0_7_is_written_in_place(old, check):
    with Tracker(old, engine="duckdb") as tracker:
        check(tracker)
        tracker.log({"epoch": 3, "new": "x"})
        check(tracker)
        tracker.set_value("epoch", 4)
        check(tracker)
        assert tracker.conn.execute('SELECT max(epoch) FROM db."default"').fetchone() == (4,)
        assert ("events",) in tracker.conn.execute("SHOW TABLES").fetchall()


def test_objects_of_0_7_are_listed_without_their_bytes(tmp_path):
    path = tmp_path / "old.db"
    shutil.copy(DATA / "xetrack-0.7-assets.db", path)
    with closing(sqlite3.connect(path)) as connection:
        sizes = [size for (size,) in connection.execute("SELECT length(value) FROM assets")]
        keys = {key for (key,) in connection.execute("SELECT key FROM counts")}

    with Reader(path, engine="duckdb") as reader:
        rows = reader.conn.execute("SELECT key, size, serializer, count FROM db.assets").fetchall()
        assert [name for name, *_ in reader.conn.execute("DESCRIBE db.assets").fetchall()] == [
            "key", "size", "serializer", "count",
        ]  # fmt: skip
    assert sizes
    assert [size for _, size, _, _ in rows] == sizes
    assert {key for key, *_ in rows} == keys
    assert {serializer for _, _, serializer, _ in rows} == {"cloudpickle"}
    assert all(count >= 1 for *_, count in rows)


class Harmful:
    def __reduce__(self):
        return print, ("harm",)


def test_objects_of_both_kinds_of_files_are_listed_and_nothing_of_theirs_runs(db, capsys):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 1})
        of_old = base64.b64encode(pickle.dumps("0123456789abcdef", 5)).decode()
        of_new = base64.b64encode(pickle.dumps("fedcba9876543210", 5)).decode()
        harmful = base64.b64encode(pickle.dumps(Harmful(), 5)).decode()
        sql(
            db,
            "CREATE TABLE assets (key TEXT PRIMARY KEY, value BLOB)",
            "CREATE TABLE counts (key TEXT PRIMARY KEY, value BLOB)",
            "CREATE TABLE xetrack_assets (key TEXT PRIMARY KEY, serializer TEXT, size INTEGER, digest BLOB)",
            *(("INSERT INTO assets VALUES (?, ?)", (key, b"x" * 10)) for key in (of_old, of_new, harmful)),
            ("INSERT INTO counts VALUES (?, ?)", ("0123456789abcdef", pickle.dumps(2, 5))),
            ("INSERT INTO counts VALUES (?, ?)", ("fedcba9876543210", pickle.dumps(Harmful(), 5))),
            "INSERT INTO xetrack_assets VALUES ('fedcba9876543210', 'numpy', 4000, x'00')",
        )

        rows = tracker.conn.execute("FROM db.assets ORDER BY key").fetchall()
        assert rows == [
            ("0123456789abcdef", 10, "cloudpickle", 2),
            ("fedcba9876543210", 4000, "numpy", None),
            (harmful, 10, "cloudpickle", None),
        ]
        sql(db, "DELETE FROM assets WHERE key LIKE 'gAWV%'", "DELETE FROM xetrack_assets")
        assert tracker.conn.execute("SELECT count(*) FROM db.assets").fetchone() == (0,)
    assert "harm" not in capsys.readouterr().out


@pytest.mark.parametrize("option", ["duckdb_cache", "temp_directory"])
def test_a_url_is_no_place_on_disk(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=rf"{option}='s3://bucket/copy': this is a URL\. Pass a path\."):
        Tracker("track.db", engine="duckdb", **{option: "s3://bucket/copy"})
    assert not list(tmp_path.iterdir())
