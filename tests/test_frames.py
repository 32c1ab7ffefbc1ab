"""Rows in the frames of other libraries, which the core itself does not install."""

import math
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from xetrack import Reader, Tracker
from xetrack.errors import PluginNotInstalledError

ROWS = [
    {"i": 1, "big": 2**53 + 1, "f": math.nan, "b": True, "s": "a", "l": [1, 2], "raw": b"\xff", "n": None, "mix": 1},
    {"i": None, "big": None, "f": None, "b": None, "s": None, "l": None, "raw": None, "n": None, "mix": "x"},
    {
        "i": 3,
        "big": -(2**63),
        "f": math.inf,
        "b": False,
        "s": "日",
        "l": {"a": None},
        "raw": b"",
        "n": None,
        "mix": 2.5,
    },
]
COLUMNS = {
    "i": [1, None, 3],
    "big": [2**53 + 1, None, -(2**63)],
    "f": ["nan", None, math.inf],
    "b": [True, None, False],
    "s": ["a", None, "日"],
    "l": ["[1, 2]", None, '{"a": null}'],
    "raw": [b"\xff", None, b""],
    "n": [None, None, None],
    "mix": ["1", "x", "2.5"],
}
"""The same, as columns that have one type each: lists as JSON, several types as text. "nan" stands for NaN."""


@pytest.fixture(params=["sqlite", "duckdb"], autouse=True)
def engine(request, monkeypatch):
    """Every frame is the same with both engines: each is the default one once."""
    monkeypatch.setitem(Tracker.__init__.__kwdefaults__, "engine", request.param)
    monkeypatch.setattr(Reader.__init__, "__defaults__", ("track.db", request.param, "events"))
    return request.param


def test_the_engine_is_the_one_that_was_chosen(engine, tmp_path):
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"x": 1})
        assert type(tracker.engine).__name__.lower() == f"{engine}engine"
    with Reader(tmp_path / "a.db") as reader:
        assert type(reader.engine).__name__.lower() == f"{engine}engine"


@pytest.fixture
def path(tmp_path):
    with Tracker(tmp_path / "a.db", track_id="one") as tracker:
        tracker.log_batch(ROWS)
    with Tracker(tmp_path / "a.db", track_id="two") as tracker:
        tracker.log({"i": 4})
    return tmp_path / "a.db"


def told(values):
    return ["nan" if isinstance(value, float) and math.isnan(value) else value for value in values]


ARROW_TYPES = {"i": pa.int64(), "big": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "raw": pa.binary()}
POLARS_TYPES = {"i": pl.Int64, "big": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "s": pl.String, "raw": pl.Binary}


@pytest.mark.parametrize("key", COLUMNS)
def test_arrow_keeps_every_value_and_none_apart_from_nan(path, key):
    table = Reader(path).to_arrow("one")

    assert told(table[key].to_pylist()) == COLUMNS[key]
    assert table.schema.field(key).type == ARROW_TYPES.get(key, table.schema.field(key).type)


@pytest.mark.parametrize("key", COLUMNS)
def test_polars_keeps_every_value_and_none_apart_from_nan(path, key):
    frame = Reader(path).to_polars(track_id="one")

    assert told(frame[key].to_list()) == COLUMNS[key]
    assert frame.schema[key] == POLARS_TYPES.get(key, frame.schema[key])


@pytest.mark.parametrize("key", COLUMNS)
def test_parquet_keeps_every_value_and_none_apart_from_nan(path, key, tmp_path):
    with Tracker(path, track_id="one") as tracker:
        tracker.to_parquet(tmp_path / "run.parquet")

    table = pq.read_table(tmp_path / "run.parquet")
    assert told(table[key].to_pylist()) == COLUMNS[key]


@pytest.mark.parametrize("name", ["to_arrow", "to_polars"])
def test_frames_have_all_runs_one_or_a_part(path, name):
    read = getattr(Reader(path), name)

    assert [len(read()), len(read("two")), len(read(head=2)), len(read(tail=1)), len(read("nobody"))] == [4, 1, 2, 1, 0]
    assert (
        read()["i"].to_pylist() == [1, None, 3, 4] if name == "to_arrow" else read()["i"].to_list() == [1, None, 3, 4]
    )


@pytest.mark.parametrize("name", ["to_arrow", "to_polars", "to_df"])
def test_a_file_without_rows_is_an_empty_frame(tmp_path, name):
    (tmp_path / "new.db").touch()
    assert len(getattr(Reader(tmp_path / "new.db"), name)()) == 0


def test_parquet_has_this_run_or_all(path, tmp_path):
    with Tracker(path, track_id="two") as tracker:
        tracker.to_parquet(tmp_path / "run.parquet")
        tracker.to_parquet(str(tmp_path / "all.parquet"), all=True)

    assert pq.read_table(tmp_path / "run.parquet")["i"].to_pylist() == [4]
    assert pq.read_table(tmp_path / "all.parquet")["i"].to_pylist() == [1, None, 3, 4]


