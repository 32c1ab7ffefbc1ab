"""A database may be a URL: the engine that serves its scheme opens it, and what no engine serves is refused."""

import pickle
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

import xetrack
from xetrack import Plugin, Provider, Reader, Tracker, XetrackWarning
from xetrack._plugins.registry import Plugins
from xetrack.errors import (
    DatabaseNotFoundError,
    OptionError,
    PluginBrokenError,
    PluginConflictError,
    PluginNotInstalledError,
)
from xetrack.plugin import MemoryEngine
from xetrack.registry import discovered, engine_of, is_url

URL = "mem2://ann@host/experiments"


class Kept(MemoryEngine):
    """Rows outlive the engine."""

    def close(self):
        pass


class Mem2(Plugin):
    """Serves `mem2://` and `mem2+tls://`."""

    def __init__(self):
        self.stores = {}
        self.opened = []

    def xetrack_engines(self):
        return [Provider("mem2", self.open, schemes=("mem2", "mem2+tls"), errors=("mem2_driver.Error",))]

    def open(self, options, context):
        self.opened.append(context)
        if context.read_only and context.db not in self.stores:
            raise DatabaseNotFoundError("there is no such database. Tracker creates it.")
        return self.stores.setdefault(context.db, Kept())


class Shelf(Plugin):
    """Takes whatever it is given, if it is named."""

    seen = ()

    def xetrack_engines(self):
        return [Provider("shelf", self.open)]

    def open(self, options, context):
        type(self).seen += (context.db,)
        return MemoryEngine()


@pytest.fixture
def mem2():
    return Mem2()


@pytest.fixture
def installed_mem2(mem2, monkeypatch):
    """The plugin as if it were installed, for `copy`."""
    plugins = Plugins((mem2,), discovered())
    for module in ("xetrack.reader", "xetrack._copying.copy", "xetrack._tracking.run", "xetrack.registry"):
        monkeypatch.setattr(f"{module}.discovered", lambda: plugins)
    return mem2


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("url", [URL, "MEM2://host", "mem2+tls://host/x?option=1"])
def test_the_scheme_chooses_the_engine(mem2, work, url):
    with Tracker(url, plugins=[mem2]) as tracker:
        tracker.log({"x": 1})
        assert tracker.db == url
    with Reader(url, plugins=[mem2]) as reader:
        assert [row["x"] for row in reader.to_dicts()] == [1]
        assert reader.db == url
    assert [context.db for context in mem2.opened] == [url, url]
    assert not any(work.iterdir())


def test_only_the_engine_gets_the_password(mem2):
    url, shown = "mem2://ann:hunter2@host/db", "mem2://ann:***@host/db"
    seen = []

    class Curious(Plugin):
        def xetrack_sinks(self):
            return [Provider("curious", lambda options, context: seen.append(context))]

        def xetrack_caches(self):
            return [Provider("curious", lambda options, context: seen.append(context))]

        def xetrack_asset_stores(self):
            return [Provider("curious", lambda options, context: seen.append(context))]

        def xetrack_run_started(self, run):
            seen.append(run)

    with Tracker(url, plugins=[mem2, Curious], warnings=False) as tracker:
        tracker.log({"x": 1})
    with Reader(url, plugins=[mem2, Curious]) as reader, suppress(OptionError):
        reader.get("x")
    assert [context.db for context in mem2.opened] == [url, url]
    assert len(seen) >= 5
    assert {each.db for each in seen} == {shown}
    assert "hunter2" not in repr([seen, mem2.opened, vars(tracker), vars(reader)])
    assert shown in repr(mem2.opened[0])


def test_a_tracker_of_a_url_crosses_processes_with_its_password(mem2, monkeypatch):
    url = "mem2://ann:hunter2@host/db"
    with Tracker(url, plugins=[mem2]) as tracker:
        tracker.log({"x": 1})
        state = tracker.__getstate__()["run"]
    assert pickle.loads(pickle.dumps(state["settings"].db)).real == url  # noqa: S301 - our own
    assert "hunter2" not in repr(state)


def test_a_reader_changes_and_opens_through_its_plugins(mem2):
    with Tracker(URL, plugins=[mem2], track_id="run-1") as tracker:
        tracker.log({"x": 1})
    with Reader(URL, plugins=[mem2]) as reader:
        assert reader.set_value("x", 2) == 1
        assert reader.delete_run("run-1") == 1
    with pytest.raises(PluginNotInstalledError, match="mem2://"):
        Reader(URL)
    with pytest.raises(OptionError, match="plugins="):
        Reader(URL, plugins=mem2)


