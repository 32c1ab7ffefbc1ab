"""Options are routed to the provider that claims them, and an error names the cure."""

import inspect
import sqlite3
from dataclasses import dataclass, make_dataclass

import pytest

from xetrack import Provider, Reader, Tracker, hookimpl
from xetrack.errors import (
    DatabaseLockedError,
    OptionError,
    PluginConflictError,
    PluginNotInstalledError,
)
from xetrack.plugin import MemoryEngine
from xetrack.registry import OPTIONS, discovered

PACKAGES = {
    "assets": "xetrack-assets",
    "compress": "xetrack-assets",
    "cache": "xetrack-cache",
    "cache_args": "xetrack-cache",
    "cache_size_limit": "xetrack-cache",
    "cache_version": "xetrack-cache",
    "jsonl": "xetrack-sinks",
    "jsonl_max_bytes": "xetrack-sinks",
    "logs_path": "xetrack-sinks",
    "logs_stdout": "xetrack-sinks",
    "logs_file_format": "xetrack-sinks",
    "log_system_params": "xetrack-monitors",
    "log_network_params": "xetrack-monitors",
    "measurement_interval": "xetrack-monitors",
    "duckdb_cache": "xetrack-duckdb",
}


@dataclass
class Loudness:
    volume: int = 1
    echo: bool = False


class Speaker:
    """A plugin with one sink that opens by its options and remembers what it was opened with."""

    def __init__(self, *, silent=False):
        self.silent = silent
        self.opened = []

    @hookimpl
    def xetrack_sinks(self):
        return [Provider("speaker", self.open, Loudness)]

    def open(self, options, context):
        self.opened.append((options, context))
        return None if self.silent else self

    def emit(self, row):
        pass

    def flush(self):
        pass

    def close(self):
        pass


@pytest.fixture
def speaker(monkeypatch):
    """A speaker as if installed: not handed in, so that it opens only when asked for."""
    return install(monkeypatch, Speaker())


def install(monkeypatch, plugin):
    plugins = discovered()
    plugins._register(plugin, "acme-sounds:speaker", "acme-sounds")
    plugins._collect(["acme-sounds:speaker"])
    return plugin


@pytest.mark.parametrize(("option", "package"), PACKAGES.items())
def test_an_option_whose_package_is_missing_says_what_to_install(option, package):
    with pytest.raises(PluginNotInstalledError) as caught:
        Tracker(":memory:", **{option: True})

    assert str(caught.value) == f"{option}= needs {package}: pip install {package}"


def test_the_table_of_packages_has_all_documented_options():
    assert PACKAGES.items() <= OPTIONS.items()


@pytest.mark.parametrize("name", sorted(inspect.signature(Tracker).parameters.keys() - {"options"}))
def test_every_argument_is_known_to_who_asks_what_a_typo_meant(name):
    with pytest.raises(OptionError, match=f"Did you mean {name!r}"):
        Tracker(**{f"{name}_": 1})


def test_an_engine_whose_package_is_missing_says_what_to_install():
    for kind in (Tracker, Reader):
        with pytest.raises(
            PluginNotInstalledError, match=r"engine 'duckdb' needs xetrack-duckdb: pip install xetrack-"
        ):
            kind(":memory:", engine="duckdb")


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("jsnol", "jsonl"),
        ("log_path", "logs_path"),
        ("timout", "timeout"),
        ("parms", "params"),
        ("raise_on_eror", None),
    ],
)
def test_a_misspelt_option_is_asked_about(typo, meant):
    with pytest.raises(OptionError, match=f"{typo}=") as caught:
        Tracker(":memory:", **{typo: 1})

    assert f"Did you mean {meant or 'raise_on_error'!r}?" in str(caught.value)


def test_a_misspelt_engine_is_asked_about():
    with pytest.raises(PluginNotInstalledError, match="Did you mean 'sqlite'"):
        Tracker(":memory:", engine="sqllite")


def test_an_option_nobody_ever_heard_of_gets_no_guess():
    with pytest.raises(OptionError, match="xyzzy=") as caught:
        Tracker(":memory:", xyzzy=1)

    assert "Did you mean" not in str(caught.value)