def test_numbers_of_two_kinds_are_floats_only_where_none_is_changed():
    tracker = Tracker(":memory:")
    tracker.log_batch([{"fine": 1, "big": 2**53 + 1}, {"fine": 0.5, "big": 0.5}])
    tracker.log({"fine": True})

    frame = tracker.to_df()
    assert frame["big"].tolist()[0] == 2**53 + 1
    assert frame["big"].tolist()[1] == 0.5
    assert frame["fine"].tolist() == [1, 0.5, True]


@pytest.mark.parametrize(("library", "use"), [
    ("pyarrow", lambda reader, path: reader.to_arrow()),
    ("polars", lambda reader, path: reader.to_polars()),
    ("pyarrow", lambda reader, path: Tracker(reader.db).to_parquet(path)),
])  # fmt: skip
def test_a_library_that_is_not_installed_is_named(path, monkeypatch, tmp_path, library, use):
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(PluginNotInstalledError, match=f"pip install {library}"):
        use(Reader(path), tmp_path / "x.parquet")


# pandas

PANDAS = {
    "int": ([1, 2], "int64", [1, 2]),
    "int with missing": ([1, None], "float64", [1.0, "nan"]),
    "big int": ([2**53 + 1, 1], "int64", [2**53 + 1, 1]),
    "big int with missing": ([2**53 + 1, None], "Int64", [2**53 + 1, pd.NA]),
    "float": ([0.5, 1.0], "float64", [0.5, 1.0]),
    "float with missing and NaN": ([0.5, None, math.nan], "float64", [0.5, "nan", "nan"]),
    "int and float": ([1, 0.5], "float64", [1.0, 0.5]),
    "int and float with missing": ([1, 0.5, None], "float64", [1.0, 0.5, "nan"]),
    "big int and float": ([2**53 + 1, 0.5], "object", [2**53 + 1, 0.5]),
    "bool": ([True, False], "bool", [True, False]),
    "bool with missing": ([True, None], "object", [True, None]),
    "bool and int": ([True, 2], "object", [True, 2]),
    "several types": ([1, "1", 1.5, True], "object", [1, "1", 1.5, True]),
    "lists and dicts": ([[1], {"a": 1}, None], "object", [[1], {"a": 1}, None]),
    "bytes": ([b"a", None], "object", [b"a", None]),
    "nothing": ([None, None], "object", [None, None]),
}


@pytest.mark.parametrize(("values", "dtype", "expected"), PANDAS.values(), ids=PANDAS)
def test_pandas_columns_have_the_types_users_expect_and_change_no_integer(values, dtype, expected):
    tracker = Tracker(":memory:")
    tracker.log_batch([{"x": value} for value in values])

    column = tracker["x"]

    assert column.dtype == dtype
    assert all(one is other or one == other for one, other in zip(told(column.tolist()), expected, strict=True))


def test_pandas_text_has_the_type_that_the_installed_pandas_gives_text():
    tracker = Tracker(":memory:")
    tracker.log_batch([{"x": "a"}, {"x": None}, {"x": "1"}])

    column = tracker["x"]

    assert column.dtype == pd.Series(["a", None, "1"]).dtype
    assert column.isna().tolist() == [False, True, False]


def test_pandas_columns_are_in_the_order_they_came():
    tracker = Tracker(":memory:", {"model": "m"})
    tracker.log({"b": 1})
    tracker.log({"a": 1, "b": 2})

    assert [key for key in tracker.to_df().columns if key not in {"timestamp", "track_id"}] == ["model", "b", "a"]


# pydantic


class Optimizer(BaseModel):
    name: str = "adam"
    rate: float = 0.1


class Config(BaseModel):
    epochs: int
    sizes: list[int]
    optimizer: Optimizer = Optimizer()


def test_pydantic_arguments_are_unpacked_by_parameter_and_field():
    def train(config, seed):
        return {"score": np.float32(0.5)}

    tracker = Tracker(":memory:")
    tracker.track(train, Config(epochs=3, sizes=[1, 2]), seed=1)

    row = tracker.latest
    assert (row["config_epochs"], row["config_sizes"]) == (3, [1, 2])
    assert (row["config_optimizer_name"], row["config_optimizer_rate"]) == ("adam", 0.1)
    assert row["score"] == 0.5
    assert "Config" in row["args"]


def test_pydantic_arguments_of_a_wrapped_method_are_unpacked_too():
    tracker = Tracker(":memory:")

    class Model:
        @tracker.wrap
        def fit(self, config):
            return config.epochs

    assert Model().fit(config=Config(epochs=3, sizes=[])) == 3
    assert tracker.latest["config_epochs"] == 3


@pytest.mark.parametrize(("dtype", "text"), [(pl.List(pl.Int64), "List(Int64)"), (pa.int64(), "int64")], ids=repr)
def test_a_dtype_in_a_config_is_text(dtype, text):
    with Tracker(":memory:") as tracker:
        assert tracker.log({"config": {"dtype": dtype, "lr": 0.1}})["config"] == {"dtype": text, "lr": 0.1}
