"""Damaged databases: whatever is asked of one gives an error of ours that names the file, or an answer."""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given

import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import XetrackError

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import Damage, damaged, damages, few

ENGINES = ["sqlite", "duckdb"]

# nothing can be read without the first page
FATAL = [Damage("set", 0.0, 4096, 0xFF)]


def make(path):
    """Rows, runs, columns beside columns, and an object in each format."""
    with Tracker(path, {"model": "resnet"}, track_id="first") as tracker:
        for number in range(60):
            tracker.log({"number": number, "half": number / 2, "text": "x" * number, "list": [number], "ok": True})
        tracker.log({"Number": 1, "array": np.arange(300.0), "frame": pd.DataFrame({"a": range(50)})})
    with Tracker(path, track_id="second", compress=True) as tracker:
        tracker.log({"packed": slice(1, 2), "blob": b"\0" * 5000})
    with Tracker(path, table="other", track_id="third") as tracker:
        tracker.log({"x": 1})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    make(path)
    return path.read_bytes()


def read_all(path, engine):
    """Everything that a reader can be asked. The first failure ends it."""
    with Reader(path, engine, trusted=False) as reader:
        for _ in reader.list_runs():
            pass
        reader.to_df()
        reader.latest()
        reader.to_df("first", tail=3)
        reader.head(2)
        len(reader)
        reader.columns  # noqa: B018 - reading is what is tested
        for key in reader.assets:
            reader.assets.info(key)
            reader.assets.get(key)
        reader.assets.unused()
        reader.assets.get("array")
    with Reader(path, engine, "other") as reader:
        reader.to_dicts()


def change(path, engine):
    with Tracker(path, engine=engine) as tracker:
        tracker.log({"number": 1, "new": "x", "array": np.arange(300.0)})
        tracker.set_value("late", 1)
    with Reader(path, engine) as reader:
        reader.delete_run("first")
        reader.collect_assets()


def work(path, what, engine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", xetrack.XetrackWarning)
        if what == "read":
            read_all(path, engine)
        elif what == "change":
            change(path, engine)
        else:
            xetrack.copy(path, path.with_name("target.db"), source_engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", ["read", "change", "copy"])
def test_a_damaged_database_gives_an_answer_or_a_clear_error(whole, what, engine):
    refused = []

    @few(8)
    @given(damages())
    @example(FATAL)
    def check(found):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "damaged.db"
            path.write_bytes(damaged(whole, found))
            try:
                work(path, what, engine)
            except XetrackError:
                refused.append(found)

    check()
    assert FATAL in refused


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_done_to_a_whole_one_works(whole, engine, tmp_path):
    for what in ("read", "copy", "change"):
        path = tmp_path / f"{what}.db"
        path.write_bytes(whole)
        work(path, what, engine)
