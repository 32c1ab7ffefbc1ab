"""SQL databases with other names, types and limits than SQLite."""

from dataclasses import replace

import pytest
from toy_engine import TOTAL, TOY, ToyEngine

from xetrack.errors import InvalidTableError
from xetrack.plugin import (
    BigInt,
    Dialect,
    Json,
    MemoryEngine,
    SurrogateText,
    check_table,
    declared_type,
    fits,
    normal_type,
    pack,
    parse_filter,
    quote,
    split,
    type_fits,
    unpack,
)

NAN = float("nan")
POSTGRES = Dialect(
    placeholder="%s",
    max_columns=400,
    max_name_bytes=63,
    reserved=frozenset({"ctid", "xmin"}),
    folds_case=False,
    declared={bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE PRECISION", str: "TEXT", bytes: "BYTEA", Json: "JSON"},
    typed=True,
    keeps_nan=True,
    keeps_negative_zero=True,
    keeps_nul=False,
)
VALUES = (
    True,
    1,
    0.5,
    -0.0,
    NAN,
    2.0,
    "text",
    "a\0b",
    b"\0",
    Json("[1]"),
    BigInt(2**70),
    SurrogateText("\ud800"),
    None,
)
COLUMNS = ("BOOLEAN", "INTEGER", "REAL", "TEXT", "BLOB", "JSON", "")


def test_what_fits_the_columns_of_a_typed_database():
    fitting = {(repr(value), column) for value in VALUES for column in COLUMNS if POSTGRES.fits(value, column)}

    assert fitting == {
        ("True", "BOOLEAN"), ("1", "INTEGER"), ("0.5", "REAL"), ("-0.0", "REAL"), ("nan", "REAL"), ("2.0", "REAL"),
        ("'text'", "TEXT"), (repr(b"\0"), "BLOB"), ("'[1]'", "JSON"), *(("None", column) for column in COLUMNS),
    }  # fmt: skip


def test_the_functions_without_a_dialect_are_those_of_sqlite():
    sqlite = Dialect()
    for value in VALUES:
        assert declared_type(value) == sqlite.declared_type(value)
        for column in COLUMNS:
            assert fits(value, column) == sqlite.fits(value, column)
            assert type_fits(type(value), column) == sqlite.type_fits(type(value), column)
    assert [quote(name) for name in ('a"b', "50%")] == [sqlite.quote(name) for name in ('a"b', "50%")]
    assert not any([fits(NAN, "REAL"), fits(-0.0, "REAL"), fits(2.0, "INTEGER")])
    assert all([fits(2.5, "INTEGER"), fits("a\0b", "TEXT")])
    row = {"x": "5", "y": NAN}
    assert split(row, {"x": "INTEGER", "y": "REAL"}) == ({"x": "5", "y": row["y"]}, pack(row))


def test_a_typed_column_gets_no_value_of_another_type():
    row = {"x": "5", "y": NAN, "z": 1.5, "text": "a\0b", "big": BigInt(2**70), "new": 1}
    columns = {"x": "INTEGER", "y": "REAL", "z": "REAL", "text": "TEXT", "big": "INTEGER"}
    cells, extra = split(row, columns, POSTGRES)

    assert repr(cells) == "{'y': nan, 'z': 1.5}"
    assert unpack(extra) == {"x": "5", "text": "a\0b", "big": 2**70, "new": 1}


def test_names_and_numbers_of_columns_are_limited():
    columns = dict.fromkeys(map(str, range(399)), "REAL")

    may = {key: POSTGRES.may_be_column(key, columns) for key in ("x", "CTID", "é" * 31, "é" * 32, "a\0b", "", "7")}
    assert [key for key, allowed in may.items() if allowed] == ["x", "é" * 31]
    assert not POSTGRES.may_be_column("x", {**columns, "y": "REAL"})
    assert [each.may_be_column("X", {"x": "REAL"}) for each in (Dialect(), POSTGRES)] == [False, True]
    assert not POSTGRES.may_be_column("xetrack_extra", {})


def test_table_names_are_limited():
    assert check_table("t" * 63, POSTGRES) == "t" * 63
    assert check_table("t" * 64) == "t" * 64
    with pytest.raises(InvalidTableError, match=r"has 64 bytes in UTF-8, and the database allows 63\. Shorten it"):
        check_table("é" * 32, POSTGRES)


@pytest.mark.parametrize(
    ("declared", "normal"),
    [("bigint", "INTEGER"), ("double precision", "REAL"), ("bytea", "BLOB"), ("json", "JSON"), ("boolean", "BOOLEAN"),
     ("text", "TEXT"), ("character varying", "TEXT"), ("", "")],
)  # fmt: skip
def test_declared_types_are_recognized(declared, normal):
    assert POSTGRES.normal_type(declared) == normal
    assert TOY.normal_type("INT") == "BOOLEAN"
    assert normal_type("INT") == "INTEGER"


def test_columns_of_unknown_first_values_wait_for_a_type():
    assert [POSTGRES.declared_type(value) for value in (None, BigInt(2**70), 1)] == [None, None, "BIGINT"]


def test_parameters_and_percent_signs_are_written_as_the_driver_wants():
    assert POSTGRES.placeholders(2) == ["%s", "%s"]
    assert replace(POSTGRES, placeholder="${}").placeholders(2, first=3) == ["$3", "$4"]
    assert POSTGRES.quote('50%"') == '"50%%"""'


def listed(*runs):
    return [{"track_id": run, "params": {}} for run in runs]


def select(engine, where, *runs):
    return [run["track_id"] for run in parse_filter(where).select(listed(*runs), engine, "events")]


def test_filters_compile_to_the_dialect_of_the_engine():
    engine = ToyEngine()
    long = "k" * 64
    rows = [{"track_id": run, "x": x, long: x} for run, x in [("a", 1.0), ("a", 3.0), ("b", 5.0), ("c", NAN), ("c", 2)]]
    engine.append("events", [{"timestamp": f"2026-01-01 00:00:00.00000{n}", **row} for n, row in enumerate(rows)])

    assert select(engine, f"mean(x) = 2 and max({long}) = 3", *"abc") == ["a"]
    assert select(engine, "last(x) = 2 and first(x) = nan and min(x) = 2", *"abc") == ["c"]
    assert "x" in engine.types["events"]
    assert long not in engine.types["events"]
    aggregated, *_, one_run = [sql for sql in engine.queries if "GROUP BY" in sql or "ORDER BY" in sql]
    assert TOTAL.replace("{number}", '"x"') in aggregated
    assert one_run.endswith("WHERE track_id = ?1 ORDER BY place")


def test_engines_without_sql_are_scanned():
    engine = MemoryEngine()
    engine.append("events", [{"timestamp": "2026-01-01 00:00:00.000000", "track_id": "a", "x": 3}])

    assert select(engine, "max(x) = 3", "a", "b") == ["a"]
