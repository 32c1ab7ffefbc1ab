"""A monitor of one's own, from a notebook, beside ours."""

import gc

from xetrack import Provider, Tracker, hookimpl


class Collections:
    @hookimpl
    def xetrack_monitors(self):
        return [Provider("collections", open=lambda options, context: Collections())]

    def start(self):
        self.before = sum(each["collections"] for each in gc.get_stats())

    def stop(self):
        return {"collections": sum(each["collections"] for each in gc.get_stats()) - self.before}


def test_ten_lines_are_a_monitor():
    tracker = Tracker(":memory:", plugins=[Collections])

    tracker.track(lambda: [gc.collect() for _ in range(3)] and None)

    assert tracker.latest["collections"] >= 3
    assert tracker.log({"x": 1})["collections"] < 3


def test_it_goes_beside_ours():
    tracker = Tracker(":memory:", plugins=[Collections], log_system_params=True, log_network_params=True)

    tracker.track(abs, -1)

    assert {"collections", "cpu", "bytes_sent"} <= set(tracker.latest)
