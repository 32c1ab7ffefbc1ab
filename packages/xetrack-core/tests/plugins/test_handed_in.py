"""`plugins=[...]`: a class in a notebook is a plugin, for this tracker only."""

from contextlib import suppress
from dataclasses import dataclass

import pytest

from xetrack import Provider, Reader, Tracker, XetrackWarning, hookimpl
from xetrack.errors import OptionError, PluginBrokenError, PluginConflictError, PluginNotInstalledError
from xetrack.plugin import Asset, MemoryEngine
from xetrack.registry import discovered


class ListSink:
    """A plugin that is its own sink."""

    made = ()

    def __init__(self):
        type(self).made += (self,)
        self.rows = []
        self.closed = 0

    @hookimpl
    def xetrack_sinks(self):
        return [Provider("list", lambda options, context: self)]

    def emit(self, row):
        self.rows.append(dict(row))

    def flush(self):
        pass

    def close(self):
        self.closed += 1


class Stopwatch:
    @hookimpl
    def xetrack_monitors(self):
        return [Provider("stopwatch", lambda options, context: self)]

    def start(self):
        pass

    def stop(self):
        return {"laps": 3}


class Cloud:
    @hookimpl
    def xetrack_engines(self):
        return [Provider("cloud", lambda options, context: MemoryEngine())]


class Shelf:
    """An asset store in a dict."""

    def __init__(self):
        self.things = {}

    @hookimpl
    def xetrack_asset_stores(self):
        return [Provider("shelf", lambda options, context: self)]

    def prepare(self, value):
        self.value = value
        return Asset("repr", repr(value).encode())

    def put(self, asset, name=None, uses=1):
        self.things[asset.hash] = self.value

    def get(self, key):
        return self.things.get(key)

    def __contains__(self, key):
        return key in self.things


class Diary:
    """A plugin with nothing but lifecycle hooks."""

    def __init__(self):
        self.lines = []

    @hookimpl
    def xetrack_run_started(self, run):
        self.lines.append(("started", run.track_id, run.engine.count(run.table, run.track_id)))

    @hookimpl
    def xetrack_run_finished(self, run, status):
        self.lines.append((status, run.track_id))


@pytest.mark.parametrize("form", ["instance", "class"])
def test_a_sink_opens_without_options(form):
    ListSink.made = ()
    tracker = Tracker(":memory:", plugins=[ListSink if form == "class" else ListSink()])

    row = tracker.log({"x": 1})
    tracker.close()

    (sink,) = ListSink.made
    assert sink.rows == [row]
    assert sink.closed == 1


@pytest.mark.parametrize("plugin", [Stopwatch, Stopwatch()], ids=["class", "instance"])
def test_a_monitor_opens_without_options(plugin):
    tracker = Tracker(":memory:", plugins=[plugin])

    tracker.track(abs, -1)

    assert tracker.latest["laps"] == 3


@pytest.mark.parametrize("plugin", [Cloud, Cloud()], ids=["class", "instance"])
def test_an_engine_is_chosen_by_its_name(plugin):
    tracker = Tracker("anything", engine="cloud", plugins=[plugin])

    assert tracker.log({"x": 1}) == tracker.latest
    assert isinstance(tracker.engine, MemoryEngine)


def test_an_engine_that_was_handed_in_but_not_chosen_is_left_alone():
    assert not isinstance(Tracker(":memory:", plugins=[Cloud]).engine, MemoryEngine)


@pytest.mark.parametrize("plugin", [Shelf, Shelf()], ids=["class", "instance"])
def test_an_asset_store_keeps_objects(plugin):
    tracker = Tracker(":memory:", plugins=[plugin])

    row = tracker.log({"model": 1 + 2j, "x": 1})

    assert row["model"] == Asset("repr", b"(1+2j)").hash
    assert tracker.get(row["model"]) == 1 + 2j
    assert tracker.get("no such hash") is None


def test_a_module_is_a_plugin_too():
    import xetrack._memory as module

    with pytest.raises(PluginConflictError, match="'memory' among engines is claimed by both xetrack-core and module"):
        Tracker(":memory:", plugins=[module])


