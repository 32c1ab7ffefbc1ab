"""Options that are on or off take booleans; text such as "false" is refused before anything is opened or deleted."""

from dataclasses import dataclass, make_dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from xetrack import Provider, Reader, Tracker, copy, hookimpl
from xetrack.errors import OptionError, PluginNotInstalledError

WRONG = ["false", "True", "", "0", 2, 0.0, [], b"", object]
LIKE = [np.True_, np.False_, 1, 0]

STRICT = {
    "reset": lambda db, value: Tracker(db, reset=value),
    "overwrite": lambda db, value: Reader(db).backup(db.with_name("kept.db"), overwrite=value),
    "tracker's overwrite": lambda db, value: Tracker(db).backup(db.with_name("kept.db"), overwrite=value),
}
LENIENT = {
    "raise_on_error": lambda db, value: Tracker(db, raise_on_error=value),
    "warnings": lambda db, value: Tracker(db, warnings=value),
    "trusted": lambda db, value: Tracker(db, trusted=value),
    "reader's trusted": lambda db, value: Reader(db, trusted=value),
    "assets": lambda db, value: copy(db, db.with_name("copy.db"), value),
    "cache_force": lambda db, value: Tracker(db).track(abs, -1, cache_force=value),
    "to_df's all": lambda db, value: Tracker(db).to_df(value),
    "to_csv's all": lambda db, value: Tracker(db).to_csv(db.with_name("a.csv"), all=value),
    "a plugin's loud": lambda db, value: Tracker(db, plugins=[Speaker], loud=value),
    "an engine's loud": lambda db, value: Tracker(db, plugins=[Speaker], engine="speaking", quick=value),
}
if find_spec("pyarrow") is not None:
    LENIENT["to_parquet's all"] = lambda db, value: Tracker(db).to_parquet(db.with_name("a.parquet"), all=value)
NEEDS_A_PLUGIN = {
    "compress": lambda db, value: Tracker(db, compress=value),
    "logs_stdout": lambda db, value: Tracker(db, logs_stdout=value),
    "log_system_params": lambda db, value: Tracker(db, log_system_params=value),
    "log_network_params": lambda db, value: Tracker(db, log_network_params=value),
}


@dataclass
class SpeakerOptions:
    loud: bool = False


QuickOptions = make_dataclass("QuickOptions", [("quick", "bool", False)])


class Speaker:
    """A sink with a boolean option, and an engine whose boolean is declared as text, as `from __future__` has it."""

    @hookimpl
    def xetrack_sinks(self):
        return [Provider("speaker", self.open, SpeakerOptions)]

    def open(self, options, context):
        assert options is None or type(options.loud) is bool

    @hookimpl
    def xetrack_engines(self):
        from xetrack.plugin import MemoryEngine

        def engine(options, context):
            assert type(options.quick) is bool
            return MemoryEngine()

        return [Provider("speaking", engine, QuickOptions)]


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "track.db"
    with Tracker(path) as tracker:
        tracker.log({"x": 1})
        tracker.backup(tmp_path / "kept.db")
    return path


def contents(folder: Path):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("call", (STRICT | LENIENT | NEEDS_A_PLUGIN).values(), ids=STRICT | LENIENT | NEEDS_A_PLUGIN)
def test_what_is_no_boolean_is_refused_and_nothing_is_changed(db, call, value):
    before = contents(db.parent)
    with pytest.raises(OptionError, match=r"(\w+)=.* is not a boolean\. Use \1=True or \1=False\."):
        call(db, value)

    assert contents(db.parent) == before


def test_the_error_names_argument_and_value(db):
    with pytest.raises(OptionError) as caught:
        Tracker(db, reset="false")

    assert str(caught.value) == "reset='false' is not a boolean. Use reset=True or reset=False."


@pytest.mark.parametrize("value", [*LIKE, None], ids=repr)
@pytest.mark.parametrize("call", STRICT.values(), ids=STRICT)
def test_what_deletes_or_replaces_takes_true_and_false_only(db, call, value):
    before = contents(db.parent)
    with pytest.raises(OptionError, match="is not a boolean"):
        call(db, value)

    assert contents(db.parent) == before


@pytest.mark.parametrize("value", [True, False, *LIKE], ids=repr)
@pytest.mark.parametrize("call", LENIENT.values(), ids=LENIENT)
def test_other_options_take_what_numpy_and_sql_have_for_booleans(db, call, value):
    call(db, value)


@pytest.mark.parametrize("value", [False, 0, np.False_, None], ids=repr)
@pytest.mark.parametrize("call", NEEDS_A_PLUGIN.values(), ids=NEEDS_A_PLUGIN)
def test_an_option_of_a_plugin_that_is_off_asks_for_no_plugin(db, call, value):
    call(db, value)


def test_reset_still_deletes_and_overwrite_still_replaces(db):
    with Tracker(db, reset=True) as tracker:
        assert tracker.count_all() == 0
        tracker.log({"y": 2})
    Reader(db).backup(db.with_name("kept.db"), overwrite=True)

    assert Reader(db.with_name("kept.db")).to_dicts()[0]["y"] == 2


def test_a_function_that_is_refused_its_options_is_not_called(db):
    called = []
    with pytest.raises(OptionError):
        Tracker(db).track(called.append, 1, cache_force="false")

    assert called == []


@pytest.mark.parametrize("read", [Reader.read_cache, Reader.scan_cache])
def test_reading_a_cache_takes_booleans_too(tmp_path, read):
    key = ["k"] if read is Reader.read_cache else []
    with pytest.raises(OptionError, match="trusted='no' is not a boolean"):
        read(tmp_path, *key, trusted="no")
    for value in (True, np.False_):
        with pytest.raises(PluginNotInstalledError, match="xetrack-cache"):
            read(tmp_path, *key, trusted=value)