def test_a_reader_leaves_sinks_of_its_plugins_closed(mem2):
    class Both(Mem2):
        def xetrack_sinks(self):
            return [Provider("never", lambda options, context: pytest.fail("a reader opened a sink"))]

    both = Both()
    both.stores[URL] = Kept()
    with Reader(URL, plugins=[both]) as reader:
        assert len(reader) == 0


def test_each_end_of_a_copy_has_its_engine(installed_mem2):
    with Tracker("local.db") as tracker:
        tracker.log({"x": 1})
    assert xetrack.copy("local.db", URL) == 1
    assert xetrack.copy(URL, "back.db") == 1
    assert xetrack.copy(URL, URL + "2") == 1
    assert xetrack.copy("local.db", URL, source_engine="sqlite", target_engine="mem2") == 0
    assert list(Reader("back.db")["x"]) == [1]
    with pytest.raises(xetrack.XetrackError, match="into itself"):
        xetrack.copy(URL, URL)
    with pytest.raises(OptionError, match="'sqlite' takes paths"):
        xetrack.copy("local.db", URL, target_engine="sqlite")


def test_the_registry_tells_the_engine_of_a_database(installed_mem2):
    assert engine_of("track.db").provider.name == "sqlite"
    assert engine_of(":memory:").provider.name == "sqlite"
    assert engine_of(URL).provider.name == "mem2"
    assert engine_of(URL, "mem2").provider.name == "mem2"
    assert is_url(URL)
    assert not is_url("track.db")


# What is refused

REFUSED = [
    (
        "postgresql://u@h/db",
        PluginNotInstalledError,
        r"^postgresql:// needs xetrack-postgres: pip install xetrack-postgres$",
    ),
    ("postgres://h/db", PluginNotInstalledError, r"pip install xetrack-postgres$"),
    ("PostgreSQL://h/db", PluginNotInstalledError, r"pip install xetrack-postgres$"),
    ("clickhouse://h", PluginNotInstalledError, r"pip install xetrack-clickhouse$"),
    ("mysql://h/db", PluginNotInstalledError, r"^mysql://h/db: no installed plugin serves mysql:// URLs\."),
    ("postgressql://h/db", PluginNotInstalledError, r"Did you mean 'postgresql'\?"),
    ("mem://h", PluginNotInstalledError, r"Did you mean 'mem2'\?"),
    ("simplecache::s3://b/x", PluginNotInstalledError, r"no installed plugin serves"),
    ("s3://bucket/x.db", OptionError, r"object storage.*backup"),
    ("gs://bucket/x.db", OptionError, r"object storage"),
    ("http://host/x.db", OptionError, r"^http://host/x\.db: http:// is not the address of a database"),
    ("https://host/x.db", OptionError, r"https:// is not the address"),
    ("wss://host", OptionError, r"wss:// is not the address"),
    ("sqlite:///x.db", OptionError, r"Pass 'x\.db'\.$"),
    ("sqlite:////tmp/x.db?mode=ro", OptionError, r"Pass '/tmp/x\.db'\.$"),
    ("sqlite+pysqlite:///x.db", OptionError, r"Pass 'x\.db'\.$"),
    ("sqlite://", OptionError, r"Pass ':memory:'\.$"),
    ("file:///tmp/x.db", OptionError, r"Pass '/tmp/x\.db'\.$"),
    ("duckdb:///x.db", OptionError, r"Pass 'x\.db' with engine='duckdb'\.$"),
    (Path("s3://bucket/x.db"), OptionError, r"lost a slash.*as text"),
    (Path("postgresql://h/db"), OptionError, r"lost a slash"),
    (Path(URL), OptionError, r"lost a slash"),
    ("mem2://ann:pass word@host", OptionError, r"%20"),
    ("mem2://ann:***@host", OptionError, r"hid the password"),
]


@pytest.mark.parametrize(("db", "error", "told"), REFUSED, ids=str)
def test_what_no_engine_serves_is_refused_with_what_to_do(installed_mem2, work, db, error, told):
    for attempt in (
        lambda: Tracker(db),
        lambda: Reader(db),
        lambda: xetrack.copy(db, "target.db"),
        lambda: xetrack.copy("source.db", db),
    ):
        with pytest.raises(error, match=told):
            attempt()
    assert not any(work.iterdir())


