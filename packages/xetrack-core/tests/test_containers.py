"""Lists and dicts in rows: JSON where JSON holds all of it, described where no store keeps the objects in them."""

import functools
import json
import re
import sys
import typing
from enum import Enum

import numpy as np
import pandas as pd
import pytest

from xetrack import Tracker, XetrackWarning
from xetrack._rows.containers import label, path_text, plain_copy
from xetrack.plugin import describe


class Model:
    def fit(self): ...

    def __repr__(self):
        return "Model()"


class Color(Enum):
    RED = 1


def train(): ...


LABELS = {
    "class": (Model, f"{__name__}.Model"),
    "builtin class": (int, "int"),
    "Enum class": (Color, f"{__name__}.Color"),
    "function": (train, f"{__name__}.train"),
    "lambda": (lambda: 1, f"{__name__}.<lambda>"),
    "builtin function": (len, "len"),
    "method": (Model().fit, f"{__name__}.Model.fit"),
    "module": (json, "json"),
    "range": (range(2, 5), "range(2, 5)"),
    "slice": (slice(1, 2), "slice(1, 2, None)"),
    "pattern": (re.compile("a+"), "re.compile('a+')"),
    "alias": (list[int], "list[int]"),
    "union": (int | None, "int | None"),
    "numpy dtype": (np.dtype("float32"), "float32"),
    "numpy scalar type": (np.float32, "numpy.float32"),
    "ufunc": (np.add, "<ufunc 'add'>"),
    "pandas dtype": (pd.Int64Dtype(), "Int64"),
}


@pytest.mark.parametrize(("value", "text"), LABELS.values(), ids=LABELS)
def test_what_only_describes_something_is_text_in_a_config(value, text):
    assert label(value) == text
    with Tracker(":memory:") as tracker:
        assert tracker.log({"config": {"lr": 0.1, "kind": [value]}})["config"] == {"lr": 0.1, "kind": [text]}


class Device:
    """A device of the user's own holds data."""


@pytest.mark.parametrize("value", [Device(), Model(), 1j, np.arange(2), functools.partial(train), object()], ids=type)
def test_what_holds_data_is_no_label(value):
    assert label(value) is None


@pytest.mark.parametrize("value", [typing.NamedTuple("Pair", [("a", int)])(1), {1: 2}, [{"a": {1}}], [np.float64(1)]])
def test_what_json_would_change_is_not_plain(value):
    assert plain_copy(value) is None


def test_a_path_reads_as_python():
    assert path_text(("config", "layers", 0, 1, None)) == "config['layers'][0][1][None]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": [Model()]}, '{"a": 1, "b": ["Model()"]}'),
        ([{1: "a", "1": Model()}, 2], "[\"{1: 'a', '1': Model()}\", 2]"),
        ([b"x", {2: Model}], f'["b\'x\'", {{"2": "{__name__}.Model"}}]'),
    ],
)
def test_without_a_store_a_container_keeps_all_but_its_objects(value, text):
    assert describe("key", value, ["key"]) == text


@pytest.mark.parametrize("digits", [20, 4000])
def test_integers_in_containers_are_integers(digits):
    value = {"big": 10**digits, "nested": [-(10**digits), np.int64(3)]}
    with Tracker(":memory:") as tracker:
        assert tracker.log({"value": value})["value"] == value
        assert next(iter(tracker))["value"] == value


def test_integers_that_python_cannot_print_are_text_in_containers():
    with Tracker(":memory:") as tracker:
        assert tracker.log({"value": [10**5000, 1]})["value"] == ["1" + "0" * 5000, 1]


@pytest.mark.skipif("xetrack_assets" in sys.modules, reason="a store keeps objects here")
def test_without_a_store_a_warning_names_the_object(tmp_path, monkeypatch):
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "assets")
    from xetrack.registry import discovered

    discovered.cache_clear()
    try:
        with Tracker(tmp_path / "x.db") as tracker:
            with pytest.warns(XetrackWarning, match=r"repr of config\['model'\].*pip install xetrack-assets"):
                row = tracker.log({"config": {"model": Model(), "lr": 0.1}})
            assert row["config"] == {"model": "Model()", "lr": 0.1}
    finally:
        discovered.cache_clear()
