"""`Tracker.logger` is what a sink brings for logging beside rows."""

import pytest

from xetrack import Provider, Tracker, hookimpl
from xetrack.errors import ClosedError, PluginNotInstalledError, XetrackWarning


class Notebook:
    """A sink that brings a logger: a function that notes an event at level NOTE."""

    def __init__(self):
        self.noted = []

    @hookimpl
    def xetrack_sinks(self):
        return [Provider("notebook", lambda options, context: self)]

    def emit(self, row):
        pass

    def log(self, level, event):
        if event == "bad":
            message = "torn page"
            raise OSError(message)
        self.noted.append((level, event))

    def logger(self, tell):
        return lambda event: tell("NOTE", event)

    def flush(self):
        pass

    def close(self):
        pass


def test_without_any_such_sink_the_error_says_what_to_install():
    with pytest.raises(PluginNotInstalledError, match="'logs' needs xetrack-sinks: pip install xetrack-sinks"):
        _ = Tracker(":memory:").logger


def test_what_the_logger_is_told_reaches_every_sink_that_takes_it():
    first, second = Notebook(), Notebook()
    second.xetrack_sinks = hookimpl(lambda: [Provider("other", lambda options, context: second)])
    tracker = Tracker(":memory:", plugins=[first, second])
    tracker.logger({"a": 1})

    assert first.noted == second.noted == [("NOTE", {"a": 1})]
    assert tracker.logger is tracker.logger
    assert len(tracker) == 0


def test_a_sink_that_takes_only_rows_is_not_asked():
    class Deaf:
        emit = flush = close = staticmethod(lambda *_: None)

        @hookimpl
        def xetrack_sinks(self):
            return [Provider("deaf", lambda options, context: self)]

    book = Notebook()
    tracker = Tracker(":memory:", plugins=[Deaf, book])
    tracker.logger("text")

    assert book.noted == [("NOTE", "text")]
    assert tracker.losses == {}


def test_what_a_sink_cannot_take_is_warned_of_once_and_counted():
    tracker = Tracker(":memory:", plugins=[Notebook])
    with pytest.warns(XetrackWarning, match=r"'notebook' lost a row: OSError: torn page"):
        tracker.logger("bad")
    tracker.logger("bad")

    assert tracker.losses == {"notebook": 2}


def test_a_closed_tracker_has_no_logger():
    tracker = Tracker(":memory:", plugins=[Notebook])
    tracker.close()
    with pytest.raises(ClosedError):
        _ = tracker.logger