def test_a_reader_refuses_an_option_nobody_knows(tmp_path):
    Tracker(tmp_path / "a.db").log({"x": 1})

    with pytest.raises(OptionError, match="tiemout="):
        Reader(tmp_path / "a.db", tiemout=1)


def test_an_option_of_an_engine_that_was_not_chosen_says_which_to_choose(monkeypatch):
    class Cloud:
        @hookimpl
        def xetrack_engines(self):
            return [Provider("cloud", lambda options, context: MemoryEngine(), Loudness)]

    install(monkeypatch, Cloud())

    with pytest.raises(OptionError, match=r"volume= belongs to the engine 'cloud': choose it with engine='cloud'"):
        Tracker(":memory:", volume=3)
    assert Tracker(":memory:", engine="cloud", volume=3).log({"x": 1})["x"] == 1


def test_timeout_is_an_option_of_the_engine(tmp_path):
    Tracker(tmp_path / "a.db").log({"x": 1})
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tracker = Tracker(tmp_path / "a.db", timeout=0.0)

    with pytest.raises(DatabaseLockedError, match="timeout="):
        tracker.log({"x": 2})

    other.execute("ROLLBACK")
    other.close()
    tracker.log({"x": 3})
    assert tracker.count_all() == 2


@pytest.mark.parametrize("option", sorted(PACKAGES))
@pytest.mark.parametrize("nothing", [None, False])
def test_none_and_false_mean_that_an_option_was_not_given(option, nothing):
    Tracker(":memory:", **{option: nothing}).log({"x": 1})


def test_an_unknown_option_that_is_none_is_as_if_not_given():
    Tracker(":memory:", xyzzy=None)


def test_zero_and_empty_text_are_given(speaker):
    Tracker(":memory:", volume=0)

    assert speaker.opened[0][0] == Loudness(volume=0)


def test_a_provider_opens_only_when_one_of_its_options_is_given(speaker):
    Tracker(":memory:").log({"x": 1})
    Tracker(":memory:", volume=None, echo=False).log({"x": 1})
    assert speaker.opened == []

    tracker = Tracker(":memory:", table="sounds", echo=True)

    ((options, context),) = speaker.opened
    assert options == Loudness(volume=1, echo=True)
    assert (context.db, context.table, context.track_id) == (":memory:", "sounds", tracker.track_id)
    assert context.engine is tracker.engine
    assert not context.read_only


def test_a_provider_may_find_nothing_to_do(monkeypatch):
    speaker = install(monkeypatch, Speaker(silent=True))
    tracker = Tracker(":memory:", volume=2)

    assert tracker.log({"x": 1})["x"] == 1
    tracker.close()
    assert len(speaker.opened) == 1


def test_options_that_the_provider_refuses_raise_naming_it(monkeypatch):
    @dataclass
    class Strict:
        volume: int

        def __post_init__(self):
            if self.volume > 11:
                message = "this one goes to eleven"
                raise ValueError(message)

    class Amplifier(Speaker):
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("amplifier", self.open, Strict)]

    install(monkeypatch, Amplifier())

    with pytest.raises(OptionError, match=r"amplifier of acme-sounds .*'volume': 12.*goes to eleven"):
        Tracker(":memory:", volume=12)


def test_an_option_of_the_engine_that_a_plugin_claims_too_is_a_conflict():
    @dataclass
    class Options:
        timeout: float = 1.0

    class Greedy(Speaker):
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("greedy", self.open, Options)]

    with pytest.raises(PluginConflictError, match=r"'timeout'.*xetrack-core and .*Greedy in plugins="):
        Tracker(":memory:", timeout=2.0, plugins=[Greedy])


@pytest.mark.parametrize("option", ["assets", "cache", "jsonl", "logs_path"])
def test_places_beside_the_database_are_resolved_when_the_tracker_is_made(tmp_path, monkeypatch, option):
    opened = []
    options = make_dataclass("Options", [(option, object, None)])

    class Elsewhere:
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("elsewhere", lambda options, context: opened.append(options), options)]

    monkeypatch.chdir(tmp_path)
    Tracker(":memory:", **{option: "some/place"}, plugins=[Elsewhere])
    Tracker(":memory:", **{option: 3}, plugins=[Elsewhere])

    assert opened == [options(str(tmp_path / "some" / "place")), options(3)]
