"""What threads share: told of forks in time, and read while others write."""

import os
import pickle

import pytest

from xetrack import Tracker
from xetrack.plugin import HeldAtFork


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_what_is_added_while_others_begin_to_hold_still_is_held_too():
    told = []

    class Thing:
        def __init__(self, name, more=None):
            self.name, self.more = name, more

        def before_fork(self):
            told.append(("before", self.name))
            if self.more is not None:
                held.add(self.more)

        def after_fork_in_parent(self):
            told.append(("after", self.name))

        def after_fork_in_child(self):
            told.append(("child", self.name))

    held = HeldAtFork()
    first = Thing("first", Thing("second"))
    held.add(first)
    child = os.fork()
    if not child:
        os._exit(len([each for each in told if each[0] == "child"]))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert told == [("before", "first"), ("before", "second"), ("after", "second"), ("after", "first")]


def test_what_is_pickled_does_not_change_under_the_eyes_of_who_pickles_it(tmp_path):
    """Another thread that logs new keys meanwhile would make pickling fail: a dict changed its size."""
    with Tracker(tmp_path / "track.db", {"p": 1}) as tracker:
        tracker.log({"n": 0})
        state = tracker.__getstate__()
        before = pickle.dumps(state)

        tracker.set_param("q", 2)
        tracker.log({"n": 1, "new": 1})

        assert pickle.dumps(state) == before
