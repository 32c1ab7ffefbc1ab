"""`xetrack.Plugin`: a class to derive plugins from, the same that pluggy takes the hooks from."""

import pytest

from xetrack import Plugin, Provider, Tracker
from xetrack.errors import PluginBrokenError


class Heard:
    def __init__(self, said):
        self.said = said

    def emit(self, row):
        self.said.append(row["x"])

    def flush(self):
        pass

    def close(self):
        pass


class Ear(Plugin):
    """Overrides need no mark."""

    def __init__(self):
        self.said = []

    def xetrack_sinks(self):
        return [Provider("ear", lambda options, context: Heard(self.said))]


class SharpEar(Ear):
    """A hook more than its base, one of whose it overrides."""

    def xetrack_sinks(self):
        return super().xetrack_sinks()

    def xetrack_run_finished(self, run, status):
        self.said.append(status)


def test_what_a_class_overrides_is_called_and_nothing_else():
    ear, sharp = Ear(), SharpEar()
    for plugin in (ear, sharp):
        with Tracker(":memory:", plugins=[plugin]) as tracker:
            tracker.log({"x": 5})
    assert (ear.said, sharp.said) == ([5], [5, "finished"])


def test_a_class_is_made_when_it_is_handed_in():
    with Tracker(":memory:", plugins=[SharpEar]) as tracker:
        assert tracker.log({"x": 5})["x"] == 5


def test_an_override_of_a_name_that_is_no_hook_is_told():
    class Misspelt(Plugin):
        def xetrack_sink(self):
            return []

    with pytest.raises(PluginBrokenError, match="xetrack_sink"):
        Tracker(":memory:", plugins=[Misspelt])


def test_one_that_overrides_nothing_is_told():
    with pytest.raises(PluginBrokenError, match="implements no hook"):
        Tracker(":memory:", plugins=[Plugin])
