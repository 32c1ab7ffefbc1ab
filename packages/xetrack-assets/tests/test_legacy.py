"""Files of xetrack 0.x: `data/` holds one made with xetrack 0.7.0. We read its objects, and it could read ours."""

import pickle
import shutil
import sqlite3
from base64 import b64encode
from datetime import UTC
from pathlib import Path

import pytest
from sqlitedict import SqliteDict

import xetrack
from xetrack import Reader, Tracker

DATA = Path(__file__).parent / "data" / "xetrack-0.7.db"


@pytest.fixture
def old(tmp_path):
    shutil.copy(DATA, tmp_path / "old.db")
    return tmp_path / "old.db"


def rows(db):
    with Reader(db) as reader:
        return list(reader)


def hashes(db):
    return [rows(db)[0]["thing"], rows(db)[2]["zone"], rows(db)[3]["packed"]]


def test_objects_are_read_compressed_or_not_and_the_file_stays_as_it_is(old):
    before = old.read_bytes()
    thing, zone, packed = hashes(old)
    with Reader(old) as reader:
        assert reader.assets.get(thing) == frozenset({1, 2, 3})
        assert reader.assets.get(zone) == UTC
        assert reader.assets.get(packed) == frozenset(range(100))
        assert reader.assets.get("thing") == frozenset({1, 2, 3})
        assert reader.assets.keys() == [thing, zone, packed]
        assert [reader.assets.info(key).uses for key in reader.assets] == [2, 1, 1]
        assert {reader.assets.info(key).serializer for key in reader.assets} == {"cloudpickle"}
        assert reader.assets.unused() == []
    assert old.read_bytes() == before


def test_an_object_of_theirs_that_is_logged_again_is_the_same(old):
    thing, _, packed = hashes(old)
    with Tracker(old) as tracker:
        assert tracker.assets.insert(frozenset({1, 2, 3})) == thing
        assert tracker.assets.insert(frozenset(range(100))) == packed
        assert (tracker.assets.info(thing).uses, tracker.assets.info(packed).uses) == (3, 2)
        assert len(tracker.assets) == 3
        assert tracker.conn.execute("SELECT count(*) FROM db.xetrack_assets").fetchone() == (2,)


def as_0_x_reads(db, table, key=None):
    """What 0.x does: a `SqliteDict` of its own, and plain pickles."""
    encode = None if key is None else b64encode(pickle.dumps(key, protocol=5)).decode()
    connection = sqlite3.connect(db)
    try:
        sql = f"SELECT value FROM {table}" + ("" if encode is None else " WHERE key = ?")
        return [value for (value,) in connection.execute(sql, () if encode is None else (encode,))]
    finally:
        connection.close()


def test_what_we_write_0_x_reads(old):
    with Tracker(old) as tracker:
        key = tracker.log({"mine": range(3)})["mine"]
        tracker.log({"mine": range(3)})

    counts = SqliteDict(old, "counts", journal_mode="WAL")
    assert counts[key] == 2
    counts.close()
    (data,) = as_0_x_reads(old, "assets", key)
    assert pickle.loads(data) == range(3)  # noqa: S301 - our own
    (name,) = as_0_x_reads(old, "keys", "mine")
    assert pickle.loads(name) == key  # noqa: S301 - our own


def test_what_0_x_takes_away_is_gone_and_may_come_again(old):
    with Tracker(old) as tracker:
        key = tracker.log({"mine": range(3)})["mine"]
        connection = sqlite3.connect(old)
        connection.execute("DELETE FROM assets WHERE key = ?", (b64encode(pickle.dumps(key, protocol=5)).decode(),))
        connection.execute("DELETE FROM counts WHERE key = ?", (key,))
        connection.commit()
        connection.close()

        assert tracker.get(key) is None
        assert key not in tracker.assets
        tracker.log({"mine": range(3)})
        assert tracker.get(key) == range(3)
        assert tracker.assets.info(key).uses == 1


def test_theirs_are_removed_like_ours(old):
    thing, _, packed = hashes(old)
    with Tracker(old) as tracker:
        assert tracker.assets.remove(thing)
        assert tracker.get(thing) == frozenset({1, 2, 3})
        assert tracker.assets.remove(thing)
        assert not tracker.assets.remove(thing)
        assert tracker.get("thing") is None
        assert tracker.remove_asset(packed, "packed")
        assert tracker.to_df(all=True)["packed"].isna().all()
        assert len(tracker.assets) == 1


def test_a_file_of_theirs_is_copied_whole(old, tmp_path):
    keys = hashes(old)
    assert xetrack.copy(old, tmp_path / "new.db") == 4
    with Reader(tmp_path / "new.db") as reader:
        assert [reader.assets.get(key) for key in keys] == [frozenset({1, 2, 3}), UTC, frozenset(range(100))]
        assert [reader.assets.info(key).uses for key in keys] == [2, 1, 1]
