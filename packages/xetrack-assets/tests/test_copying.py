"""`xetrack.copy` carries objects with the rows that name them."""

import numpy as np
import pytest

import xetrack
from xetrack import Reader, Tracker


@pytest.fixture
def source(tmp_path):
    with Tracker(tmp_path / "source.db", track_id="a") as tracker:
        tracker.log({"value": range(5), "nested": [6j, 7j]})
        tracker.log({"value": range(5)})
        tracker.assets.insert(range(99))
    with Tracker(tmp_path / "source.db", track_id="b", table="other") as tracker:
        tracker.log({"array": np.arange(3)})
    return tmp_path / "source.db"


def told(db):
    """Each object with its uses."""
    with Reader(db, table=None) as reader:
        return {repr(reader.assets.get(key)): reader.assets.info(key).uses for key in reader.assets}


EVERYTHING = {"range(0, 5)": 2, "[6j, 7j]": 1, "range(0, 99)": 1, "array([0, 1, 2])": 1}


def test_objects_and_their_uses_come_along_once(source, tmp_path):
    target = tmp_path / "target.db"
    assert xetrack.copy(source, target) == 3
    assert told(target) == EVERYTHING
    assert xetrack.copy(source, target) == 0
    assert told(target) == EVERYTHING == told(source)


def test_uses_add_up_where_two_files_are_merged(source, tmp_path):
    target = tmp_path / "target.db"
    with Tracker(target, track_id="mine") as tracker:
        tracker.log({"value": range(5)})
    for _ in range(2):
        xetrack.copy(source, target)
        assert told(target) == EVERYTHING | {"range(0, 5)": 3}


def test_only_what_the_chosen_tables_name_is_copied(source, tmp_path):
    xetrack.copy(source, tmp_path / "target.db", tables=["other"])
    assert told(tmp_path / "target.db") == {"array([0, 1, 2])": 1}


def test_rows_can_be_copied_alone(source, tmp_path):
    xetrack.copy(source, tmp_path / "target.db", assets=False)
    assert told(tmp_path / "target.db") == {}
    with Reader(tmp_path / "target.db") as reader:
        assert len(reader[0]["value"]) == 16


def test_objects_beside_the_source_come_into_the_target_file(tmp_path):
    with Tracker(tmp_path / "source.db", assets=tmp_path / "folder", compress=True) as tracker:
        key = tracker.log({"value": range(5)})["value"]
    xetrack.copy(tmp_path / "source.db", tmp_path / "target.db")
    with Reader(tmp_path / "target.db") as reader:
        assert reader.assets.get(key) == range(5)
        assert reader.assets.info(key).place == "assets"


def logged(db, track_id, **objects):
    """Log objects in a run of their own."""
    with Tracker(db, track_id=track_id) as tracker:
        tracker.log(objects)


def found(db, *names):
    with Reader(db) as reader:
        return [reader.assets.get(name) for name in names]


def test_objects_are_found_by_their_names_in_the_copy(tmp_path):
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    logged(source, "a", value=range(5), same=range(5))
    logged(source, "b", value=range(6))
    with Tracker(source) as tracker:
        tracker.assets.insert(range(7), "for later")
        tracker.assets.insert(range(5), "for later too")
    xetrack.copy(source, target)
    names = ("value", "same", "for later", "for later too")
    assert found(target, *names) == found(source, *names) == [range(6), range(5), range(7), range(5)]
    with Reader(source) as original, Reader(target) as copied:
        assert copied.assets.names() == original.assets.names()
    assert told(target) == {"range(0, 5)": 2, "range(0, 6)": 1, "range(0, 7)": 1}


def test_a_name_goes_with_rows_that_are_new_as_if_they_were_logged_now(tmp_path):
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    logged(target, "mine", value=range(1))
    logged(source, "a", value=range(5))
    xetrack.copy(source, target)
    assert found(target, "value") == [range(5)]

    logged(target, "mine too", value=range(2))
    xetrack.copy(source, target)
    assert found(target, "value") == [range(2)]  # nothing was new

    logged(source, "b", value=range(1))  # an object that is there already
    xetrack.copy(source, target)
    assert found(target, "value") == [range(1)]
    assert told(target) == {"range(0, 1)": 2, "range(0, 5)": 1, "range(0, 2)": 1}


def test_a_name_of_what_no_new_row_names_stays_what_it_is_in_the_target(tmp_path):
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    for db, value in ((source, range(5)), (target, range(6))):
        with Tracker(db, track_id="run") as tracker:
            tracker.assets.insert(value, "best")
    xetrack.copy(source, target)
    assert found(target, "best") == [range(6)]
    assert set(told(target)) == {"range(0, 5)", "range(0, 6)"}


def test_names_that_an_earlier_copy_left_behind_come_along(tmp_path):
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    logged(source, "a", value=range(5))
    xetrack.copy(source, target)
    with Tracker(target) as tracker:
        tracker.engine.database.query("DELETE FROM db.keys")
    xetrack.copy(source, target)
    assert found(target, "value") == [range(5)]
    assert told(target) == {"range(0, 5)": 1}