def test_what_is_handed_in_serves_this_tracker_only():
    sink = ListSink()
    Tracker(":memory:", plugins=[sink]).log({"x": 1})

    Tracker(":memory:").log({"x": 2})

    assert [row["x"] for row in sink.rows] == [1]
    with pytest.raises(PluginNotInstalledError, match="cloud"):
        Tracker(":memory:", engine="cloud")


def test_one_plugin_may_serve_several_trackers():
    sink = ListSink()

    for number in range(3):
        Tracker(":memory:", plugins=[sink]).log({"x": number})

    assert [row["x"] for row in sink.rows] == [0, 1, 2]


def test_options_reach_what_is_handed_in():
    @dataclass
    class Options:
        color: str = "red"

    opened = []

    class Painter(ListSink):
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("painter", lambda options, context: opened.append(options), Options)]

    Tracker(":memory:", plugins=[Painter])
    Tracker(":memory:", plugins=[Painter], color="blue")

    assert opened == [Options(), Options("blue")]


@pytest.mark.parametrize("plugin", [object(), object, "sinks", 5])
def test_an_object_without_a_hook_is_an_error_that_says_how_to_write_one(plugin):
    with pytest.raises(PluginBrokenError, match="marked with @xetrack"):
        Tracker(":memory:", plugins=[plugin])


def returns_nothing(self):
    return []


@pytest.mark.parametrize(
    ("name", "method", "told"),
    [
        ("xetrack_sink", returns_nothing, r"xetrack_sink\(\) is not a hook. Did you mean 'xetrack_sinks'\?"),
        ("xetrack_sink", hookimpl(lambda self: []), r"xetrack_sink\(\) is not a hook. Did you mean 'xetrack_sinks'\?"),
        ("xetrack_run_finish", returns_nothing, "Did you mean 'xetrack_run_finished'"),
        ("xetrack_sinks", returns_nothing, r"xetrack_sinks\(\) lacks @xetrack.hookimpl"),
        ("xetrack_zzz", hookimpl(lambda self: []), r"xetrack_zzz\(\) is not a hook"),
    ],
)
@pytest.mark.parametrize("base", [object, Stopwatch], ids=["alone", "beside a hook that works"])
def test_a_misspelt_or_unmarked_hook_is_an_error(base, name, method, told):
    with pytest.raises(PluginBrokenError, match=told):
        Tracker(":memory:", plugins=[type("Wrong", (base,), {name: method})])


def test_names_that_start_with_xetrack_are_reserved_for_hooks():
    class Helped(Stopwatch):
        xetrack_api = 1

        def xetrack_zzz(self):
            return self

    with pytest.raises(PluginBrokenError, match=r"xetrack_zzz\(\) is not a hook"):
        Tracker(":memory:", plugins=[Helped])


def test_a_hook_of_ours_that_fails_to_register_raises():
    class Failing:
        @hookimpl
        def xetrack_sinks(self):
            message = "no luck"
            raise RuntimeError(message)

    with pytest.raises(PluginBrokenError, match=r"xetrack_sinks\(\) of .*Failing.*no luck"):
        Tracker(":memory:", plugins=[Failing])


def test_a_failure_to_open_raises_and_leaves_nothing_open(tmp_path):
    class Jammed(ListSink):
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("jammed", self.open)]

        def open(self, options, context):
            message = "jammed"
            raise OSError(message)

    with pytest.raises(OSError, match="jammed"):
        Tracker(tmp_path / "a.db", plugins=[Jammed])

    assert list(tmp_path.iterdir()) == []


def test_two_of_one_name_handed_in_together_raise():
    for _ in range(2):  # not only the first time
        with pytest.raises(PluginConflictError, match="'list'"):
            Tracker(":memory:", plugins=[ListSink(), ListSink()])


def test_two_asset_stores_handed_in_together_raise():
    class Other(Shelf):
        @hookimpl
        def xetrack_asset_stores(self):
            return [Provider("other", lambda options, context: self)]

    with pytest.raises(OptionError, match="shelf, other"):
        Tracker(":memory:", plugins=[Shelf, Other]).log({"x": object()})


