"""Sinks, monitors and asset stores: none may cost a row, and none hears of a row that is not there."""

from dataclasses import dataclass

import pytest

from xetrack import Provider, Reader, Tracker, XetrackError, XetrackWarning, hookimpl
from xetrack.errors import OptionError
from xetrack.plugin import Asset

CYCLE = []
CYCLE.append(CYCLE)


class Sink:
    """Keeps what it is told, with the number of rows that were committed by then."""

    def __init__(self, *, broken_for=()):
        self.broken_for = broken_for
        self.rows = []
        self.calls = []

    @hookimpl
    def xetrack_sinks(self):
        return [Provider("list", lambda options, context: self)]

    def emit(self, row):
        if row.get("x") in self.broken_for:
            message = "disk on fire"
            raise OSError(message)
        self.rows.append(dict(row))

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")

    @property
    def seen(self):
        return [row["x"] for row in self.rows]


class Meter:
    """A monitor that measures the same always, or fails."""

    def __init__(self, measured, fails=""):
        self.measured = measured
        self.fails = fails
        self.opened = 0

    @hookimpl
    def xetrack_monitors(self):
        return [Provider("meter", self.open)]

    def open(self, options, context):
        self.opened += 1
        self.check("open")
        return self

    def start(self):
        self.check("start")

    def stop(self):
        self.check("stop")
        return self.measured

    def check(self, step):
        if step == self.fails:
            message = "no battery"
            raise RuntimeError(message)


def asset_of(value):
    return Asset("repr", repr(value).encode())


def hash_of(value):
    return asset_of(value).hash


class Shelf:
    """An asset store over a table of the tracker's own engine, so that a rollback takes its objects back."""

    @hookimpl
    def xetrack_asset_stores(self):
        return [Provider("shelf", self.open)]

    def open(self, options, context):
        self.engine = context.engine
        return self

    def prepare(self, value):
        return asset_of(value)

    def put(self, asset, name=None, uses=1):
        row = {"key": asset.hash, "timestamp": "2024-01-01 00:00:00.000000", "track_id": "shelf"}
        self.engine.append("things", [row])

    def get(self, key):
        return key if key in self else None

    def __contains__(self, key):
        return key in self.engine.read("things").get("key", [])


@pytest.fixture(params=["sqlite", "memory"])
def engine(request):
    return request.param


# Sinks


def test_a_sink_gets_every_row_as_it_was_logged_in_order():
    sink = Sink()
    tracker = Tracker(":memory:", {"model": "m"}, plugins=[sink])

    logged = [tracker.log({"x": 1}), *tracker.log_batch([{"x": 2}, {"x": 3}])]
    tracker.track(lambda: {"x": 4})

    assert sink.rows == [*logged, tracker.latest]
    assert tracker["x"].tolist() == sink.seen


def test_a_sink_that_raises_costs_no_row_is_warned_of_once_counted_and_tried_again():
    sink = Sink(broken_for=(2, 3))
    tracker = Tracker(":memory:", plugins=[sink])

    tracker.log({"x": 1})
    with pytest.warns(XetrackWarning, match=r"'list' lost a row: OSError: disk on fire"):
        tracker.log({"x": 2})
    tracker.log({"x": 3})  # a second warning would be an error
    tracker.log({"x": 4})

    assert tracker["x"].tolist() == [1, 2, 3, 4]
    assert tracker.losses == {"list": 2}
    assert sink.seen == [1, 4]


def test_a_sink_that_raises_in_a_batch_loses_that_row_only():
    sink = Sink(broken_for=(2,))
    tracker = Tracker(":memory:", plugins=[sink])

    with pytest.warns(XetrackWarning, match="lost a row"):
        tracker.log_batch([{"x": 1}, {"x": 2}, {"x": 3}])

    assert sink.seen == [1, 3]
    assert len(tracker) == 3


def test_a_sink_that_raises_does_not_keep_another_from_hearing():
    class Other(Sink):
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("other", lambda options, context: self)]

    other = Other()
    tracker = Tracker(":memory:", plugins=[Sink(broken_for=(1,)), other], warnings=False)

    tracker.log({"x": 1})

    assert other.seen == [1]
    assert tracker.losses == {"list": 1}


