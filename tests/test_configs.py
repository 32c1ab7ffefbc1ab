"""Configs of every kind that people use: their fields are params, events, and columns of tracked functions."""

import argparse
from collections import UserDict
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omegaconf import OmegaConf
from pydantic import BaseModel, ConfigDict

from xetrack import Reader, Tracker
from xetrack.errors import InvalidValueError


@dataclass
class Optimizer:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


@dataclass
class DataclassConfig:
    model: str = "resnet18"
    optimizer: Optimizer = field(default_factory=Optimizer)


@attrs.define
class AttrsConfig:
    model: str = "resnet18"
    optimizer: Any = attrs.field(factory=Optimizer)


class OptimizerModel(BaseModel):
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


class PydanticConfig(BaseModel):
    model_config = ConfigDict(extra="allow")

    model: str = "resnet18"
    optimizer: OptimizerModel = OptimizerModel()


PLAIN = {"model": "resnet18", "optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}}
MAPPINGS = {"dict": PLAIN, "MappingProxyType": MappingProxyType(PLAIN), "UserDict": UserDict(PLAIN)}
CONFIGS = {
    "dataclass": DataclassConfig(),
    "attrs": AttrsConfig(),
    "pydantic": PydanticConfig(),
    "dataclass in pydantic": PydanticConfig.model_construct(model="resnet18", optimizer=Optimizer()),
    "pydantic in attrs": AttrsConfig(optimizer=OptimizerModel()),
    "argparse": argparse.Namespace(model="resnet18", optimizer=argparse.Namespace(lr=0.1, betas=[0.9, 0.99])),
    "SimpleNamespace": SimpleNamespace(model="resnet18", optimizer=Optimizer()),
    "OmegaConf": OmegaConf.create(PLAIN | {"optimizer": {"lr": "${rate}", "betas": [0.9, 0.99]}, "rate": 0.1}),
    "structured OmegaConf": OmegaConf.structured(DataclassConfig),
}
every_config = pytest.mark.parametrize("config", (MAPPINGS | CONFIGS).values(), ids=MAPPINGS | CONFIGS)


def told(row):
    return {key: row[key] for key in PLAIN}


@every_config
@pytest.mark.parametrize("engine", ["sqlite", "memory"])
def test_the_fields_of_a_config_are_params_and_events(config, engine):
    with Tracker(":memory:", params=config, engine=engine) as tracker:
        assert told(tracker.log({"loss": 0.5})) == told(tracker.params) == PLAIN
    with Tracker(":memory:", engine=engine) as tracker:
        assert told(tracker.log(config)) == told(tracker.log_batch([config])[0]) == PLAIN
        tracker.set_params(config)
        assert told(tracker.log({})) == PLAIN
    with Tracker(":memory:", engine=engine) as tracker:
        tracker.track(len, [], params=config)
        assert told(tracker.latest) == PLAIN
        tracker.wrap(params=config)(len)("")
        assert told(tracker.latest) == PLAIN


@every_config
def test_a_config_as_a_value_is_json(config, tmp_path):
    with Tracker(tmp_path / "track.db") as tracker:
        row = tracker.log({"config": config, "more": [{"nested": config}]})
        assert told(row["config"]) == told(row["more"][0]["nested"]) == PLAIN
        assert len(tracker.assets) == 0
    with Reader(tmp_path / "track.db") as reader:
        assert told(reader[0]["config"]) == PLAIN


def train(cfg, seed=0):
    return {"loss": 0.5}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_config_arguments_are_flattened_to_any_depth(config):
    with Tracker(":memory:") as tracker:
        for call in (lambda: tracker.track(train, config, seed=1), lambda: tracker.wrap(train)(cfg=config)):
            call()
            row = tracker.latest
            assert (row["cfg_model"], row["cfg_optimizer_lr"], row["cfg_optimizer_betas"]) == (
                "resnet18",
                0.1,
                [0.9, 0.99],
            )


def test_two_fields_of_one_flattened_name_are_both_kept():
    config = SimpleNamespace(a_b=1, a=SimpleNamespace(b=2))
    with Tracker(":memory:") as tracker:
        tracker.track(train, config)
        assert (tracker.latest["cfg_a_b"], tracker.latest["cfg_a_b_"]) == (1, 2)


def test_a_dict_argument_is_data_and_stays_whole():
    with Tracker(":memory:") as tracker:
        tracker.track(train, {"a": 1})
        assert not [key for key in tracker.latest if key.startswith("cfg")]


def test_a_value_that_a_config_still_lacks_does_not_end_the_run():
    with Tracker(":memory:", params=OmegaConf.create({"lr": "???", "epochs": 3})) as tracker:
        assert tracker.params == {"lr": "???", "epochs": 3}


def test_extra_fields_of_a_pydantic_model_are_kept():
    with Tracker(":memory:", params=PydanticConfig(seed=7)) as tracker:
        assert tracker.params["seed"] == 7


def test_a_config_with_objects_in_it_is_an_object(tmp_path):
    with Tracker(tmp_path / "track.db") as tracker:
        tracker.log({"config": AttrsConfig(optimizer=[np.arange(2), np.arange(3)])})
        assert isinstance(tracker.get("config"), AttrsConfig)


def test_a_config_that_refers_to_itself_is_an_object(tmp_path):
    node = Optimizer()
    node.lr = node
    with Tracker(tmp_path / "track.db") as tracker:
        tracker.log({"node": node})
        back = tracker.get("node")
        assert back.lr is back


ROWS = [{"a": 1, "b": 0.5, "c": "x"}, {"a": 2, "b": None, "c": None}]
TABLES = {
    "pandas": pd.DataFrame(ROWS, index=["first", "second"]),
    "polars": pl.DataFrame(ROWS),
    "Arrow": pa.Table.from_pylist(ROWS),
    "batch of Arrow": pa.RecordBatch.from_pylist(ROWS),
    "generator": (row for row in ROWS),
    "configs": [SimpleNamespace(**row) for row in ROWS],
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_is_logged_row_by_row(table):
    with Tracker(":memory:", params={"d": 1}) as tracker:
        logged = tracker.log_batch(table)
        assert [(row["a"], row["c"], row["d"]) for row in logged] == [(1, "x", 1), (2, None, 1)]
        assert logged[0]["b"] == 0.5
        assert logged[1]["b"] is None or np.isnan(logged[1]["b"])
        assert len(tracker) == 2


WRONG = {
    "a list": (lambda tracker: tracker.log([{"a": 1}]), r"log\(\) takes a dict.*, not list: .*log_batch\(\)"),
    "text": (lambda tracker: tracker.log("loss"), r"log\(\) takes a dict.*, not str: 'loss'"),
    "a number": (lambda tracker: tracker.log(0.5), r"log\(\) takes a dict.*, not float: 0.5"),
    "None": (lambda tracker: tracker.log(None), r"log\(\) takes a dict.*, not NoneType"),
    "params as text": (
        lambda tracker: tracker.set_params("lr"),
        r"set_params\(\) takes .*'lr'.*set_param\(key, value\)",
    ),
    "params of a call": (lambda tracker: tracker.track(len, [], params="lr"), r"params= takes .*'lr'"),
    "a row": (
        lambda tracker: tracker.log_batch({"a": 1}),
        r"log_batch\(\) takes a list of dicts.*For a single row, use log\(\)",
    ),
    "a row that is none": (
        lambda tracker: tracker.log_batch([{"a": 1}, 2]),
        r"row 1 of log_batch\(\) takes .*, not int: 2",
    ),
    "two columns of one name": (
        lambda tracker: tracker.log_batch(pd.DataFrame([[1, 2]], columns=["a", "a"])),
        "duplicate column names",
    ),
}


@pytest.mark.parametrize(("call", "told"), WRONG.values(), ids=WRONG)
def test_what_is_no_row_is_refused_with_the_cure(call, told):
    with Tracker(":memory:") as tracker:
        with pytest.raises(InvalidValueError, match=told):
            call(tracker)
        assert len(tracker) == 0


def test_params_that_are_none_are_refused_when_the_tracker_is_made():
    with pytest.raises(InvalidValueError, match=r"params= takes a dict.*, not str: 'x'"):
        Tracker(":memory:", params="x")
