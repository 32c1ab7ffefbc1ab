"""The rules for keys and values, and that what was logged is what is read."""

import math
import string
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum
from fractions import Fraction
from http import HTTPStatus
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xetrack import Tracker, XetrackError
from xetrack.errors import InvalidKeyError, InvalidValueError
from xetrack.plugin import BigInt, Json, Normaliser, SurrogateText

NAN = float("nan")


class Color(Enum):
    RED = 1
    BLUE = "blue"


class Size(IntEnum):
    BIG = 10


class Mode(StrEnum):
    TRAIN = "train"


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "not the text"


class Number(int):
    def __repr__(self):
        return "not the number"


class Real(float):
    def __repr__(self):
        return "not the number"


Point = namedtuple("Point", ["x", "y"])  # noqa: PYI024 - as users make them


@dataclass
class Holder:
    items: list


def kept(key, value, objects=()):
    return f"kept {', '.join(objects) or key}"


def stored(value):
    return Normaliser().value("x", value, kept)


def json(text):
    return Json(text)


AS_IT_IS = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    0.1,
    math.inf,
    -math.inf,
    NAN,
    "",
    'it\'s "quoted" 日本 \0 \n',
    "42",
    "{}",
    b"",
    b"\0\xff",
]

TABLE = {
    # integers beyond 64 bits keep every digit
    "2**63": (2**63, BigInt(2**63)),
    "-2**63-1": (-(2**63) - 1, BigInt(-(2**63) - 1)),
    "10**400": (10**400, BigInt(10**400)),
    "5001 digits": (10**5000 + 7, BigInt(10**5000 + 7)),
    "minus 5001 digits": (-(10**5000), BigInt(-(10**5000))),
    # subclasses become what they are
    "int subclass": (Number(3), 3),
    "big int subclass": (Number(2**70), BigInt(2**70)),
    "float subclass": (Real(0.5), 0.5),
    "str subclass": (Text("text"), "text"),
    "bytearray": (bytearray(b"ab"), b"ab"),
    "memoryview": (memoryview(b"ab"), b"ab"),
    # numpy
    "bool_": (np.bool_(True), True),
    "int8": (np.int8(-5), -5),
    "uint64": (np.uint64(2**64 - 1), BigInt(2**64 - 1)),
    "float16": (np.float16(0.5), 0.5),
    "float32": (np.float32(0.1), float(np.float32(0.1))),
    "float64": (np.float64(0.1), 0.1),
    "float64 nan": (np.float64("nan"), NAN),
    "float32 inf": (np.float32("inf"), math.inf),
    "longdouble": (np.longdouble("0.5"), 0.5),
    "longdouble of many digits": (np.longdouble("0.1"), str(np.longdouble("0.1"))),
    "longdouble nan": (np.longdouble("nan"), NAN),
    "longdouble inf": (np.longdouble("-inf"), -math.inf),
    "str_": (np.str_("ab"), "ab"),
    "bytes_": (np.bytes_(b"ab"), b"ab"),
    "0-d int array": (np.array(7), 7),
    "0-d float array": (np.array(0.25), 0.25),
    "0-d bool array": (np.array(False), False),
    "0-d str array": (np.array("ab"), "ab"),
    "0-d object array": (np.array(None), None),
    "datetime64[D]": (np.datetime64("2024-02-29"), "2024-02-29"),
    "datetime64[ns]": (np.datetime64("2024-02-29T12:00:00.000000001"), "2024-02-29T12:00:00.000000001"),
    "datetime64 NaT": (np.datetime64("NaT", "s"), None),
    "timedelta64": (np.timedelta64(5, "s"), "5 seconds"),
    "timedelta64 NaT": (np.timedelta64("NaT", "s"), None),
    "array": (np.arange(3), "kept x"),
    "array of one": (np.array([1]), "kept x"),
    "complex64": (np.complex64(1), "kept x"),
    "clongdouble": (np.clongdouble(1 + 2j), "kept x"),
    # pandas
    "Timestamp": (pd.Timestamp("2024-02-29 12:00:00.000000001"), "2024-02-29T12:00:00.000000001"),
    "Timestamp with zone": (pd.Timestamp("2024-02-29", tz="UTC"), "2024-02-29T00:00:00+00:00"),
    "Timedelta": (pd.Timedelta(days=1, seconds=2), "1 days 00:00:02"),
    "NA": (pd.NA, None),
    "NaT": (pd.NaT, None),
    "DataFrame": (pd.DataFrame({"a": [1]}), "kept x"),
    "Series": (pd.Series([1]), "kept x"),
    # the standard library's
    "datetime": (datetime(2024, 2, 29, 12, 0, 0, 5), "2024-02-29T12:00:00.000005"),  # noqa: DTZ001 - naive on purpose
    "datetime with zone": (datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00+00:00"),
    "date": (date(2024, 2, 29), "2024-02-29"),
    "time": (time(12, 30), "12:30:00"),
    "timedelta": (timedelta(days=1, seconds=1), "1 day, 0:00:01"),
    "Decimal": (Decimal("1.10"), "1.10"),
    "Decimal NaN": (Decimal("NaN"), "NaN"),
    "Fraction": (Fraction(1, 3), "1/3"),
    "UUID": (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    "Path": (PurePosixPath("/tmp/a b"), "/tmp/a b"),  # noqa: S108 - a text like any other
    "Enum": (Color.RED, "RED"),
    "Enum of text": (Color.BLUE, "blue"),
    "IntEnum": (Size.BIG, 10),
    "StrEnum": (Mode.TRAIN, "train"),
    "surrogate": ("\ud800", SurrogateText("\ud800")),
    "surrogate in a path": (PurePosixPath("\udcff"), SurrogateText("\udcff")),
    # nested
    "surrogate in a list": (["\ud800"], json('["\\ud800"]')),
    "surrogate in a nested key": ({"\ud800": 1}, json('{"\\ud800": 1}')),
    "list": ([1, 2.5, None, True, "a"], json('[1, 2.5, null, true, "a"]')),
    "empty list": ([], json("[]")),
    "tuple": ((1, (2,)), json("[1, [2]]")),
    "namedtuple": (Point(1, 2), json("[1, 2]")),
    "dict": ({"a": {"b": [1]}}, json('{"a": {"b": [1]}}')),
    "OrderedDict": (OrderedDict(b=1, a=2), json('{"b": 1, "a": 2}')),
    "defaultdict": (defaultdict(list, {"a": [1]}), json('{"a": [1]}')),
    "set": ({3, 1, 2}, json("[1, 2, 3]")),
    "set of several types": ({"b", 1}, json('["b", 1]')),
    "frozenset": (frozenset("ba"), json('["a", "b"]')),
    "not ASCII": (["日本"], json('["日本"]')),
    "NaN and Inf nested": ([NAN, math.inf], json("[NaN, Infinity]")),
    "numpy nested": ([np.float32(0.5), np.int64(1), np.bool_(False)], json("[0.5, 1, false]")),
    "date nested": ([date(2024, 2, 29)], json('["2024-02-29"]')),
    "enum nested": ({"a": Color.RED}, json('{"a": "RED"}')),
    "missing nested": ([pd.NA, pd.NaT], json("[null, null]")),
    "big int nested": ([2**70], json(f"[{2**70}]")),
    "big int beside a date": ([2**70, date(2024, 2, 29)], json(f'[{2**70}, "2024-02-29"]')),
    "str subclass nested": ([Text("text")], json('["text"]')),
    "bytes nested": ([1, b"ab"], "kept x[1]"),
    "object nested": ({"a": [object()], 2: "b"}, "kept x['a'][0]"),
    "objects under keys that are no text": ({1: {"b": 1j}, None: [1j]}, "kept x[1]['b'], x[None][0]"),
    "object in a set": ({1, 2, 1j}, "kept x[1]"),
    "array nested": ({"w": np.arange(3), "step": np.int64(7)}, "kept x['w']"),
    "0-d arrays nested": ([np.array(2), {"a": np.array(0.5)}], json('[2, {"a": 0.5}]')),
    "keys of one spelling": ({1: "a", "1": "b"}, "kept the keys of x"),
    "keys of one spelling, nested": ([{None: 1, "null": 2}], "kept the keys of x[0]"),
    "object as a key": ({(): {1j: 1}}, "kept the keys of x[()]"),
    "bytes as a key": ({b"a": 1}, "kept the keys of x"),
    "dict keys": (
        {1: "a", 2.5: "b", None: "c", True + 1: "d", date(2024, 2, 29): "e", Color.RED: "f"},
        json('{"1": "a", "2.5": "b", "null": "c", "2": "d", "2024-02-29": "e", "RED": "f"}'),
    ),
    "tuple as a key": ({(1, "a"): 2}, json('{"[1, \\"a\\"]": 2}')),
    "numpy key": ({np.int64(3): 1, np.float64(0.5): 2}, json('{"3": 1, "0.5": 2}')),
    # anything else
    "object": (object(), "kept x"),
    "complex": (1 + 2j, "kept x"),
    "function": (len, "kept x"),
    "class": (int, "kept x"),
    "namespace": (SimpleNamespace(a=1), json('{"a": 1}')),
    "namespace of objects": (SimpleNamespace(a=[1j]), "kept x['a'][0]"),
    "mapping": (MappingProxyType({"a": {1: 2}}), json('{"a": {"1": 2}}')),
    "dataclass": (Holder([Holder([1]), None]), json('{"items": [{"items": [1]}, null]}')),
    "dataclass of objects": (Holder([1, object()]), "kept x['items'][1]"),
    "range": (range(3), "kept x"),
}


def same(one, other):
    """Equal, of one type, and NaN is NaN."""
    return type(one) is type(other) and (one == other if isinstance(one, int) else repr(one) == repr(other))


@pytest.mark.parametrize("value", AS_IT_IS, ids=repr)
def test_plain_values_are_stored_as_they_are(value):
    assert same(stored(value), value)


@pytest.mark.parametrize(("value", "expected"), TABLE.values(), ids=TABLE)
def test_a_value_is_stored_as_the_table_says(value, expected):
    assert same(stored(value), expected)


def test_int_flags_are_numbers_and_other_flags_are_their_names():
    class Bits(IntFlag):
        A = 1
        B = 2

    class Names(Flag):
        A = 1
        B = 2

    assert same(stored(Bits.A | Bits.B), 3)
    assert same(stored([Bits.B, Size.BIG, HTTPStatus.OK]), json("[2, 10, 200]"))
    assert same(stored(Names.A | Names.B), "A|B")


def test_a_tensor_of_any_library_with_shape_and_item_is_its_number():
    class Tensor:
        shape = ()

        def item(self):
            return 0.75

    class Vector(Tensor):
        shape = (3,)

    assert stored(Tensor()) == 0.75
    assert stored(Vector()) == "kept x"


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def cycle():
    value = []
    value.append(value)
    return value


REFUSED = {
    "list that holds itself": (cycle(), "contains itself"),
    "nested too deeply": (nested(100_000), "nested too deeply"),
}


@pytest.mark.parametrize(("value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_stored_unchanged_is_refused_naming_the_key(value, reason):
    with pytest.raises(InvalidValueError, match=reason) as caught:
        Normaliser()({"fine": 1, "wrong one": value}, kept)

    assert "'wrong one'" in str(caught.value)


KEYS = [
    ("timestamp", "Choose another key"),
    ("track_id", "Choose another key"),
    ("xetrack_extra", "Choose another key"),
    ("XETRACK_Extra", "Choose another key"),
    (1, "text"),
    (None, "text"),
    (True, "text"),
    (b"bytes", "text"),
    (("a", "b"), "text"),
    (Size.BIG, "text"),
    (10**5000, "text"),
    ("\udcff", "surrogate"),
]


@pytest.mark.parametrize(
    ("key", "reason"), KEYS, ids=[f"{type(key).__name__} {key!s:.12}" for key, _ in KEYS[:-2]] + ["huge", "surrogate"]
)
def test_a_key_that_can_name_no_value_is_refused(key, reason):
    with pytest.raises(InvalidKeyError, match=reason):
        Normaliser()({"fine": 1, key: 1}, kept)


FINE_KEYS = [
    "train/loss",
    "learning rate",
    "order",
    "select",
    "日本",
    "",
    " ",
    'a"b',
    "a'b; DROP TABLE events; --",
    "[x]",
    "`x`",
    "a.b",
    "?",
    ":name",
    "%s",
    "{x}",
    "\0",
    "rowid",
    "_rowid_",
    "oid",
    "Timestamp",
    "xetrack_x",
    "id",
    "x" * 5000,
]


@pytest.mark.parametrize("engine", ["sqlite", "memory"])
@pytest.mark.parametrize("key", FINE_KEYS, ids=[ascii(key)[:30] for key in FINE_KEYS])
def test_any_other_key_is_kept_exactly(key, engine):
    tracker = Tracker(":memory:", engine=engine)

    row = tracker.log({key: 1.5, "other": 2})

    assert list(row) == [key, "other", "timestamp", "track_id"]
    assert tracker[0] == row
    assert tracker[key].tolist() == [1.5]


@pytest.mark.parametrize("key", [Text("loss"), Mode.TRAIN, np.str_("loss")], ids=["subclass", "StrEnum", "str_"])
def test_a_key_of_a_kind_of_str_is_the_plain_text(key):
    tracker = Tracker(":memory:")
    text = str.__str__(key)

    row = tracker.log({key: 1})

    assert tracker[0] == row == tracker.latest
    assert row[text] == 1
    assert tracker.columns == [*tracker[0]]
    assert {type(each) for each in tracker.columns} == {str}


def test_keys_that_differ_in_case_alone_are_told_apart():
    tracker = Tracker(":memory:")

    row = tracker.log({"a": 1, "A": 2, "Track_ID": 3})

    assert tracker[0] == row
    assert (row["a"], row["A"], row["Track_ID"]) == (1, 2, 3)


def test_a_dict_of_thousands_of_keys_reads_back():
    tracker = Tracker(":memory:")

    row = tracker.log({f"key {number}": number for number in range(3000)})

    assert tracker[0] == row


def test_the_dict_and_what_it_holds_are_not_changed_by_logging_nor_the_row_by_changing_them():
    tracker = Tracker(":memory:")
    data = {"a": [1], "b": {"c": 1}}

    row = tracker.log(data)
    assert data == {"a": [1], "b": {"c": 1}}

    data["a"].append(2)
    data["b"]["c"] = 2
    assert row["a"] == tracker[0]["a"] == [1]
    assert row["b"] == tracker.latest["b"] == {"c": 1}


@pytest.mark.parametrize("engine", ["sqlite", "memory"])
def test_a_negative_zero_keeps_its_sign(engine):
    tracker = Tracker(":memory:", engine=engine)

    tracker.log({"x": -0.0})
    tracker.log_batch([{"x": -0.0}, {"x": 0.0}])

    assert repr([row["x"] for row in tracker]) == "[-0.0, -0.0, 0.0]"


# Whatever it is: logged or refused, and read back as it was logged

hashables = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**65), 2**65),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), 2**53 + 1]),
    st.floats().map(lambda number: number + 0.0),  # no -0.0: it has a test of its own
    st.sampled_from([0.0, 1.0, 1e300, 2.0**63, 5e-324]),
    st.text(),
    st.text(string.digits + "+-.eE ", max_size=6),
    st.text(st.characters(categories=["Cs", "L", "Cc"]), max_size=4),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.complex_numbers(),
    st.sampled_from([*Color, *Size, *Mode, np.float32(0.1), np.int16(4), pd.NA, pd.NaT, Text("a")]),
)
scalars = st.one_of(
    hashables,
    st.decimals(),
    st.integers(4400, 4500).map(lambda digits: 10**digits),  # too long for str()
    st.just(np.array(2.5)),
)
keys = hashables | st.tuples(hashables)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(keys, max_size=3),
    ),
    max_leaves=8,
)
text_keys = st.one_of(
    st.text(max_size=8),
    st.text("aAbB_.", min_size=1, max_size=2),
    st.text(st.characters(categories=["Cs", "L", "Cc"]), max_size=2),
    st.sampled_from(["timestamp", "track_id", "Timestamp", "_rowid_", "rowid", "xetrack_extra", "select", "", "\0"]),
)
PLAIN = [{"a": 1, "b": "text"}, {"a": 0.5}]
dicts = st.dictionaries(text_keys | hashables, values, max_size=5) | st.dictionaries(text_keys, values, max_size=5)


