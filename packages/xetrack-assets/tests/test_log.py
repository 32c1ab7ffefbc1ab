"""Objects in rows: kept once, under the hash of their content, and given back."""

import threading
from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from xetrack import Reader, Tracker, XetrackWarning
from xetrack.errors import InvalidValueError, OptionError
from xetrack_assets import AssetOptions


class Point:
    def __init__(self, x=0):
        self.x = x

    def __eq__(self, other):
        return isinstance(other, Point) and self.x == other.x

    __hash__ = None

    def __bool__(self):
        return bool(self.x)


def test_the_model_of_the_readme(db):
    features, labels = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(features, labels)
    tracker = Tracker(db, params={"model": "logistic regression"})

    row = tracker.log({"accuracy": float(model.score(features, labels)), "lr": model})

    assert len(row["lr"]) == 16
    assert set(row["lr"]) <= set("0123456789abcdef")
    assert tracker.get(row["lr"]).score(features, labels) == row["accuracy"]
    tracker.close()
    assert Reader(db).assets.get(row["lr"]).score(features, labels) == row["accuracy"]


def test_an_object_is_kept_once_and_counted(tracker):
    first, second = tracker.log({"p": Point(1)}), tracker.log({"p": Point(1), "q": Point(1)})

    assert first["p"] == second["p"] == second["q"]
    assert tracker.assets.keys() == [first["p"]]
    assert tracker.assets.info(first["p"]).uses == 3


def test_each_reading_gives_an_object_of_its_own(tracker):
    key = tracker.log({"p": Point(1)})["p"]
    tracker.get(key).x = 2
    assert tracker.get(key) == Point(1)


@pytest.mark.parametrize("value", [Point(0), np.zeros((0, 3)), np.array([0, 0]), pd.DataFrame(), object, 1j, len])
def test_falsy_and_odd_objects_come_back(tracker, value):
    back = tracker.get(tracker.log({"value": value})["value"])
    if isinstance(value, (np.ndarray, pd.DataFrame)):
        assert back.shape == value.shape
    else:
        assert back == value


def test_an_unknown_hash_gives_none(tracker):
    for _ in range(2):
        assert tracker.get("0123456789abcdef") is None
        assert tracker.assets.info("0123456789abcdef") is None
        assert "0123456789abcdef" not in tracker.assets
        with pytest.raises(KeyError):
            tracker.assets.raw("0123456789abcdef")
        tracker.log({"p": Point(1)})


def test_the_last_object_under_a_key_is_found_by_the_key(tracker):
    tracker.log({"p": Point(1)})
    tracker.log({"p": Point(2)})
    tracker.log({"p": Point(1)})
    assert tracker.get("p") == Point(1)
    assert tracker.get("q") is None


def test_a_row_logged_in_the_middle_of_a_search_is_stored_after_it(tracker):
    """As by a signal handler. The search reads one state of the file, in which nothing can be written."""
    tracker.log({"other": np.ones(3)})
    connection, logged = tracker.engine.database.connection(), []

    def log(statement):
        if "xetrack_meta" in statement and not logged:
            logged.append(statement)
            tracker.log({"late": 1})

    connection.set_trace_callback(log)
    assert list(tracker.get("other")) == [1, 1, 1]
    connection.set_trace_callback(None)
    assert logged
    assert tracker[-1]["late"] == 1


def test_a_batch_keeps_its_objects_with_its_rows(tracker):
    rows = tracker.log_batch([{"p": Point(number % 2)} for number in range(10)])
    assert tracker.assets.info(rows[0]["p"]).uses == tracker.assets.info(rows[1]["p"]).uses == 5


def test_a_batch_that_fails_keeps_nothing(tracker):
    with pytest.raises(InvalidValueError, match="'bad'"):
        tracker.log_batch([{"p": Point(1)}, {"bad": threading.Lock()}])
    assert (len(tracker), len(tracker.assets)) == (0, 0)
    tracker.log({"x": 1})
    assert len(tracker.assets) == 0


