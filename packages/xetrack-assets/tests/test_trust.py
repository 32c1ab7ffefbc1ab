"""Files of strangers: whatever is in them, no code of theirs runs unless an object is loaded, and trusted."""

import os
import pickle
import sqlite3
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xxhash

import xetrack
from xetrack import Provider, Reader, Tracker, hookimpl
from xetrack.errors import AssetDamagedError, UntrustedError
from xetrack_assets.pickles import dump_plain, load_plain


class Evil:
    """Leaves a file behind when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Model:
    pass


CONTAINERS = [
    {1, 2},
    frozenset({1}),
    1 + 2j,
    range(5),
    slice(1, 2),
    (1, [2.5, {"a": b"b", None: True}]),
    bytearray(b"x"),
]


@pytest.mark.parametrize("value", CONTAINERS, ids=repr)
def test_builtin_containers_are_loaded_without_trust(db, value):
    with Tracker(db) as tracker:
        key = tracker.assets.insert(value)
    with Reader(db, trusted=False) as reader:
        assert reader.assets.get(key) == value


def test_arrays_and_frames_are_loaded_without_trust(db):
    array, frame = np.arange(3), pd.DataFrame({"x": [1]})
    with Tracker(db) as tracker:
        keys = tracker.assets.insert(array), tracker.assets.insert(frame)
    with Reader(db, trusted=False) as reader:
        assert np.array_equal(reader.assets.get(keys[0]), array)
        assert reader.assets.get(keys[1]).equals(frame)


def test_all_else_is_refused_and_the_refusal_says_what(db):
    with Tracker(db) as tracker:
        key = tracker.log({"model": Model})["model"]
        other = tracker.log({"model": len})["model"]
    with Reader(db, trusted=False) as reader:
        for name in (key, "model", other):
            with pytest.raises(UntrustedError, match=r"The object \w{16} needs .*trusted=True"):
                reader.assets.get(name)
        with pytest.raises(UntrustedError, match=r"needs builtins\.len"):
            reader.assets.get(other)
    with Tracker(db, trusted=False) as tracker, pytest.raises(UntrustedError):
        tracker.get(other)
    assert Reader(db).assets.get(other) is len


@pytest.mark.parametrize(("value", "refuses"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_an_environment_variable_trusts_nothing(db, monkeypatch, value, refuses):
    with Tracker(db) as tracker:
        key = tracker.assets.insert(len)
    monkeypatch.setenv("XETRACK_SAFE", value)
    with Reader(db) as reader, Tracker(db) as tracker:
        for store in (reader.assets, tracker.assets):
            if refuses:
                with pytest.raises(UntrustedError):
                    store.get(key)
            else:
                assert store.get(key) is len


def crafted(db, evil):
    """A file in which every pickle is evil: objects, counts, names, and keys."""
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.assets.insert([0])
    data = pickle.dumps(evil, protocol=5)
    key = xxhash.xxh64(data).hexdigest()
    connection = sqlite3.connect(db)
    connection.execute("INSERT INTO assets VALUES (?, ?)", (b64encode(dump_plain(key)).decode(), data))
    connection.execute("INSERT INTO counts VALUES (?, ?)", (key, dump_plain(1)))
    connection.execute("INSERT INTO keys VALUES (?, ?)", (b64encode(dump_plain("x")).decode(), dump_plain(key)))
    connection.execute("UPDATE events SET x = ?", (key,))
    connection.commit()
    connection.close()
    return key, data


def test_listing_counting_copying_and_deleting_load_nothing(db, tmp_path):
    key, data = crafted(db, Evil(tmp_path / "pwned"))
    with Reader(db) as reader:
        assert key in reader.assets.keys()  # noqa: SIM118 - keys() is what is tested
        assert key in reader.assets
        assert len(reader.assets) == 2
        assert reader.assets.size > len(data)
        assert reader.assets.info(key).uses == 1
        assert reader.assets.raw(key).pieces == (data,)
        assert len(reader.assets.unused()) == 1
        assert len(reader.to_df()) == len(reader.runs()) == 1
        xetrack.copy(db, tmp_path / "copy.db")
        reader.collect_assets()
        assert reader.remove_asset(key)
    with Reader(db, trusted=False) as reader:
        assert reader.assets.get(key) is None
    with (
        Reader(tmp_path / "copy.db", trusted=False) as reader,
        pytest.raises(UntrustedError, match=r"needs posix\.mkdir"),
    ):
        reader.assets.get(key)
    assert not (tmp_path / "pwned").exists()
    Reader(tmp_path / "copy.db").assets.get("x")
    assert (tmp_path / "pwned").exists()  # or else nothing was tested


@pytest.mark.parametrize("table", ["counts", "keys", "assets"])
def test_evil_counts_names_and_keys_are_refused(db, tmp_path, table):
    crafted(db, 1)
    with Reader(db) as reader:
        mine = reader.assets.keys()[0]
    evil = pickle.dumps(Evil(tmp_path / "pwned"), protocol=5)
    connection = sqlite3.connect(db)
    if table == "assets":
        connection.execute("UPDATE assets SET key = ? WHERE rowid = 1", (b64encode(evil).decode(),))
    else:
        connection.execute(f"UPDATE {table} SET value = ?", (evil,))
    connection.commit()
    connection.close()
    with Reader(db) as reader:
        looks = {"assets": reader.assets.keys, "counts": lambda: reader.assets.info(mine), "keys": reader.assets.get}
        look = looks[table]
        with pytest.raises(UntrustedError, match=r"posix\.mkdir"):
            look(*(["x"] if table == "keys" else []))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("counts", "value", b"\x80"),
        ("counts", "value", pickle.dumps("many")),
        ("counts", "value", None),
        ("assets", "key", "no base64"),
        ("assets", "key", None),
        ("assets", "key", b64encode(pickle.dumps(7)).decode()),
        ("keys", "value", b"\x80\x05"),
        ("keys", "value", pickle.dumps(["x"])),
        ("xetrack_assets", "place", None),
        ("xetrack_assets", "serializer", b"\0"),
        ("xetrack_assets", "digest", "text"),
    ],
)
def test_damaged_tables_of_objects_are_an_error_of_ours(db, table, column, value):
    with Tracker(db) as tracker:
        key = tracker.log({"x": slice(1, 2)})["x"]
    connection = sqlite3.connect(db)
    connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
    connection.commit()
    connection.close()
    with Reader(db) as reader:
        assert len(reader.to_df()) == 1
        with pytest.raises(AssetDamagedError, match="damaged"):
            [reader.assets.info(each) for each in (*reader.assets, key)], reader.assets.get("x")


@pytest.mark.parametrize(
    "value", [np.arange(9.0), pd.DataFrame({"a": [1]}), slice(1, 2)], ids=["npy", "arrow", "pickle"]
)
def test_forged_bytes_are_an_error_of_ours_without_trust(db, value):
    with Tracker(db, trusted=False) as tracker:
        real = tracker.assets.raw(tracker.assets.insert(value))
        forged = replace(real, pieces=(b"\x7f" * 100,))
        tracker.assets.put(forged)
        with pytest.raises(AssetDamagedError, match=forged.hash):
            tracker.get(forged.hash)


def test_what_unpacks_without_end_is_refused_without_trust(db, monkeypatch):
    monkeypatch.setattr("xetrack_assets.store._MOST_UNPACKED", 2**20)
    with Tracker(db, compress=True) as tracker:
        small, big = tracker.assets.insert([bytes(2**19)]), tracker.assets.insert([bytes(2**21)])
        assert tracker.get(big) == [bytes(2**21)]
    with Reader(db, trusted=False) as reader:
        assert reader.assets.get(small) == [bytes(2**19)]
        with pytest.raises(UntrustedError, match="unpacks to more than 1 MB"):
            reader.assets.get(big)


def test_copying_looks_at_no_place_that_only_the_file_names(db, tmp_path, monkeypatch):
    with Tracker(db, assets=tmp_path / "theirs") as tracker:
        tracker.log({"x": slice(1, 2)})
    monkeypatch.setenv("XETRACK_SAFE", "1")
    with pytest.raises(UntrustedError, match=r"objects are stored in .*confirm it with assets="):
        xetrack.copy(db, tmp_path / "copy.db")
    monkeypatch.delenv("XETRACK_SAFE")
    assert xetrack.copy(db, tmp_path / "copy.db") == 1


def test_a_plain_pickle_has_no_way_out(tmp_path):
    with pytest.raises(UntrustedError, match=r"posix\.mkdir"):
        load_plain(pickle.dumps([1, {"a": Evil(tmp_path / "pwned")}], protocol=5))
    for name in ("eval", "exec", "getattr", "__import__", "open", "object", "type"):
        with pytest.raises(UntrustedError, match=f"builtins.{name}"):
            load_plain(f"cbuiltins\n{name}\n.".encode())
    assert not (tmp_path / "pwned").exists()


def test_a_serializer_that_is_not_safe_is_not_asked_without_trust(db):
    class Unsafe:
        safe, general = False, False

        def takes(self, value):
            return isinstance(value, complex)

        def dumps(self, value):
            return repr(value).encode()

        def loads(self, data):
            return complex(bytes(data).decode())

        @hookimpl
        def xetrack_serializers(self):
            return [Provider("unsafe", lambda options, context: self)]

    tracker = Tracker(db, plugins=[Unsafe], trusted=False)
    key = tracker.assets.insert(1j)
    with pytest.raises(UntrustedError, match="loads with 'unsafe'"):
        tracker.get(key)


def test_a_class_of_main_is_loaded_in_another_process(db):
    script = """
import sys
from xetrack import Tracker
class Local:
    def __init__(self, x): self.x = x
    def double(self): return 2 * self.x
with Tracker(sys.argv[1]) as tracker:
    print(tracker.log({"local": Local(21), "function": lambda x: x + 1})["local"])
"""
    done = subprocess.run([sys.executable, "-c", script, db], capture_output=True, text=True, check=True)
    with Reader(db) as reader:
        assert reader.assets.get(done.stdout.strip()).double() == 42
        assert reader.assets.get("function")(1) == 2


@pytest.mark.parametrize("data", [b"\x80\x05Nr\x00\x00\x00\x60.", b"Np1610612736\n."])
def test_a_few_bytes_do_not_take_gigabytes(data):
    with pytest.raises(pickle.UnpicklingError, match="refer to index"):
        load_plain(data)


def test_a_set_is_not_made_of_a_range_as_long_as_a_stranger_likes():
    with pytest.raises(UntrustedError, match=r"builtins\.set"):
        load_plain(b"cbuiltins\nset\n(cbuiltins\nrange\n(J\xff\xff\x00\x00tRtR.")