# Lifecycle


def test_a_run_starts_with_its_first_row_and_finishes_with_close(tmp_path):
    diary = Diary()
    tracker = Tracker(tmp_path / "a.db", plugins=[diary])
    assert diary.lines == []

    tracker.log({"x": 1})
    tracker.log({"x": 2})
    assert diary.lines == [("started", tracker.track_id, 1)]

    tracker.close()
    tracker.close()
    assert diary.lines[1:] == [("finished", tracker.track_id)]


def test_a_run_left_by_an_exception_failed():
    diary = Diary()

    with suppress(KeyError), Tracker(":memory:", plugins=[diary]) as tracker:
        tracker.log({"x": 1})
        raise KeyError

    assert diary.lines[-1] == ("failed", tracker.track_id)


def test_a_run_that_logged_nothing_neither_starts_nor_finishes():
    diary = Diary()

    Tracker(":memory:", plugins=[diary]).close()

    assert diary.lines == []


@pytest.mark.parametrize(
    "log",
    [
        lambda tracker: tracker.log({"x": 1}),
        lambda tracker: tracker.log_batch([{"x": 1}]),
        lambda tracker: tracker.log({"x": object()}),
        lambda tracker: tracker.track(abs, -1),
    ],
    ids=["log", "log_batch", "log with an object", "track"],
)
def test_a_run_has_started_when_its_first_row_is_committed_for_everybody_to_see(tmp_path, log):
    seen = []

    class Witness(Shelf):
        @hookimpl
        def xetrack_run_started(self, run):
            with Reader(run.db) as reader:
                seen.append(len(reader))

    log(Tracker(tmp_path / "a.db", plugins=[Witness]))

    assert seen == [1]


def test_a_lifecycle_hook_takes_only_the_arguments_it_names():
    statuses = []

    class Minimal:
        @hookimpl
        def xetrack_run_finished(self, status):
            statuses.append(status)

    with Tracker(":memory:", plugins=[Minimal]) as tracker:
        tracker.log({"x": 1})

    assert statuses == ["finished"]


def test_a_lifecycle_hook_that_raises_is_warned_of_and_the_run_goes_on():
    class Clumsy(Diary):
        @hookimpl
        def xetrack_run_started(self, run):
            message = "tripped"
            raise ValueError(message)

        @hookimpl
        def xetrack_run_finished(self, status):
            message = "fell"
            raise ValueError(message)

    diary = Diary()
    tracker = Tracker(":memory:", plugins=[Clumsy, diary])

    with pytest.warns(XetrackWarning, match=r"xetrack_run_started\(\) of .*Clumsy.*ValueError: tripped") as caught:
        tracker.log({"x": 1})
    tracker.log({"x": 2})
    assert len(caught) == 1
    assert len(tracker) == 2
    with pytest.warns(XetrackWarning, match="fell"):
        tracker.close()
    assert [line[0] for line in diary.lines] == ["started", "finished"]


# Kinds that the core opens for other packages


class Pantry:
    """A plugin with a provider of each kind that the core only keeps for others."""

    @hookimpl
    def xetrack_serializers(self):
        return [Provider("npy", lambda options, context: "a serializer")]

    @hookimpl
    def xetrack_caches(self):
        return [Provider("shelves", lambda options, context: "a cache")]

    @hookimpl
    def xetrack_commands(self):
        return [Provider("doctor", lambda options, context: "a command")]


@pytest.mark.parametrize(
    ("kind", "name", "opens"),
    [("serializers", "npy", "a serializer"), ("caches", "shelves", "a cache"), ("commands", "doctor", "a command")],
)
def test_providers_of_every_kind_are_found_by_kind_and_name(kind, name, opens):
    plugins = discovered().having([Pantry])

    offer = plugins.pick(kind, name)

    assert offer.open({}, None) == opens
    assert offer.owner == "Pantry in plugins="
    assert offer in plugins.offers(kind)
    assert discovered().offers(kind) == []
