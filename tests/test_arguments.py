"""Every public call, given wrong values: an error of ours that names the argument, or what the docs promise.

Each row of the table is a call with one argument left open, and the kind of value that this argument takes. Every value
below is put in. What the call returns or raises must be a success or a `XetrackError`; a value that is right for the
kind must succeed, and one that is clearly wrong must not.
"""

import os
import uuid
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from xetrack import Reader, Tracker, XetrackError, copy
from xetrack.errors import DatabaseReadOnlyError, OptionError


class Hostile:
    """Nothing works on it."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __bool__(self):
        raise RuntimeError("no truth")

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None


class Anything:
    """Can be made of anything, and has a function that takes anything."""

    def __init__(self, *_, **__):
        pass

    @staticmethod
    def take(*_, **__):
        return 1


UUID = uuid.UUID(int=5)
VALUES = {
    "none": None,
    "true": True,
    "zero": 0,
    "one": 1,
    "minus": -1,
    "huge": 2**80,
    "minus huge": -(2**80),
    "numpy int": np.int64(1),
    "numpy unsigned": np.uint8(1),
    "float": 1.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "numpy float": np.float64(0.5),
    "empty": "",
    "text": "sqlite",
    "words": "two words",
    "surrogate": "a\udc80",
    "nul": "a\0b",
    "long": "x" * 5000,
    "numpy text": np.str_("events"),
    "bytes": b"events",
    "uuid": UUID,
    "path": Path("folder") / "file",
    "list": ["a"],
    "numbers": [1, 2],
    "dict": {"a": 1},
    "wrong dict": {1: 2},
    "tuple": (1, 2),
    "set": {"a"},
    "array": np.arange(3),
    "namespace": Namespace(a=1),
    "object": object(),
    "hostile": Hostile(),
    "class": Anything,
    "function": Anything.take,
    "generator": (each for each in "ab"),
}
WRONG = {
    "count": {
        "true",
        "minus",
        "minus huge",
        "float",
        "nan",
        "empty",
        "text",
        "bytes",
        "uuid",
        "list",
        "dict",
        "hostile",
    },
    "run": {"true", "one", "numpy int", "float", "surrogate", "bytes", "list", "dict", "hostile", "class"},
    "key": {"one", "float", "bytes", "list", "hostile", "class"},
    "path": {"one", "float", "bytes", "list", "dict", "nul", "long", "hostile", "class", "uuid"},
    "name": {"one", "float", "bytes", "list", "dict", "hostile", "words", "uuid", "object"},
    "table": {"one", "float", "empty", "bytes", "list", "nul", "surrogate", "hostile"},
    "function": {"one", "text", "list", "hostile", "object", "dict"},
    "callback": {"one", "text", "list", "hostile", "object"},
    "sequence": {"one", "true", "text", "hostile", "object"},
    "row": {"one", "text", "list", "hostile", "object", "bytes"},
    "flag": {"text", "float", "list", "hostile", "object"},
    "seconds": {"text", "minus", "nan", "infinity", "list", "hostile", "object", "bytes"},
    "interval": {"text", "minus", "nan", "infinity", "list", "hostile", "object", "bytes", "zero"},
    "bytes": {"text", "minus", "zero", "true", "nan", "float", "list", "hostile", "object", "bytes"},
    "memory": {"one", "text", "words", "empty", "nul", "path"},
    "text": {"one", "list", "hostile", "object", "bytes", "path"},
    "value": set(),
    "item": {"float", "bytes", "list", "hostile", "text", "huge", "true"},
}
RIGHT = {
    "count": {"none", "zero", "one", "huge", "numpy int", "numpy unsigned"},
    "run": {"none", "text", "numpy text", "uuid", "words"},
    "key": set(),
    "path": set(),
    "name": {"text"},
    "table": {"text", "numpy text"},
    "function": {"class"},
    "callback": {"none"},
    "sequence": set(),
    "row": {"dict", "namespace"},
    "flag": {"true", "zero", "one"},
    "seconds": {"zero", "one", "numpy int", "float"},
    "interval": {"one", "numpy int", "float"},
    "bytes": {"one", "numpy int"},
    "text": set(),
    "value": {
        "none",
        "true",
        "one",
        "huge",
        "text",
        "surrogate",
        "numpy int",
        "uuid",
        "path",
        "list",
        "dict",
        "hostile",
    },
    "item": {"zero", "minus", "numpy int"},
}


def make(db, **options):
    with Tracker(db, **options) as tracker:
        tracker.log({"n": 1})


TRACKER = {
    "log(_)": ("row", lambda t, x: t.log(x)),
    "log(step=_)": ("value", lambda t, x: t.log({"a": 1}, step=x)),
    "log({key: _})": ("value", lambda t, x: t.log({"a": x})),
    "log_batch(_)": ("", lambda t, x: t.log_batch(x)),
    "log_batch([_])": ("row", lambda t, x: t.log_batch([x])),
    "set_param(_)": ("key", lambda t, x: t.set_param(x, 1)),
    "set_param(, _)": ("value", lambda t, x: t.set_param("p", x)),
    "set_params(_)": ("row", lambda t, x: t.set_params(x)),
    "set_value(_)": ("key", lambda t, x: t.set_value(x, 1)),
    "set_value(, _)": ("value", lambda t, x: t.set_value("v", x)),
    "set_where(_)": ("key", lambda t, x: t.set_where(x, 1, "n", 1)),
    "set_where(where_key=_)": ("key", lambda t, x: t.set_where("v", 1, x, 1)),
    "set_where(where_value=_)": ("value", lambda t, x: t.set_where("v", 1, "n", x)),
    "track(_)": ("function", lambda t, x: t.track(x)),
    "track(args=_)": ("sequence", lambda t, x: t.track(print, args=x)),
    "track(kwargs=_)": ("row", lambda t, x: t.track(dict, kwargs=x)),
    "track(params=_)": ("row", lambda t, x: t.track(dict, params=x)),
    "track(depends_on=_)": ("sequence", lambda t, x: t.track(dict, depends_on=x)),
    "track(cache_force=_)": ("flag", lambda t, x: t.track(dict, cache_force=x)),
    "wrap(_)": ("function", lambda t, x: t.wrap(x)),
    "wrap(params=_)": ("row", lambda t, x: t.wrap(params=x)(dict)()),
    "wrap(depends_on=_)": ("sequence", lambda t, x: t.wrap(depends_on=x)(dict)()),
    "[_]": ("item", lambda t, x: t[x]),
    "[_:]": ("", lambda t, x: t[x:]),
    "[::_]": ("", lambda t, x: t[::x]),
    "head(_)": ("count", lambda t, x: t.head(x)),
    "tail(_)": ("count", lambda t, x: t.tail(x)),
    "to_df(_)": ("flag", lambda t, x: t.to_df(x)),
    "to_csv(_)": ("file", lambda t, x: t.to_csv(x)),
    "to_csv(all=_)": ("flag", lambda t, x: t.to_csv("out.csv", all=x)),
    "to_parquet(_)": ("file", lambda t, x: t.to_parquet(x)),
    "to_parquet(all=_)": ("flag", lambda t, x: t.to_parquet("out.parquet", all=x)),
    "get(_)": ("get", lambda t, x: t.get(x)),
    "remove_asset(_)": ("get", lambda t, x: t.remove_asset(x)),
    "remove_asset(column=_)": ("get", lambda t, x: t.remove_asset("0" * 16, x)),
    "backup(_)": ("path", lambda t, x: t.backup(x)),
    "backup(overwrite=_)": ("", lambda t, x: t.backup("backup.db", overwrite=x)),
    "backup(progress=_)": ("callback", lambda t, x: t.backup(f"{uuid.uuid4()}.db", progress=x)),
}
OPTIONS = {
    "db": ("path", {}),
    "params": ("row", {}),
    "table": ("table", {}),
    "engine": ("name", {}),
    "track_id": ("run", {}),
    "reset": ("", {}),
    "raise_on_error": ("flag", {}),
    "warnings": ("flag", {}),
    "git_root": ("path", {}),
    "plugins": ("sequence", {}),
    "trusted": ("flag", {}),
    "assets": ("path", {}),
    "compress": ("flag", {}),
    "cache": ("path", {}),
    "jsonl": ("path", {}),
    "logs_path": ("path", {}),
    "logs_stdout": ("flag", {}),
    "logs_file_format": ("text", {"logs_path": "logs"}),
    "log_system_params": ("flag", {}),
    "log_network_params": ("flag", {}),
    "measurement_interval": ("interval", {}),
    "timeout": ("seconds", {}),
    "serializer": ("text", {}),
    "cache_version": ("text", {"cache": "cache"}),
    "cache_args": ("text", {"cache": "cache"}),
    "cache_size_limit": ("bytes", {"cache": "cache"}),
    "jsonl_max_bytes": ("bytes", {"jsonl": "rows.jsonl"}),
    "duckdb_cache": ("", {"engine": "duckdb"}),
    "memory_limit": ("memory", {"engine": "duckdb"}),
    "temp_directory": ("path", {"engine": "duckdb"}),
    "nonsense": ("", {}),
}
READER = {
    "to_df(_)": ("run", lambda r, x: r.to_df(x)),
    "to_df(head=_)": ("count", lambda r, x: r.to_df(head=x)),
    "to_df(tail=_)": ("count", lambda r, x: r.to_df(tail=x)),
    "to_df(run, tail=_)": ("count", lambda r, x: r.to_df("one", tail=x)),
    "to_arrow(_)": ("run", lambda r, x: r.to_arrow(x)),
    "to_arrow(head=_)": ("count", lambda r, x: r.to_arrow(head=x)),
    "to_polars(_)": ("run", lambda r, x: r.to_polars(x)),
    "to_polars(tail=_)": ("count", lambda r, x: r.to_polars(tail=x)),
    "to_dicts(_)": ("run", lambda r, x: r.to_dicts(x)),
    "to_dicts(head=_)": ("count", lambda r, x: r.to_dicts(head=x)),
    "to_dicts(tail=_)": ("count", lambda r, x: r.to_dicts(tail=x)),
    "[_]": ("item", lambda r, x: r[x]),
    "[_:]": ("", lambda r, x: r[x:]),
    "head(_)": ("count", lambda r, x: r.head(x)),
    "tail(_)": ("count", lambda r, x: r.tail(x)),
    "get(_)": ("get", lambda r, x: r.get(x)),
    "set_value(_)": ("key", lambda r, x: r.set_value(x, 1)),
    "set_value(, _)": ("value", lambda r, x: r.set_value("v", x)),
    "set_value(,, _)": ("run", lambda r, x: r.set_value("v", 1, x)),
    "set_where(_)": ("key", lambda r, x: r.set_where(x, 1, "n", 1)),
    "set_where(, _)": ("value", lambda r, x: r.set_where("v", x, "n", 1)),
    "set_where(where_key=_)": ("key", lambda r, x: r.set_where("v", 1, x, 1)),
    "set_where(where_value=_)": ("value", lambda r, x: r.set_where("v", 1, "n", x)),
    "set_where(track_id=_)": ("run", lambda r, x: r.set_where("v", 1, "n", 1, x)),
    "delete_run(_)": ("", lambda r, x: r.delete_run(x)),
    "remove_asset(_)": ("get", lambda r, x: r.remove_asset(x)),
    "remove_asset(uses=_)": ("", lambda r, x: r.remove_asset("0" * 16, x)),
    "backup(_)": ("path", lambda r, x: r.backup(x)),
    "backup(overwrite=_)": ("", lambda r, x: r.backup("backup.db", overwrite=x)),
    "backup(progress=_)": ("callback", lambda r, x: r.backup(f"{uuid.uuid4()}.db", progress=x)),
    "Reader(_)": ("path", lambda r, x: Reader(x).close()),
    "Reader(engine=_)": ("name", lambda r, x: Reader(r.db, x).close()),
    "Reader(table=_)": ("", lambda r, x: Reader(r.db, table=x).close()),
    "Reader(trusted=_)": ("flag", lambda r, x: Reader(r.db, trusted=x).close()),
    "Reader(timeout=_)": ("seconds", lambda r, x: Reader(r.db, timeout=x).close()),
    "Reader(assets=_)": ("", lambda r, x: Reader(r.db, assets=x).close()),
    "Reader(nonsense=_)": ("", lambda r, x: Reader(r.db, nonsense=x).close()),
    "read_db(_)": ("path", lambda r, x: Reader.read_db(x)),
    "read_db(table=_)": ("", lambda r, x: Reader.read_db(r.db, table=x)),
    "read_db(engine=_)": ("name", lambda r, x: Reader.read_db(r.db, engine=x)),
    "read_db(track_id=_)": ("run", lambda r, x: Reader.read_db(r.db, track_id=x)),
    "read_db(head=_)": ("count", lambda r, x: Reader.read_db(r.db, head=x)),
    "read_db(tail=_)": ("count", lambda r, x: Reader.read_db(r.db, tail=x)),
    "read_logs(_)": ("path", lambda r, x: Reader.read_logs(x)),
    "read_logs(limit=_)": ("count", lambda r, x: Reader.read_logs("logs", x)),
    "read_jsonl(_)": ("path", lambda r, x: Reader.read_jsonl(x)),
    "read_cache(_)": ("path", lambda r, x: Reader.read_cache(x, "key")),
    "read_cache(, _)": ("", lambda r, x: Reader.read_cache("cache", x)),
    "read_cache(trusted=_)": ("flag", lambda r, x: Reader.read_cache("cache", "key", trusted=x)),
    "scan_cache(_)": ("path", lambda r, x: list(Reader.scan_cache(x))),
    "scan_cache(trusted=_)": ("flag", lambda r, x: list(Reader.scan_cache("cache", trusted=x))),
    "delete_cache_by_track_id(_)": ("path", lambda r, x: Reader.delete_cache_by_track_id(x, "one")),
    "delete_cache_by_track_id(, _)": ("", lambda r, x: Reader.delete_cache_by_track_id("cache", x)),
    "copy(_)": ("path", lambda r, x: copy(x, "copied.db")),
    "copy(, _)": ("path", lambda r, x: copy(r.db, x)),
    "copy(assets=_)": ("flag", lambda r, x: copy(r.db, "copied.db", x)),
    "copy(tables=_)": ("", lambda r, x: copy(r.db, "copied.db", tables=x)),
    "copy(source_engine=_)": ("name", lambda r, x: copy(r.db, "copied.db", source_engine=x)),
    "copy(target_engine=_)": ("name", lambda r, x: copy(r.db, "copied.db", target_engine=x)),
    "copy(progress=_)": ("callback", lambda r, x: copy(r.db, f"{uuid.uuid4()}.db", progress=x)),
}


def fresh(name):
    return (each for each in "ab") if name == "generator" else VALUES[name]


def results(call):
    """What each value came to: a success, or the error."""
    told = {}
    for name in VALUES:
        try:
            call(fresh(name))
            told[name] = "success"
        except Exception as error:
            told[name] = error
    return told


def check(what, kind, told):
    foreign = {
        name: f"{type(error).__name__}: {error}"
        for name, error in told.items()
        if error != "success" and not isinstance(error, XetrackError)
    }
    assert not foreign, what
    unexplained = {name: error for name, error in told.items() if error != "success" and len(str(error)) < 15}
    assert not unexplained, what
    assert [name for name in sorted(WRONG.get(kind, ())) if told[name] == "success"] == [], f"{what} takes these"
    assert {name: told[name] for name in sorted(RIGHT.get(kind, ())) if told[name] != "success"} == {}, what


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tracker():
    with Tracker("track.db", track_id="one", warnings=False) as made:
        made.log_batch([{"n": 1}, {"n": 2}])
        yield made


@pytest.fixture
def reader():
    with Tracker("track.db", {"p": 1}, track_id="one", logs_path="logs", cache="cache", jsonl="rows.jsonl") as made:
        made.log({"n": 1})
        made.log({"n": 2})
        made.track(abs, -1)
        with Reader("track.db") as reader:
            yield reader


@pytest.mark.parametrize("call", TRACKER)
def test_tracker(tracker, call):
    kind, function = TRACKER[call]
    check(call, kind, results(lambda value: function(tracker, value)))


@pytest.mark.parametrize("option", OPTIONS)
def test_tracker_options(option):
    arguments = {"db": "track.db", "warnings": False}
    kind, others = OPTIONS[option]
    check(f"{option}=", kind, results(lambda value: make(**{**arguments, **others, option: value})))


@pytest.mark.parametrize("call", READER)
def test_reader_and_copy(reader, call):
    kind, function = READER[call]
    check(call, kind, results(lambda value: function(reader, value)))


def takes_nothing():
    return 1


def takes_config(config):
    return config


@pytest.mark.parametrize(
    "call",
    [
        lambda tracker: Tracker("other.db", config={"lr": 1}),
        lambda tracker: tracker.track(takes_nothing, config={"lr": 1}),
        lambda tracker: tracker.wrap(config={"lr": 1}),
    ],
)
def test_config_in_place_of_params_is_told(tracker, call):
    with pytest.raises(OptionError, match=r"params=config"):
        call(tracker)
    assert len(tracker) == 2


def test_a_function_may_have_a_config_of_its_own(tracker):
    assert tracker.track(takes_config, config=5) == 5
    assert tracker.track(dict, config=5) == {"config": 5}


def test_uuids_and_numpy_text_name_runs():
    for given, name in ((UUID, str(UUID)), (np.str_("first"), "first")):
        with Tracker("track.db", track_id=given) as tracker:
            tracker.log({"a": 1})
            assert type(tracker.track_id) is str
            assert tracker.track_id == name
        with Reader("track.db") as reader:
            assert reader.to_df(given, head=np.int64(5))["a"].tolist() == [1]
            assert reader.delete_run(given) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"track_id": 7}, r"track_id=7: .*track_id=str"),
        ({"engine": "sqlit"}, r"engine 'sqlit'.* Did you mean 'sqlite'"),
        ({"cache_version": "none"}, r"cache_version= cannot be used without cache=\. Give both"),
        ({"serializer": "npi"}, r"serializer='npi'.*npy"),
        ({"plugins": "sinks"}, r"plugins='sinks': not a list\. For one item: plugins=\[\.\.\.\]"),
        ({"timeout": "soon"}, r"timeout='soon': not a number from 0 to 2,000,000"),
        ({"cache": "file"}, r"file"),
        ({"cache": "file/cache"}, r"file"),
        ({"jsonl": "."}, r"jsonl=.*folder\. Give the path of a file"),
        ({"jsonl": "file/rows.jsonl"}, r"jsonl=.*file, not a folder"),
        ({"logs_path": "file"}, r"logs_path=.*file, not a folder"),
        ({"logs_path": ".", "logs_file_format": "a\0b"}, r"NUL"),
        ({"logs_path": ".", "logs_file_format": "x" * 300}, r"File name too long"),
        ({"assets": "file"}, r"assets=.*file, not a folder"),
        ({"git_root": 5}, r"git_root=5: a path must be"),
    ],
)
def test_what_would_fail_hours_later_is_refused_when_the_tracker_is_made(options, told):
    Path("file").write_text("a file")

    with pytest.raises(XetrackError, match=told):
        Tracker("track.db", **options)
    assert not Path("track.db").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("option", ["assets", "cache", "jsonl", "logs_path"])
def test_a_place_that_cannot_be_written_is_refused_when_the_tracker_is_made(option):
    locked = Path("locked")
    locked.mkdir()
    locked.chmod(0o500)
    try:
        for place in (locked / "it", locked / "folder" / "it"):
            with pytest.raises(DatabaseReadOnlyError, match="locked"):
                Tracker("track.db", **{option: place})
    finally:
        locked.chmod(0o700)
    assert not Path("track.db").exists()
