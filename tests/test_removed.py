"""A database removed under a tracker with every feature on raises an error, and the other parts go on."""

import json
import os

import numpy as np
import pytest

from xetrack import Reader, Tracker
from xetrack._sqlite import file_identity
from xetrack.errors import DatabaseRemovedError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody remove an open file")


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch):
    """Check the paths at every call."""
    monkeypatch.setattr(file_identity, "_EVERY", 0.0)


@pytest.fixture(params=["sqlite", "duckdb"])
def engine(request):
    return request.param


def test_rows_objects_and_lines_go_together(tmp_path, engine):
    db, lines = tmp_path / "track.db", tmp_path / "lines.jsonl"
    tracker = Tracker(db, engine=engine, jsonl=lines, cache=tmp_path / "cache")
    first = tracker.log({"x": 1, "array": np.arange(3)})
    db.unlink()

    for event in ({"x": 2}, {"x": 3, "array": np.arange(4)}):
        with pytest.raises(DatabaseRemovedError, match="Nothing of this call was stored"):
            tracker.log(event)
    with pytest.raises(DatabaseRemovedError):
        tracker.get(first["array"])
    with pytest.raises(DatabaseRemovedError):
        tracker.track(len, "text")
    tracker.close()

    assert [json.loads(line)["x"] for line in lines.read_text().splitlines()] == [1]
    assert not db.exists()


def test_a_file_is_begun_anew_while_the_old_one_is_open(tmp_path, engine):
    db = tmp_path / "track.db"
    old = Tracker(db, engine=engine)
    old.log_batch([{"x": number, "array": np.arange(number)} for number in range(100)])
    assert old.conn.execute("SELECT count(*) FROM db.events").fetchone() == (100,)
    kept = old.conn
    db.unlink()

    with Tracker(db, engine=engine) as new:
        array = new.log({"x": 1, "array": np.arange(3)})["array"]
        with pytest.raises(DatabaseRemovedError):
            kept.execute("SELECT count(*) FROM db.events")
        with pytest.raises(DatabaseRemovedError, match="replaced by another file"):
            old.log({"x": 2})
        old.close()
        assert new.conn.execute("SELECT count(*) FROM db.events").fetchone() == (1,)
        assert new.get(array).tolist() == [0, 1, 2]

    with Reader(db, engine=engine) as reader:
        assert (len(reader), reader.list_runs()[0]["status"]) == (1, "finished")
        assert reader.assets.get(array).tolist() == [0, 1, 2]


def test_a_reader_of_a_removed_file_says_so(tmp_path, engine):
    db = tmp_path / "track.db"
    with Tracker(db) as tracker:
        array = tracker.log({"array": np.arange(3)})["array"]
    with Reader(db, engine=engine) as reader:
        assert reader.assets.get(array).tolist() == [0, 1, 2]
        conn = reader.conn
        db.unlink()
        for read in (
            lambda: len(reader),
            reader.to_df,
            lambda: conn.execute("SELECT 1 FROM db.events"),
            lambda: reader.assets.get(array),
        ):
            with pytest.raises(DatabaseRemovedError, match="Nothing was read"):
                read()
