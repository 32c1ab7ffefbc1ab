"""Damaged objects, caches, JSONL and log files: what was stored, a warning or a clear error, never another value."""

import json
import shutil
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import XetrackError
from xetrack.plugin import Asset

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import Damage, damaged, damages, few

EVENTS = [{"number": number, "text": "line\nof text", "nested": {"a": [1, None, 0.5]}} for number in range(5)]

# An example that must be noticed: tests that never see one would prove nothing
CUT = [Damage("cut", 0.5, 1, 0)]


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", xetrack.XetrackWarning)
        return function(*arguments, **options)


# Objects in a folder


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "compressed"])
def objects(request, tmp_path_factory):
    """A database with objects in a folder, and their hashes by what they are."""
    folder = tmp_path_factory.mktemp("objects")
    values = {"array": np.arange(500.0), "frame": pd.DataFrame({"a": range(100)}), "pickle": {1: slice(1, 2)}}
    with Tracker(folder / "track.db", assets=folder / "assets", compress=request.param) as tracker:
        return folder, {tracker.assets.insert(value): value for value in values.values()}


@pytest.mark.parametrize("trusted", [False, True])
def test_a_damaged_object_is_never_another(objects, trusted):
    folder, values = objects
    files = sorted(each for each in (folder / "assets").rglob("*") if each.is_file())
    assert len(files) == 3
    refused = []

    @few(10)
    @given(st.sampled_from(files), damages())
    @example(files[0], CUT)
    @example(files[1], CUT)
    @example(files[2], CUT)
    def check(file, found):
        whole = file.read_bytes()
        file.write_bytes(damaged(whole, found))
        try:
            with Reader(folder / "track.db", trusted=trusted, assets=folder / "assets") as reader:
                for key, value in values.items():
                    try:
                        got = reader.assets.get(key)
                    except XetrackError:
                        refused.append(file)
                        continue
                    if isinstance(value, np.ndarray):
                        assert np.array_equal(got, value)
                    elif isinstance(value, pd.DataFrame):
                        assert got.equals(value)
                    else:
                        assert got == value
        finally:
            file.write_bytes(whole)

    check()
    assert set(refused) == set(files)


@pytest.mark.parametrize("name", ["npy", "frame", "pickle"])
def test_the_bytes_of_a_stranger_load_or_fail_clearly(objects, name, tmp_path):
    """Of the right hash, so that only the serializer can tell: who forges a file can forge that too."""
    folder, values = objects
    key = list(values)[["npy", "frame", "pickle"].index(name)]
    with Reader(folder / "track.db", assets=folder / "assets") as reader:
        asset = reader.assets.raw(key)
    whole = b"".join(map(bytes, asset.pieces))
    db = tmp_path / "forged.db"
    with Tracker(db) as tracker:
        tracker.assets.insert(0)
    refused = []

    @few(20)
    @given(damages())
    @example(CUT)
    def check(found):
        data = damaged(whole, found)
        forged = Asset(asset.serializer, data)
        with Tracker(db, trusted=False) as tracker:
            tracker.assets.put(forged)
            try:
                tracker.get(forged.hash)
            except XetrackError:
                refused.append(found)

    check()
    assert CUT in refused


# The cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cached")
    with Tracker(folder / "track.db", cache=folder / "cache") as tracker:
        for number in range(10):
            tracker.track(divmod, 100 + number, 7)
        tracker.track(bytes, 100_000)
        tracker.track(np.zeros, 5000)
    return folder / "cache"


def test_a_damaged_cache_gives_no_wrong_result(cache, tmp_path):
    files = sorted(each.relative_to(cache) for each in cache.rglob("*") if each.is_file() and each.stat().st_size)
    assert len(files) > 1
    noticed = []

    @few(12)
    @given(st.sampled_from(files), damages())
    def check(file, found):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(shutil.copytree(cache, Path(folder) / "cache"))
            (path / file).write_bytes(damaged((path / file).read_bytes(), found))
            with suppress(XetrackError):
                for _, entry in quietly(list, Reader.scan_cache(path)):
                    entry["cache"]
            try:
                tracker = Tracker(Path(folder) / "track.db", cache=path)
            except XetrackError:
                noticed.append(file)
                return
            with tracker:
                for number in range(10):
                    assert quietly(tracker.track, divmod, 100 + number, 7) == divmod(100 + number, 7)
                assert quietly(tracker.track, bytes, 100_000) == bytes(100_000)
                assert np.array_equal(quietly(tracker.track, np.zeros, 5000), np.zeros(5000))
                if "" in tracker.to_df()["cache"].tolist():  # computed again
                    noticed.append(file)
            with suppress(XetrackError):
                Reader.delete_cache_by_track_id(path, "nobody")

    for file in files:
        check = example(file, CUT)(check)
    check()
    assert set(noticed) == set(files)


# JSONL and logs


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logged")
    with Tracker(Tracker.SKIP_INSERT, jsonl=folder / "rows.jsonl", logs_path=folder / "logs") as tracker:
        for event in EVENTS:
            tracker.log(event)
    (log,) = (folder / "logs").iterdir()
    return (folder / "rows.jsonl").read_bytes(), log.read_bytes()


def check_lines(data, found, name, read):
    """Lines that nothing was done to are read as they are."""
    changed = damaged(data, found)
    assert changed != data
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(changed)
        frame = quietly(read, path)
    kept = [line for line in data.splitlines() if line in changed.split(b"\n")]
    assert len(frame) >= len({*kept}) - 1  # the last one may have lost its end of line


@few(30)
@given(found=damages())
def test_a_damaged_jsonl_file_gives_the_lines_that_are_whole(logged, found):
    check_lines(logged[0], found, "rows.jsonl", Reader.read_jsonl)


@few(30)
@given(found=damages())
def test_a_damaged_log_gives_the_entries_that_are_whole(logged, found):
    check_lines(logged[1], found, "2026-01-01.log", Reader.read_logs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(st.text() | st.sampled_from(["timestamp", "track_id", "level"]), JSON, max_size=4).map(
            lambda event: json.dumps(event).encode()
        ),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b'{"a": 1e999}', b'{"a": "\\ud800"}', b"{}"]),
        st.builds(
            lambda level, text: b"2023-12-14 21:46:55.290 | " + level + " | a:b:1!📁!".encode() + text,
            st.sampled_from([b"TRACKING", b"MONITOR", b"INFO", b""]),
            st.binary(max_size=30) | JSON.map(lambda value: json.dumps({"a": value}).encode()),
        ),
    ),
    max_size=8,
).map(b"\n".join)


@few(30)
@given(LINES)
def test_any_lines_are_read_or_left_out(data):
    with tempfile.TemporaryDirectory() as folder:
        for name, read in (("rows.jsonl", Reader.read_jsonl), ("2026-01-01.log", Reader.read_logs)):
            path = Path(folder) / name
            path.write_bytes(data)
            assert isinstance(quietly(read, path), pd.DataFrame)