@pytest.mark.parametrize(
    ("db", "engine", "told"),
    [
        ("mem2://host", "sqlite", r"^mem2://host: the engine 'sqlite' takes paths\. Leave engine= out"),
        ("postgresql://h/db", "sqlite", r"'sqlite' takes paths"),
        ("sqlite:///x.db", "sqlite", r"Pass 'x\.db'"),
        ("s3://bucket/x.db", "sqlite", r"object storage"),
        ("postgresql://h/db", "mem2", r"'mem2' takes URLs that begin with mem2:// or mem2\+tls://"),
    ],
)
def test_an_engine_named_for_a_url_that_it_does_not_take(installed_mem2, work, db, engine, told):
    for attempt in (lambda: Tracker(db, engine=engine), lambda: Reader(db, engine)):
        with pytest.raises(OptionError, match=told):
            attempt()
    assert not any(work.iterdir())


@pytest.mark.parametrize(
    "db", ["a:b.db", r"C:\x.db", "C:/x.db", "C://x.db", "./s3://x.db", "run:1/x.db", "notes: a.db"]
)
def test_drives_and_names_with_colons_are_paths(work, db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    assert Path(tracker.db).is_absolute()
    assert Path(tracker.db).is_file()
    assert [row["x"] for row in Reader(db).to_dicts()] == [1]


def test_an_engine_without_schemes_takes_any_url_if_it_is_named():
    for url in ("shelf://my experiments", "s3://bucket/x", "http://host/a b"):
        Tracker(url, engine="shelf", plugins=[Shelf])
        assert Shelf.seen[-1] == url
    Tracker("track.db", engine="shelf", plugins=[Shelf])
    assert Shelf.seen[-1] == str(Path("track.db").resolve())
    with pytest.raises(PluginNotInstalledError, match="no installed plugin serves shelf://"):
        Tracker("shelf://experiments", plugins=[Shelf])


# What plugins declare


def test_two_engines_of_one_scheme_conflict():
    class Other(Plugin):
        def xetrack_engines(self):
            return [Provider("other", lambda options, context: MemoryEngine(), schemes=("mem2",))]

    with pytest.raises(
        PluginConflictError, match=r"mem2:// is claimed by both Mem2 in plugins= and .*Other in plugins="
    ):
        Tracker("track.db", plugins=[Mem2, Other])


def test_installed_engines_of_one_scheme_are_named_when_a_url_is_opened(monkeypatch, work):
    plugins = Plugins.of(())
    for owner in ("acme-mem", "other-mem"):
        provider = Provider(owner, lambda options, context: MemoryEngine(), schemes=("mem2",))
        plugins._offers.append(xetrack._plugins.offer.Offer("engines", provider, owner))
    monkeypatch.setattr("xetrack._tracking.run.discovered", lambda: plugins)

    with pytest.raises(PluginConflictError, match="scheme mem2:// is claimed by both acme-mem and other-mem"):
        Tracker(URL, warnings=False)
    assert Tracker(URL, engine="acme-mem", warnings=False).db == URL
    with pytest.warns(XetrackWarning, match="scheme mem2:// is claimed by both"):
        Tracker("track.db")


@pytest.mark.parametrize(
    "declared",
    [
        {"schemes": "postgresql"},
        {"schemes": ("PostgreSQL",)},
        {"schemes": ("postgresql://",)},
        {"schemes": ("c",)},
        {"schemes": (1,)},
        {"errors": "psycopg.Error"},
        {"errors": ("Error",)},
        {"errors": (ValueError,)},
    ],
    ids=str,
)
def test_what_could_never_match_is_refused(declared):
    class Wrong(Plugin):
        def xetrack_engines(self):
            return [Provider("wrong", lambda options, context: MemoryEngine(), **declared)]

    with pytest.raises(PluginBrokenError, match=r"xetrack_engines\(\) of .*Wrong in plugins= failed: OptionError"):
        Tracker(plugins=[Wrong])


def test_errors_of_drivers_are_recognized_without_importing_them(installed_mem2, monkeypatch):
    plugins = Plugins((installed_mem2,), Plugins.of(()))
    assert plugins.raised_by_driver(sqlite3.OperationalError("no such table"))
    assert not plugins.raised_by_driver(ValueError("no such table"))

    class Error(Exception):
        pass

    class LostError(Error):
        pass

    assert not plugins.raised_by_driver(LostError("the driver was never imported"))
    monkeypatch.setitem(__import__("sys").modules, "mem2_driver", type("Driver", (), {"Error": Error}))
    assert plugins.raised_by_driver(LostError("the connection"))
