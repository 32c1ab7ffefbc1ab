"""Rows become metrics and tags, and keys become valid names."""

import math

import pytest
from hypothesis import given
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric_name
from xetrack.plugin import Json, Value
from xetrack_testing import keys, make_row

from xetrack_mlflow.sorting import milliseconds, name_of, sort

STAMP = "2026-01-02 03:04:05.678901"


def row(**values: Value) -> dict[str, Value]:
    """Return a row of a run."""
    return {**values, "timestamp": STAMP, "track_id": "run-1"}


def test_numbers_are_metrics_and_all_else_are_tags() -> None:
    """Bools count as numbers."""
    result = sort(row(a=1, b=0.5, c=True, d="text", e=Json("[1]"), f=b"\xff", g=None), 7, {}, "step")
    assert [(point.name, point.value, point.step) for point in result.points] == [
        ("a", 1, 7),
        ("b", 0.5, 7),
        ("c", 1, 7),
    ]
    assert result.tags == {"d": "text", "e": "[1]", "f": "ff"}
    assert {point.time for point in result.points} == {milliseconds(STAMP)}


def test_params_are_sent_once() -> None:
    """Unchanged params in a row are left out."""
    result = sort(row(lr=0.1, model="resnet", seed=2), 0, {"lr": "0.1", "model": "resnet", "seed": "1"}, "step")
    assert ([point.name for point in result.points], result.tags) == (["seed"], {})


@pytest.mark.parametrize(
    ("value", "step"), [(3, 3), (3.0, 3), (3.5, 9), (math.nan, 9), (math.inf, 9), ("three", 9), (None, 9), (2.0**70, 9)]
)
def test_a_step_is_a_whole_number(value: Value, step: int) -> None:
    """Rows with another step, or without one, are numbered."""
    [point] = sort(row(loss=0.1, epoch=value), 9, {}, "epoch").points
    assert (point.name, point.step) == ("loss", step)


@given(keys())
def test_every_key_has_a_valid_name(key: str) -> None:
    """According to MLflow's own check."""
    name = name_of(key)
    _validate_metric_name(name)  # type: ignore[no-untyped-call] # MLflow's
    assert len(name) <= MAX_ENTITY_KEY_LENGTH


@pytest.mark.parametrize("key", ["train/loss", "日本", "a b", "a.b-c_d", "lr"])
def test_a_valid_name_is_kept(key: str) -> None:
    """In any language."""
    assert name_of(key) == key


def test_keys_that_look_alike_have_different_names() -> None:
    """The key is sent as a tag."""
    awkward = ["a%b", "a&b", "a_b", "a//b", "a/b", "/a", "a/", "..", ".", "", " ", "a\nb", "x" * 251, "x" * 252]
    assert len({name_of(key) for key in awkward}) == len(awkward)
    assert sort({**make_row(0), "a%b": 1}, 0, {}, "step").tags == {f"xetrack.key.{name_of('a%b')}": "a%b"}