def test_no_losses_is_an_empty_count():
    assert Tracker(":memory:", plugins=[Sink()]).losses == {}


@pytest.mark.parametrize("bad", [{"timestamp": 1}, {1: 1}, {"x": CYCLE}])
def test_a_sink_never_hears_of_a_row_that_was_refused(bad):
    sink = Sink()
    tracker = Tracker(":memory:", plugins=[sink])

    with pytest.raises(XetrackError):
        tracker.log(bad)
    with pytest.raises(XetrackError):
        tracker.log_batch([{"x": 1}, bad])

    assert sink.rows == []
    assert len(tracker) == 0


def test_a_sink_never_hears_of_a_batch_that_the_engine_rolled_back(tmp_path):
    sink = Sink()
    tracker = Tracker(tmp_path / "a.db", plugins=[sink])
    tracker.log({"x": 0})
    tracker.conn.execute(
        "CREATE TRIGGER db.no BEFORE INSERT ON events WHEN NEW.x = 2 BEGIN SELECT RAISE(FAIL, 'no'); END"
    )

    with pytest.raises(XetrackError):
        tracker.log_batch([{"x": 1}, {"x": 2}, {"x": 3}])

    assert sink.seen == [0]
    assert len(tracker) == 1
    tracker.log({"x": 4})
    assert sink.seen == [0, 4]


@pytest.mark.parametrize("batch", [False, True])
def test_a_sink_hears_of_a_row_once_others_can_read_it(tmp_path, batch):
    class Witness(Sink):
        def emit(self, row):
            with Reader(tmp_path / "a.db") as reader:
                self.rows.append({"x": len(reader)})

    sink = Witness()
    tracker = Tracker(tmp_path / "a.db", plugins=[sink, Shelf()])

    if batch:
        tracker.log_batch([{"x": 1}, {"x": object()}])
    else:
        tracker.log({"x": 1})
        tracker.log({"x": object()})

    assert sink.seen == ([2, 2] if batch else [1, 2])


def test_a_sink_without_a_database_hears_of_every_row():
    sink = Sink()
    tracker = Tracker(Tracker.SKIP_INSERT, plugins=[sink])

    tracker.log({"x": 1})
    tracker.log_batch([{"x": 2}])

    assert sink.seen == [1, 2]
    assert len(tracker) == 0


def test_flush_and_close_reach_the_sinks_once():
    sink = Sink()
    tracker = Tracker(":memory:", plugins=[sink])
    tracker.log({"x": 1})

    tracker.flush()
    tracker.close()
    tracker.close()

    assert sink.calls == ["flush", "close"]


@pytest.mark.parametrize("step", ["flush", "close"])
def test_a_sink_that_cannot_flush_or_close_is_warned_of(step, tmp_path):
    class Stuck(Sink):
        def flush(self):
            message = f"stuck at {step}"
            raise OSError(message)

        close = flush

    tracker = Tracker(tmp_path / "a.db", plugins=[Stuck()])
    tracker.log({"x": 1})

    with pytest.warns(XetrackWarning, match=rf"the sink 'list' failed to {step}: OSError: stuck at {step}"):
        getattr(tracker, step)()
    if step == "flush":
        with pytest.warns(XetrackWarning, match="close"):
            tracker.close()
    assert Reader(tmp_path / "a.db").runs()["status"].tolist() == ["finished"]


# Monitors


def test_what_a_monitor_measures_joins_the_rows_of_log_and_track():
    meter = Meter({"cpu": 0.5})
    tracker = Tracker(":memory:", plugins=[meter])

    assert tracker.log({"x": 1})["cpu"] == 0.5
    assert tracker.track(abs, -2) == 2
    assert (tracker.latest["cpu"], tracker.latest["function_result"]) == (0.5, 2)
    assert meter.opened == 3  # one when the tracker was made, and a fresh one for each


