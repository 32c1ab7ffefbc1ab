"""`backup` with this engine: the SQLite file, which DuckDB queries like any other."""

import pytest

from xetrack import Reader, Tracker


@pytest.mark.parametrize("db", ["track.db", ":memory:"])
def test_a_backup_can_be_queried(tmp_path, monkeypatch, db):
    monkeypatch.chdir(tmp_path)
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"x": 1})
        assert tracker.conn.execute("SELECT sum(x) FROM db.events").fetchone() == (1,)
        tracker.backup("backup.db")
        tracker.log({"x": 2})
        tracker.backup("backup.db", overwrite=True)
        tracker.log({"x": 4})
    with Reader("backup.db", engine="duckdb") as reader:
        assert reader.conn.execute("SELECT sum(x) FROM db.events").fetchone() == (3,)
        reader.backup("again.db")
    with Reader("again.db") as reader:
        assert list(reader["x"]) == [1, 2]