@pytest.mark.fuzz
@pytest.mark.parametrize("engine", ["sqlite", "memory"])
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(events=st.lists(dicts, min_size=1, max_size=3))
@example(events=PLAIN)
def test_any_dict_is_logged_or_refused_and_what_was_logged_is_what_is_read(engine, events):
    tracker = Tracker(":memory:", engine=engine, warnings=False)
    logged = []
    for event in events:
        try:
            logged.append(tracker.log(event))
        except XetrackError:
            continue
        plain = (bool, float, str, bytes)
        assert all(same(logged[-1][key], value) for key, value in event.items() if type(value) in plain)

    read = list(tracker)

    assert logged or events != PLAIN  # some are logged, or nothing would be compared
    assert len(read) == len(tracker) == len(logged)
    for row, original in zip(read, logged, strict=True):
        assert original.keys() <= row.keys()
        for key, value in row.items():
            assert same(value, original.get(key)), key
    if logged:
        assert tracker.latest.keys() == logged[-1].keys()
        assert all(same(value, logged[-1][key]) for key, value in tracker.latest.items())
    tracker.close()


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(events=st.lists(st.dictionaries(st.text("abAB", min_size=1, max_size=1), scalars, max_size=4), max_size=8))
@example(events=PLAIN)
def test_a_batch_reads_back_as_it_was_logged_or_is_refused_whole(events):
    tracker = Tracker(":memory:", warnings=False)
    try:
        logged = tracker.log_batch(events)
    except XetrackError:
        logged = []
    assert logged or events != PLAIN

    for row, original in zip(tracker, logged, strict=True):
        assert all(same(value, original.get(key)) for key, value in row.items())
    tracker.close()
