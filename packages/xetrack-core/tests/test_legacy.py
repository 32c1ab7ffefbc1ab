"""Files of xetrack 0.x: `data/` holds two made with xetrack 0.7.0."""

import shutil
import sqlite3
from pathlib import Path

import pytest

import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import PluginNotInstalledError
from xetrack.registry import discovered

DATA = Path(__file__).parent / "data"
FIRST, SECOND = "amethyst-hummingbird-3884", "humble-armadillo-3276"
ROWS = [
    {
        "track_id": FIRST, "timestamp": "2026-11-23 07:04:53.630143", "model": "resnet18", "accuracy": 0.9,
        "loss": 0.1, "epoch": 1, "ok": 1, "note": "it's", "sizes": "[1, 2]",
    },
    {
        "track_id": FIRST, "timestamp": "2026-11-23 07:04:53.630922", "model": "resnet18", "accuracy": 0.91,
        "loss": 0.09, "epoch": 2, "ok": 0,
    },
    {
        "track_id": FIRST, "timestamp": "2026-11-23 07:04:53.636317", "model": "resnet18", "function_name": "add",
        "args": "[1, 'hello']", "kwargs": "{}", "error": "", "function_time": 1.9073486328125e-06, "function_result": 6,
    },
    {
        "track_id": SECOND, "timestamp": "2026-11-23 07:04:53.639211", "model": "xgboost", "accuracy": 0.5, "epoch": 1,
    },
]  # fmt: skip
"""What the first file holds, by hand. In 0.x a bool became an integer and a list a text."""


@pytest.fixture(params=["copied file", "file that cannot be written"])
def untouched(request, tmp_path):
    path = tmp_path / "old.db"
    shutil.copy(DATA / "xetrack-0.7.db", path)
    if request.param != "copied file":
        path.chmod(0o444)
    return path


@pytest.fixture
def path(tmp_path):
    shutil.copy(DATA / "xetrack-0.7.db", tmp_path / "old.db")
    return tmp_path / "old.db"


def there(row):
    return {key: value for key, value in row.items() if value is not None}


def sql(path, statement):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("table", ["events", "default"])
def test_every_row_reads_as_0_7_stored_it(untouched, table):
    rows = [there(row) for row in Reader(untouched, table=table)]

    assert rows == ROWS
    assert [type(value) for row in rows for value in row.values()] == [
        type(row[key]) for row, expected in zip(ROWS, rows, strict=True) for key in expected
    ]


def test_reading_leaves_the_file_as_it_is_byte_for_byte(untouched):
    before = untouched.read_bytes()

    with Reader(untouched) as reader:
        assert len(reader) == 4
        assert reader.latest()["epoch"].tolist() == [1]
        assert reader.to_df(FIRST)["epoch"].tolist()[:2] == [1, 2]
        assert {"model", "function_result"} <= set(reader.columns)
        assert len(reader.runs()) == 2
    assert Reader.read_db(untouched, engine="sqlite", table="other")["x"].tolist() == [1]

    assert untouched.read_bytes() == before
    assert [each.name for each in untouched.parent.iterdir()] == ["old.db"]


def test_a_tracker_that_only_reads_leaves_it_too(path):
    before = path.read_bytes()

    with Tracker(path) as tracker:
        assert len(tracker.to_df(all=True)) == 4
        assert tracker.count_all() == 4

    assert sql(path, 'SELECT count(*) FROM "default"') == [(4,)]
    assert path.read_bytes()[100:] == before[100:]  # but for SQLite's own counters in the header


def test_runs_tells_what_the_rows_tell(path):
    runs = Reader(path).runs()

    assert runs["track_id"].tolist() == [SECOND, FIRST]
    assert runs["rows"].tolist() == [1, 3]
    assert runs["first"].tolist() == [ROWS[3]["timestamp"], ROWS[0]["timestamp"]]
    assert runs["last"].tolist() == [ROWS[3]["timestamp"], ROWS[2]["timestamp"]]
    assert runs["epoch"].tolist() == [1, 2]
    assert runs["status"].isna().all()