def test_an_object_among_the_params_is_kept_as_it_was_and_counted_with_each_row(track):
    array, point = np.zeros(3), Point(1)
    tracker = track(params={"array": array, "points": [point, 1j]})
    assert not tracker.db.endswith("x")
    array[:] = 1
    point.x = 2

    rows = [tracker.log({"x": 1}), *tracker.log_batch([{"x": 2}, {"array": "mine"}])]

    assert np.array_equal(tracker.get(rows[0]["array"]), np.zeros(3))
    assert tracker.get(rows[0]["points"]) == [Point(1), 1j]
    assert tracker.params["array"] == rows[1]["array"]
    assert tracker.assets.info(rows[0]["array"]).uses == 2
    assert tracker.assets.info(rows[0]["points"]).uses == 3
    tracker.set_param("array", None)
    tracker.log({"x": 3})
    assert tracker.assets.info(rows[0]["array"]).uses == 2


def test_a_tracker_with_an_object_among_its_params_that_logs_nothing_leaves_no_trace(db):
    Tracker(db, params={"p": Point(1)}).close()
    assert not db.exists()


def test_a_value_set_later_counts_the_rows_that_hold_it(tracker):
    tracker.log_batch([{"x": number} for number in range(4)])
    assert tracker.set_value("p", Point(1)) == 4
    assert tracker.set_where("q", Point(2), "x", 7) == 0
    key = tracker.latest["p"]
    assert tracker.assets.info(key).uses == 4
    assert tracker.assets.keys() == [key]


def test_what_a_function_returns_is_kept(tracker):
    assert tracker.track(Point, 3) == Point(3)
    assert tracker.get(tracker.latest["function_result"]) == Point(3)


def test_a_hash_logged_as_text_is_text(tracker):
    key = tracker.log({"p": Point(1)})["p"]
    assert tracker.log({"p": key})["p"] == key
    assert tracker.assets.info(key).uses == 1
    assert tracker.assets.unused() == []


def test_what_no_serializer_can_do_is_refused_before_anything_is_written(tracker, db):
    with pytest.raises(InvalidValueError, match=r"'lock' is a _thread.lock, which cloudpickle cannot.*cannot pickle"):
        tracker.log({"p": Point(1), "lock": threading.Lock()})
    assert not db.exists()


def test_without_raise_on_error_the_rest_of_the_row_is_kept(track):
    tracker = track(raise_on_error=False)
    with pytest.warns(XetrackWarning, match=r"'lock'.*cannot pickle.*Only its repr is logged") as caught:
        row = tracker.log({"p": Point(1), "lock": threading.Lock(), "x": 1})
    tracker.log_batch([{"lock": threading.Lock()}])  # a second warning would be an error
    assert len(caught) == 1
    assert row["lock"].startswith("<unlocked _thread.lock")
    assert tracker.get(row["p"]) == Point(1)
    assert len(tracker) == 2


def test_a_result_that_cannot_be_kept_is_returned_and_logged_as_text(tracker):
    with pytest.warns(XetrackWarning, match="function_result"):
        lock = tracker.track(threading.Lock)
    assert tracker.latest["function_result"] == repr(lock)


def test_an_object_that_another_thread_changes_while_it_is_logged_is_refused(tracker, monkeypatch):
    from xetrack_assets import content

    monkeypatch.setattr(content, "MOST_WHOLE", 10)
    array = np.zeros(1000)
    asset = tracker.assets.prepare(array)
    array[500] = 1
    with pytest.raises(InvalidValueError, match="changed by another thread"):
        tracker.assets.put(asset)
    assert len(tracker.assets) == 0


def test_nothing_is_kept_where_no_rows_are(tmp_path):
    tracker = Tracker(Tracker.SKIP_INSERT)
    with pytest.warns(XetrackWarning, match="Only the repr of p is logged"):
        assert tracker.log({"p": 1j})["p"] == "1j"
    with pytest.raises(OptionError, match="needs an asset store that supports this engine"):
        tracker.assets  # noqa: B018 - the property raises
    with pytest.raises(OptionError, match=r"Objects need a SQLite database, and .* is not one"):
        Tracker(Tracker.SKIP_INSERT, assets=tmp_path).log({"p": 1j})


def test_in_memory_objects_are_in_memory():
    tracker = Tracker(Tracker.IN_MEMORY)
    assert tracker.get(tracker.log({"p": Point(1)})["p"]) == Point(1)


def test_a_date_is_no_object(tracker):
    assert tracker.log({"day": date(2026, 11, 25)})["day"] == "2026-11-25"
    assert tracker.assets.keys() == []


def test_the_options_have_the_defaults_of_the_readme():
    assert AssetOptions() == AssetOptions(assets=None, compress=False, serializer=None)
