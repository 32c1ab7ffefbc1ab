"""Checkpoints and configs: a list or dict that holds objects is one object, and comes back equal."""

import re
import threading
import warnings
from collections import OrderedDict
from enum import Enum

import numpy as np
import pandas as pd
import pytest

import xetrack
from xetrack import Reader, Tracker, XetrackWarning
from xetrack.errors import InvalidValueError


class Layer:
    def __init__(self, size):
        self.size = size

    def __eq__(self, other):
        return isinstance(other, Layer) and self.size == other.size

    __hash__ = None

    def __repr__(self):
        return f"Layer(size={self.size})"


class Color(Enum):
    RED = 1


def equal(one, other):
    """Equal in type and content, arrays and frames included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other


CHECKPOINTS = {
    "dict of arrays and numbers": {"w": np.arange(3.0), "b": np.zeros(2), "step": 7},
    "nested": {"model": {"w": np.arange(3.0), "layers": [np.ones((2, 2)), Layer(3)]}, "epoch": 1, "best": None},
    "optimizer, with integer keys": {
        "state": {0: {"step": np.array(3.0), "exp_avg": np.ones(2)}, 1: {"step": np.array(3.0), "exp_avg": np.ones(2)}},
        "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1]}],
    },
    "OrderedDict": OrderedDict(b=np.arange(2), a=np.arange(3)),
    "list of arrays": [np.arange(2), np.arange(3)],
    "tuple of objects": (Layer(1), Layer(2), "text"),
    "list of frames": [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [0.5]})],
    "bytes": {"png": b"\x89PNG", "thumb": b""},
    "sets": {"seen": {1j, 2j}},
    "keys that JSON cannot hold": {(1, 2): "a", b"b": "c", Color.RED: np.arange(2)},
    "keys that JSON cannot tell apart": {1: "a", "1": "b"},
}


@pytest.mark.parametrize("value", CHECKPOINTS.values(), ids=CHECKPOINTS)
@pytest.mark.filterwarnings("ignore:.* is stored as one object")
def test_a_container_of_objects_is_one_object_and_comes_back_equal(tracker, db, value):
    row = tracker.log({"ckpt": value})
    assert tracker.assets.keys() == [row["ckpt"]]
    assert tracker.assets.info(row["ckpt"]).uses == 1
    assert equal(tracker.get("ckpt"), value)
    assert tracker.latest == row
    with Reader(db) as reader:
        assert equal(reader.get("ckpt"), value)
        assert equal(reader.get(row["ckpt"]), value)
        assert reader[0]["ckpt"] == row["ckpt"]


ways = pytest.mark.parametrize(
    "log",
    [
        lambda tracker, value: tracker.log({"ckpt": value}),
        lambda tracker, value: tracker.log_batch([{"ckpt": value}]),
        lambda tracker, value: tracker.track(lambda: {"ckpt": value}),
        lambda tracker, value: (tracker.set_params({"ckpt": value}), tracker.log({"x": 1})),
        lambda tracker, value: (tracker.log({"x": 1}), tracker.set_value("ckpt", value)),
        lambda tracker, value: (tracker.log({"x": 1}), tracker.set_where("ckpt", value, "x", 1)),
    ],
    ids=["log", "log_batch", "track", "set_params", "set_value", "set_where"],
)


@ways
def test_however_it_is_logged(tracker, log):
    value = {"w": np.arange(3.0), "b": np.zeros(2), "step": 7}
    log(tracker, value)
    assert len(tracker.assets) == 1
    assert equal(tracker.get("ckpt"), value)
    assert equal(tracker.get(tracker.latest["ckpt"]), value)


@ways
def test_plain_values_stay_json(tracker, log):
    value = {"lr": 0.1, "layers": [64, 32], "scale": np.float32(0.5), "tensor": np.array(2), "when": None}
    log(tracker, value)
    assert tracker.latest["ckpt"] == {"lr": 0.1, "layers": [64, 32], "scale": 0.5, "tensor": 2, "when": None}
    assert tracker.get("ckpt") is None


def test_a_config_that_names_classes_functions_and_dtypes_stays_readable(tracker):
    row = tracker.log({"config": {"dtype": np.dtype("float32"), "layer": Layer, "init": np.zeros, "range": range(3)}})
    assert row["config"] == {
        "dtype": "float32",
        "layer": f"{__name__}.Layer",
        "init": "numpy.zeros",
        "range": "range(0, 3)",
    }
    assert len(tracker.assets) == 0


def test_one_object_in_a_config_is_named_by_one_warning(tracker):
    config = {"lr": 0.1, "layers": [{"size": Layer(3)}]}
    with pytest.warns(XetrackWarning, match=re.escape("JSON cannot hold config['layers'][0]['size']")) as told:
        row, _ = tracker.log({"config": config}), tracker.log({"config": config})
    assert len(told) == 1
    assert tracker.get(row["config"]) == config


def test_a_checkpoint_is_stored_without_a_warning(tracker):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tracker.log({"ckpt": {"w": np.arange(3.0), "b": np.zeros(2), "step": 7}})


def test_an_object_in_a_container_that_cannot_be_serialized_is_refused_or_described(tracker, track, tmp_path):
    value = {"lock": threading.Lock(), "lr": 0.1}
    with pytest.raises(InvalidValueError, match=r"'config' .*cannot pickle '_thread.lock'"):
        tracker.log({"config": value})
    assert len(tracker) == 0
    lenient = track(db=tmp_path / "lenient.db", raise_on_error=False)
    with pytest.warns(XetrackWarning, match="Only its repr is logged"):
        row = lenient.log({"config": value})
    assert row["config"]["lr"] == 0.1
    assert "lock" in row["config"]["lock"]


def test_the_hash_of_an_object_keeps_its_key_working(tracker, db):
    first, second = {"w": np.arange(3), "b": np.zeros(1)}, {"w": np.arange(4), "b": np.zeros(1)}
    hashes = [tracker.log({"ckpt": value})["ckpt"] for value in (first, second)]
    tracker.log({"loss": 0.5})
    with Reader(db) as reader:
        assert equal(tracker.get("ckpt"), second)
        tracker.log({"ckpt": hashes[0]})
        assert equal(tracker.get("ckpt"), first)
        assert equal(reader.get("ckpt"), first)
        tracker.log({"best": hashes[1], "ckpt": "none any more"})
        assert equal(tracker.get("best"), second)
        assert equal(reader.get("best"), second)
        assert equal(reader.get("ckpt"), second)


def test_the_last_object_of_several_runs_is_the_one_that_was_logged_last(tracker, track):
    other = track(track_id="other")
    tracker.log({"ckpt": np.arange(1)})
    other.log({"ckpt": np.arange(2)})
    tracker.log({"loss": 1})
    for each in (tracker, other):
        assert equal(each.get("ckpt"), np.arange(2))


def test_a_copy_has_the_checkpoints(tracker, db, tmp_path):
    value = {"w": np.arange(3.0), "b": np.zeros(2)}
    row = tracker.log({"ckpt": value})
    xetrack.copy(db, tmp_path / "copy.db")
    with Reader(tmp_path / "copy.db") as reader:
        assert equal(reader.get("ckpt"), value)
        assert equal(reader.get(row["ckpt"]), value)
        assert reader.assets.unused() == []


def test_with_the_last_use_a_checkpoint_goes(tracker):
    row = tracker.log({"ckpt": [np.arange(3), np.arange(4)]})
    assert tracker.remove_asset(row["ckpt"], "ckpt")
    assert tracker.get("ckpt") is None
    assert len(tracker.assets) == 0


def test_where_rows_are_not_kept_containers_are_described(tmp_path):
    with Tracker(Tracker.SKIP_INSERT, warnings=False) as tracker:
        assert tracker.log({"config": {"layer": Layer(1), "lr": 0.1}})["config"] == {
            "layer": "Layer(size=1)",
            "lr": 0.1,
        }
