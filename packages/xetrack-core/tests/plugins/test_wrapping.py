"""An engine may wrap another one, which it opens through its context."""

from dataclasses import dataclass

import pytest

from xetrack import Plugin, Provider, Reader, Tracker, copy
from xetrack.errors import DatabaseNotFoundError, DatabaseReadOnlyError, OptionError, PluginError
from xetrack.plugin import Context, Engine


@dataclass(frozen=True)
class Options:
    inner: str | None = "sqlite"
    given: tuple = ()
    inner_read_only: bool = False


class Wrapper:
    """Passes everything on to another engine."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Wrapping(Plugin):
    def __init__(self):
        self.opened = []

    def xetrack_engines(self):
        return [Provider("wrapping", self.open, Options, schemes=("wrapped",))]

    def open(self, options, context):
        db = context.db.removeprefix("wrapped://")
        read_only = {"read_only": True} if options.inner_read_only else {}
        self.opened.append(Wrapper(context.open_engine(db, options.inner, **read_only, **dict(options.given))))
        return self.opened[-1]


@pytest.fixture
def plugin():
    return Wrapping()


def test_rows_go_through_the_wrapper(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Tracker("wrapped://a.db", plugins=[plugin], inner=None, given=(("timeout", 1.5),)) as tracker:
        tracker.log({"x": 1})
        assert tracker.engine is plugin.opened[0]
        assert isinstance(tracker.engine, Engine)
    with Reader("wrapped://a.db", plugins=[plugin]) as reader:
        assert [row["x"] for row in reader.to_dicts()] == [1]
        assert reader.list_runs("max(x) = 1")[0]["status"] == "finished"
        with pytest.raises(DatabaseReadOnlyError):
            reader.engine.append("events", [{"timestamp": "2026-01-01 00:00:00.000000", "track_id": "a"}])
    assert [row["x"] for row in Reader("a.db").to_dicts()] == [1]


def test_what_is_wrapped_is_never_more_writable(plugin, tmp_path):
    with pytest.raises(DatabaseNotFoundError, match=r"missing\.db does not exist"):
        Reader(tmp_path / "missing.db", engine="wrapping", plugins=[plugin])
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"x": 1})
    with (
        Tracker(tmp_path / "a.db", engine="wrapping", plugins=[plugin], inner_read_only=True) as wrapped,
        pytest.raises(DatabaseReadOnlyError),
    ):
        wrapped.log({"x": 1})


def test_the_wrapper_gets_the_plugins_of_its_tracker(plugin, tmp_path):
    class Inner(Plugin):
        def xetrack_engines(self):
            return [Provider("inner", lambda options, context: context.open_engine(context.db, "sqlite"))]

    with Tracker(tmp_path / "a.db", engine="wrapping", inner="inner", plugins=[plugin, Inner]) as tracker:
        tracker.log({"x": 1})
    assert len(Reader(tmp_path / "a.db")) == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"inner": "wrapping"}, PluginError, "the engine 'wrapping' opens itself"),
        ({"inner": "sqlit"}, PluginError, "Did you mean 'sqlite'"),
        ({"inner": 3}, OptionError, "engine=3"),
        ({"given": (("timeot", 1),)}, OptionError, "Did you mean 'timeout'"),
        ({"given": (("timeout", "x"),)}, OptionError, "timeout"),
    ],
)
def test_a_wrong_inner_engine_is_refused(plugin, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        Tracker(tmp_path / "a.db", engine="wrapping", plugins=[plugin], **options)
    assert not any(tmp_path.iterdir())


def test_options_of_others_than_the_engine_are_refused(plugin, tmp_path):
    class Lines(Plugin):
        def xetrack_sinks(self):
            return [Provider("lines", lambda options, context: None, LinesOptions)]

    @dataclass
    class LinesOptions:
        lines: str = ""

    with pytest.raises(OptionError, match="lines: the engine 'sqlite' does not take this option"):
        Tracker(tmp_path / "a.db", engine="wrapping", plugins=[plugin, Lines], given=(("lines", "x"),))


def test_copies_open_wrapped_engines(plugin, tmp_path, monkeypatch):
    from xetrack.registry import discovered

    found = discovered().having([plugin])
    monkeypatch.setattr("xetrack._copying.copy.discovered", lambda: found)
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"x": 1})
    assert copy(tmp_path / "a.db", f"wrapped://{tmp_path / 'b.db'}") == 1
    assert len(Reader(tmp_path / "b.db")) == 1


def test_other_contexts_open_no_engines():
    with pytest.raises(PluginError, match="this context opens no engines"):
        Context("a.db").open_engine("b.db")
