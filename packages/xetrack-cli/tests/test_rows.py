import csv
import io
import json

import pytest

from xetrack import Tracker


def test_head_is_the_table_of_the_documentation(xt, db):
    lines = xt("head", db, "--n=2", "--columns", "track_id,model,accuracy").out.splitlines()
    assert lines == [
        "|    | track_id       | model    |   accuracy |",
        "|---:|:---------------|:---------|-----------:|",
        "|  0 | first-run-0001 | resnet18 |        0.7 |",
        "|  1 | first-run-0001 | resnet18 |        0.8 |",
    ]


def test_head_gives_five_rows_and_tail_the_last(xt, db):
    assert [row["epoch"] for row in json.loads(xt("head", db, "--json").out)] == [0, 1, 2, 0, 1]
    [row] = json.loads(xt("tail", db, "-n", "1", "--json").out)
    assert (row["track_id"], row["epoch"], row["ok"]) == ("second-run-0002", 2, True)


def test_rows_of_one_run(xt, db):
    rows = json.loads(xt("head", db, "--track-id", "second-run-0002", "--json").out)
    assert [row["model"] for row in rows] == ["xgboost"] * 3


def test_csv_has_every_digit(xt, db):
    rows = list(csv.DictReader(io.StringIO(xt("head", db, "--csv").out)))
    assert rows[2]["accuracy"] == "0.8999999999999999"
    assert rows[2]["ok"] == "True"


def test_json_is_strict_and_keeps_what_markdown_cannot_show(xt, tmp_path):
    values = {"nan": float("nan"), "inf": float("-inf"), "big": 2**60 + 1, "none": None, "list": [1, {"a": None}]}
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({**values, "text": "a|b\nc\x1b[31m", "bytes": b"\x00\xff"})
    [row] = json.loads(xt("head", "v.db", "--json").out)
    assert (row["nan"], row["inf"], row["big"], row["none"]) == (None, None, 2**60 + 1, None)
    assert (row["list"], row["text"], row["bytes"]) == ([1, {"a": None}], "a|b\nc\x1b[31m", "AP8=")


def test_a_table_obeys_no_control_character(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"text": "a|b\nc\x1b[31m\x9b"})
    out = xt("head", "v.db", "--columns", "text").out
    assert r"a\|b\nc\x1b[31m\x9b" in out
    assert len(out.splitlines()) == 3


def test_a_table_without_rows_has_its_head(xt, db):
    assert len(xt("head", db, "--n", "0").out.splitlines()) == 2
    assert xt("head", db, "--n", "0", "--json").out == "[]\n"
    assert xt("head", db, "--n", "0", "--csv", "-c", "epoch,ok").out == "epoch,ok\n"


def test_columns_tell_their_types(xt, db):
    rows = list(csv.DictReader(io.StringIO(xt("columns", db, "--csv").out)))
    assert {"column": "accuracy", "type": "REAL"} in rows
    assert {"column": "ok", "type": "BOOLEAN"} in rows


def test_ls_lists_tables(xt, db):
    with Tracker(db, table="other") as tracker:
        tracker.log({"x": 1})
    rows = json.loads(xt("ls", db, "--json").out)
    assert [(row["table"], row["rows"]) for row in rows] == [("events", 6), ("other", 1)]


def test_ls_of_a_column_prints_its_values(xt, db):
    assert xt("ls", db, "model").out.split() == ["resnet18"] * 3 + ["xgboost"] * 3
    assert xt("ls", db, "model", "--unique").out.split() == ["resnet18", "xgboost"]
    assert xt("ls", db, "--unique").out.split() == ["first-run-0001", "second-run-0002"]
    assert json.loads(xt("ls", db, "epoch", "--unique", "--json").out) == [{"epoch": 0}, {"epoch": 1}, {"epoch": 2}]


def test_unique_keeps_the_order_of_the_first_and_tells_types_apart(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": value} for value in (2, 1, 2, 1.0, True, "1")])
    values = [row["x"] for row in json.loads(xt("ls", "v.db", "x", "--unique", "--json").out)]
    assert list(map(repr, values)) == ["2", "1", "1.0", "True", "'1'"]


def test_the_database_of_the_environment(xt, db, monkeypatch):
    monkeypatch.setenv("XETRACK_DB", db)
    assert len(json.loads(xt("head", "--json").out)) == 5
    assert xt("ls", "model", "--unique").out.split() == ["resnet18", "xgboost"]
    assert xt("sql", "SELECT count(*) AS n FROM db.events", "--csv").out == "n\n6\n"
    assert xt("set", "accuracy", "0.5", "--track-id", "first-run-0001").out == "accuracy set in 3 rows\n"
    assert xt("delete", "first-run-0001").code == 0
    assert json.loads(xt("show", "--json").out)["track_id"] == "second-run-0002"


def test_a_path_is_no_column_though_the_environment_has_a_database(xt, db, tmp_path, monkeypatch):
    with Tracker(tmp_path / "other.db", table="events") as tracker:
        tracker.log({"x": 1})
    monkeypatch.setenv("XETRACK_DB", db)
    assert json.loads(xt("ls", "other.db", "--json").out)[0]["rows"] == 1


def test_other_tables(xt, db):
    with Tracker(db, table="odd name") as tracker:
        tracker.log({"x": 1})
    assert json.loads(xt("head", db, "--table", "odd name", "--json").out)[0]["x"] == 1
    assert len(json.loads(xt("head", db, "--table", "default", "--json").out)) == 5


@pytest.mark.parametrize("both", [("--json", "--csv"), ("--csv", "--markdown")])
def test_one_style_at_a_time(xt, db, both):
    assert xt("head", db, *both) == ("", f"xt: Choose one output format, not {both[0][2:]} and {both[1][2:]}.\n", 2)


@pytest.mark.parametrize(("style", "start"), [("json", "[\n{"), ("csv", "track_id,"), ("markdown", "|    | ")])
def test_an_option_stands_for_its_format(xt, db, style, start):
    line = ["runs", db]
    assert xt(*line, "--format", style).out.startswith(start)
    assert xt(*line, "--format", style) == xt(*line, f"--{style}")
    assert xt(*line, f"--{style}", "--format", style).code == 0
    assert xt(*line, f"--{style}", "--format", "table").code == 2


def test_a_table_for_people_when_piped(xt, db):
    lines = xt("head", db, "--format", "table", "--columns", "model,accuracy").out.splitlines()
    assert lines[0].split() == ["model", "accuracy"]
    assert "─" in lines[1]


def test_an_unknown_format(xt, db):
    assert xt("head", db, "--format", "xml").err == "xt: Unknown format 'xml'. Use table, json, csv or markdown.\n"
    for style in ("markdown", "table"):
        assert f"xt watch cannot write {style} here" in xt("watch", db, "--format", style).err


def test_sql(xt, db):
    query = "SELECT model, max(accuracy) AS best FROM db.events GROUP BY model;"
    assert xt("sql", db, query, "--csv").out == "model,best\nresnet18,0.8999999999999999\nxgboost,0.7\n"
    assert xt("sql", db, "SELECT 1 AS x, 2 AS x", "--json").out == '[\n{"x": 1, "x_2": 2}\n]\n'


def test_sql_changes_nothing_unless_told(xt, db):
    query = "UPDATE db.events SET accuracy = 0"
    refused = xt("sql", db, query)
    assert refused.code == 1
    assert "readonly" in refused.err
    assert "--write" in refused.err
    assert xt("sql", db, query, "--write").out == "6 rows changed\n"
    assert xt("ls", db, "accuracy", "--unique").out == "0.0\n"