def test_the_event_wins_over_what_a_monitor_measures():
    tracker = Tracker(":memory:", plugins=[Meter({"x": "measured", "error": "measured", "y": "measured"})])

    assert tracker.log({"x": 1})["x"] == 1
    tracker.track(lambda: {"y": 2})
    assert (tracker.latest["error"], tracker.latest["y"]) == ("", 2)


def test_params_win_over_what_a_monitor_measures_with_one_warning():
    """A measurement joins the event, and an event wins over params: so it replaced the user's own value."""
    tracker = Tracker(":memory:", {"x": "mine"}, plugins=[Meter({"x": "measured", "y": 1})])

    with pytest.warns(XetrackWarning, match="^x: params override measurements of the same name"):
        row = tracker.log({"z": 2})
    assert (row["x"], row["y"]) == ("mine", 1)
    tracker.track(abs, -1)  # a second warning would be an error
    assert (tracker.latest["x"], tracker.latest["y"]) == ("mine", 1)


def test_params_of_a_call_win_over_what_a_monitor_measures():
    tracker = Tracker(":memory:", plugins=[Meter({"x": "measured"})])
    tracker.track(abs, -1, params={"x": "mine"})

    assert tracker.latest["x"] == "mine"


@pytest.mark.parametrize("step", ["open", "start", "stop"])
def test_a_monitor_that_raises_costs_no_row_and_is_warned_of_once(step):
    def run():
        tracker = Tracker(":memory:", plugins=[Meter({"cpu": 1}, fails=step)])
        tracker.log({"x": 1})
        return tracker

    with pytest.warns(XetrackWarning, match="monitor 'meter' .*RuntimeError: no battery"):
        tracker = run()
    tracker.track(abs, -1)  # a second warning would be an error
    tracker.log({"x": 2})

    assert len(tracker) == 3
    assert "cpu" not in tracker.columns


@pytest.mark.parametrize(
    "measured",
    [{"timestamp": 1}, {1: 2}, {"cpu": CYCLE}, None, 5],
    ids=["reserved", "no text", "bad", "None", "int"],
)
def test_a_monitor_that_measures_what_cannot_be_logged_costs_no_row(measured):
    tracker = Tracker(":memory:", plugins=[Meter(measured)])

    with pytest.warns(XetrackWarning, match="meter"):
        tracker.log({"x": 1})
    tracker.track(abs, -1)  # a second warning would be an error

    assert len(tracker) == 2


def test_a_monitor_measures_a_call_that_fails_too():
    tracker = Tracker(":memory:", plugins=[Meter({"cpu": 0.5})])

    with pytest.raises(ZeroDivisionError):
        tracker.track(lambda: 1 / 0)

    assert (tracker.latest["cpu"], tracker.latest["error"]) == (0.5, "ZeroDivisionError: division by zero")


class Odometer:
    """A monitor that can be read: how far from the last reading to this one."""

    def __init__(self, fails=""):
        self.fails = fails
        self.told = []

    @hookimpl
    def xetrack_monitors(self):
        return [Provider("odometer", self.open)]

    def open(self, options, context):
        opened = Odometer(self.fails)
        opened.told = self.told
        opened.readings = 0
        return opened

    def read(self):
        self.told.append("read")
        self.readings += 1
        if self.fails == "read":
            message = "no view"
            raise RuntimeError(message)
        return {"readings": self.readings}

    def start(self):
        self.told.append("start")

    def stop(self):
        self.told.append("stop")
        return {"measured": True}


def test_a_monitor_that_can_be_read_is_read_for_log_and_a_fresh_one_measures_calls():
    odometer = Odometer()
    tracker = Tracker(":memory:", plugins=[odometer, Meter({"cpu": 0.5})])
    assert odometer.told == ["read"]  # where the first reading begins

    assert tracker.log({})["readings"] == 2
    tracker.track(abs, -1)
    assert tracker.latest["measured"]
    row = tracker.log({})

    assert (row["readings"], row["cpu"]) == (3, 0.5)
    assert odometer.told == ["read", "read", "start", "stop", "read"]