def test_the_table_named_default_is_written_in_place_and_both_names_work_in_sql(path):
    with Tracker(path, {"model": "new"}) as tracker:
        row = tracker.log({"accuracy": 0.99, "ok": True, "sizes": [3], "fresh": 1.5})
        for name in ("db.events", 'db."default"', "events"):
            found = tracker.conn.execute(f"SELECT accuracy, fresh FROM {name} WHERE accuracy > 0.95").fetchall()
            assert found == [(0.99, 1.5)]
        assert tracker.latest == row
        assert there(tracker[0]) == row

    assert sql(path, 'SELECT count(*) FROM "default"') == sql(path, "SELECT count(*) FROM events") == [(5,)]
    assert sql(path, "SELECT type FROM sqlite_master WHERE name = 'events'") == [("view",)]
    rows = [there(each) for each in Reader(path)]
    assert rows[:4] == ROWS
    assert rows[4] == row
    assert Reader(path).conn.execute("SELECT count(*) FROM db.events").fetchall() == [(5,)]


def test_a_column_added_later_shows_in_the_view_too(path):
    Tracker(path).log({"first": 1})
    Tracker(path).log({"second": 2})

    assert sql(path, "SELECT second FROM events WHERE second IS NOT NULL") == [(2,)]


def test_an_old_run_can_be_resumed_changed_and_deleted(path):
    with Tracker(path, track_id=FIRST) as tracker:
        assert len(tracker) == 3
        tracker.log({"epoch": 3})
        assert tracker.set_value("test_accuracy", 0.8) == 4
    assert Reader(path).runs().set_index("track_id")["rows"].to_dict() == {FIRST: 4, SECOND: 1}

    assert Reader(path).delete_run(SECOND) == 1
    assert Reader(path).runs()["track_id"].tolist() == [FIRST]


def test_the_other_table_of_the_file_is_appended_to(path):
    Tracker(path, table="other").log({"x": 2})

    assert Reader(path, table="other")["x"].tolist() == [1, 2]
    assert len(Reader(path)) == 4


def test_reset_of_an_old_file_starts_anew(path):
    with Tracker(path, reset=True) as tracker:
        tracker.log({"x": 1})

    assert Reader(path)["x"].tolist() == [1]
    assert Reader(path, table="default")["x"].tolist() == [1]
    assert Reader(path, table="other")["x"].tolist() == [1]


def test_an_old_file_is_copied_into_a_new_one(path, tmp_path):
    assert xetrack.copy(path, tmp_path / "new.db") == 5
    assert xetrack.copy(path, tmp_path / "new.db") == 0

    assert [there(row) for row in Reader(tmp_path / "new.db")] == ROWS
    assert sql(tmp_path / "new.db", "SELECT count(*) FROM events") == [(4,)]
    assert Reader(tmp_path / "new.db", table="other")["x"].tolist() == [1]


def test_new_rows_are_merged_into_an_old_file(path, tmp_path):
    Tracker(tmp_path / "new.db", track_id="new").log({"accuracy": 0.7, "more": [1]})

    assert xetrack.copy(tmp_path / "new.db", path) == 1
    assert xetrack.copy(tmp_path / "new.db", path) == 0

    assert [there(row) for row in Reader(path)][:4] == ROWS
    assert Reader(path).to_df("new")["more"].tolist() == [[1]]
    assert sql(path, 'SELECT count(*) FROM "default"') == [(5,)]


@pytest.fixture
def without_plugins(monkeypatch):
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)
    discovered.cache_clear()
    yield
    discovered.cache_clear()


def test_a_file_with_objects_is_copied_whole_only_with_the_package_for_them(tmp_path, without_plugins):
    shutil.copy(DATA / "xetrack-0.7-assets.db", tmp_path / "old.db")

    with pytest.raises(PluginNotInstalledError) as caught:
        xetrack.copy(tmp_path / "old.db", tmp_path / "new.db")

    assert str(caught.value) == (
        "copying logged objects needs xetrack-assets: pip install xetrack-assets. To copy the rows alone: assets=False"
    )
    assert not (tmp_path / "new.db").exists()
    assert xetrack.copy(tmp_path / "old.db", tmp_path / "new.db", assets=False) == 2
    assert Reader(tmp_path / "new.db")[0]["obj"] == "9f44bc80fcc571e1"


def test_a_file_whose_tables_for_objects_are_empty_is_copied_without_the_package(path, tmp_path, without_plugins):
    assert xetrack.copy(path, tmp_path / "new.db") == 5


def test_the_sample_files_are_small():
    assert all(each.stat().st_size < 100_000 for each in DATA.iterdir())