def test_a_monitor_that_fails_to_be_read_costs_no_row_and_is_warned_of_once():
    with pytest.warns(XetrackWarning, match="monitor 'odometer' .*no view"):
        tracker = Tracker(":memory:", plugins=[Odometer(fails="read")])
    tracker.log({"x": 1})  # a second warning would be an error

    assert len(tracker) == 1


def test_wrong_options_of_a_monitor_are_told_when_the_tracker_is_made():
    class Picky:
        @hookimpl
        def xetrack_monitors(self):
            def open_(options, context):
                raise OptionError(f"no tempo {options.tempo}")

            return [Provider("picky", open_, Tempo)]

    with pytest.raises(OptionError, match="no tempo 3"):
        Tracker(":memory:", plugins=[Picky], tempo=3)


@dataclass
class Tempo:
    tempo: int = 1


# Asset stores


def test_an_object_goes_into_the_store_with_its_row(engine):
    tracker = Tracker(":memory:", engine=engine, plugins=[Shelf])

    assert tracker.log({"model": 1j, "x": 1})["model"] == hash_of(1j)
    assert tracker.get(hash_of(1j)) == hash_of(1j)
    assert tracker.log_batch([{"model": 2j}, {"model": 3j}])[1]["model"] == hash_of(3j)
    assert tracker.count_run() == 3


@pytest.mark.parametrize("log", [lambda tracker, row: tracker.log(row), lambda tracker, row: tracker.log_batch([row])])
@pytest.mark.parametrize("first", [True, False], ids=["first row", "later row"])
def test_an_object_is_taken_back_if_its_row_cannot_be_stored(engine, log, first, monkeypatch):
    tracker = Tracker(":memory:", engine=engine, plugins=[Shelf])
    if not first:
        tracker.log({"x": 1})
    append = tracker.engine.append

    def fail(table, rows):
        append(table, rows)
        if table == "events":
            message = "out of luck"
            raise XetrackError(message)

    monkeypatch.setattr(tracker.engine, "append", fail)
    with pytest.raises(XetrackError, match="out of luck"):
        log(tracker, {"model": 1j})
    monkeypatch.undo()

    assert tracker.engine.tables() == ([] if first else ["events"])
    assert tracker.get(hash_of(1j)) is None
    assert len(tracker) == (0 if first else 1)
    assert log(tracker, {"model": 1j})
    assert tracker.get(hash_of(1j)) == hash_of(1j)


def test_objects_of_a_row_with_a_refused_value_are_taken_back(engine):
    tracker = Tracker(":memory:", engine=engine, plugins=[Shelf])

    with pytest.raises(XetrackError, match="contains itself"):
        tracker.log({"model": 1j, "list": CYCLE})

    assert tracker.get(hash_of(1j)) is None


def test_an_object_may_be_a_param_or_set_later(engine):
    tracker = Tracker(":memory:", {"model": 1j}, engine=engine, plugins=[Shelf])

    assert tracker.log({"x": 1})["model"] == hash_of(1j)
    assert tracker.set_value("other", 2j) == 1
    assert tracker.latest["other"] == hash_of(2j)
    assert tracker.get(hash_of(2j)) == hash_of(2j)


def test_an_asset_store_that_fails_costs_nothing_but_its_row(engine):
    class Full(Shelf):
        def put(self, *args):
            super().put(*args)
            message = "shelf is full"
            raise OSError(message)

    tracker = Tracker(":memory:", engine=engine, plugins=[Full])
    tracker.log({"x": 1})

    with pytest.raises(OSError, match="shelf is full"):
        tracker.log({"model": 1j})

    assert tracker.get(hash_of(1j)) is None
    tracker.log({"x": 2})
    assert tracker["x"].tolist() == [1, 2]


def test_without_an_asset_store_the_row_has_the_repr_and_one_warning_names_the_package():
    tracker = Tracker(":memory:")

    with pytest.warns(XetrackWarning, match="pip install xetrack-assets"):
        row = tracker.log({"model": 1 + 2j})
    tracker.log({"model": 2j, "other": 3j})  # a second warning would be an error

    assert row["model"] == "(1+2j)"
