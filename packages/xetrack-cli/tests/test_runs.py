import json

import pytest

from xetrack import Tracker
from xetrack_cli.runs import duration, seconds_of


def ids(done):
    return [row["track_id"] for row in json.loads(done.out)]


def test_a_line_a_run_newest_first(xt, db):
    rows = json.loads(xt("runs", db, "--json").out)
    assert [row["track_id"] for row in rows] == ["second-run-0002", "first-run-0001"]
    assert list(rows[0])[:5] == ["track_id", "status", "started", "duration", "rows"]
    assert (rows[1]["model"], rows[1]["rows"], rows[1]["status"], rows[1]["ok"]) == ("resnet18", 3, "finished", True)
    assert 0 <= rows[0]["duration"] < 60


def test_sorted(xt, db):
    assert ids(xt("runs", db, "--sort", "accuracy", "--json")) == ["second-run-0002", "first-run-0001"]
    assert ids(xt("runs", db, "--sort", "accuracy", "--desc", "--json")) == ["first-run-0001", "second-run-0002"]
    assert ids(xt("runs", db, "--sort", "model", "--n", "1", "--json")) == ["first-run-0001"]


def test_runs_without_a_value_come_last_either_way(xt, db):
    with Tracker(db, track_id="third-run-0003") as tracker:
        tracker.log({"accuracy": float("nan")})
    assert ids(xt("runs", db, "--sort", "accuracy", "--json"))[-1] == "third-run-0003"
    assert ids(xt("runs", db, "--sort", "accuracy", "-d", "--json"))[-1] == "third-run-0003"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("accuracy>0.8", ["first-run-0001"]),
        ("accuracy <= 0.8", ["second-run-0002"]),
        ("model=xgboost", ["second-run-0002"]),
        ("model!=xgboost", ["first-run-0001"]),
        ("ok=true", ["second-run-0002", "first-run-0001"]),
        ("rows>=4", []),
        ("status=finished", ["second-run-0002", "first-run-0001"]),
        ("host!=nobody", ["second-run-0002", "first-run-0001"]),
    ],
)
def test_filtered(xt, db, condition, expected):
    assert ids(xt("runs", db, "--where", condition, "--json")) == expected


def test_all_conditions_hold(xt, db):
    assert ids(xt("runs", db, "-w", "accuracy>0.1", "-w", "model=resnet18", "--json")) == ["first-run-0001"]


def test_a_wrong_condition_or_column(xt, db):
    assert "no condition" in xt("runs", db, "--where", "accuracy").err
    assert "Did you mean 'accuracy'?" in xt("runs", db, "--where", "acuracy>1").err
    assert "Did you mean 'accuracy'?" in xt("runs", db, "--sort", "acuracy").err
    assert "Did you mean 'model'?" in xt("runs", db, "--columns", "track_id,modle").err
    assert "--sort" in xt("runs", db, "--desc").err


def test_people_get_short_times(xt, db):
    out = xt("runs", db, "--columns", "started,duration").out
    assert "." not in out.splitlines()[2].split("|")[2]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0312, "31ms"), (4.25, "4.25s"), (42, "42s"), (187, "3m 07s"), (7500, "2h 05m"), (273600, "3d 04h"), (None, "")],
)
def test_durations(seconds, told):
    assert duration(seconds) == told


def test_show_tells_of_a_run(xt, db):
    told = json.loads(xt("show", db, "first-run-0001", "--json").out)
    assert told["params"] == {"model": "resnet18", "lr": 0.1}
    assert told["metrics"]["epoch"] == {"last": 2, "first": 0, "min": 0, "max": 2, "values": 3}
    assert "model" not in told["metrics"]
    assert told["rows"] == 3


def test_show_takes_the_latest_run_and_the_beginning_of_a_name(xt, db):
    assert json.loads(xt("show", db, "--json").out)["track_id"] == "second-run-0002"
    assert json.loads(xt("show", db, "first", "--json").out)["track_id"] == "first-run-0001"


def test_show_in_markdown_has_three_tables(xt, db):
    blocks = xt("show", db).out.split("\n\n")
    assert [block.splitlines()[0].split("|")[2].strip() for block in blocks] == ["what", "param", "metric"]


def test_compare_marks_what_differs(xt, db):
    rows = json.loads(xt("compare", db, "first-run-0001", "second-run-0002", "--json").out)
    differs = {row["key"]: row["differs"] for row in rows}
    assert (differs["model"], differs["accuracy"], differs["lr"], differs["epoch"]) == (True, True, False, False)
    by_key = {row["key"]: row for row in rows}
    assert (by_key["model"]["what"], by_key["accuracy"]["what"]) == ("param", "metric")
    assert (by_key["model"]["first-run-0001"], by_key["model"]["second-run-0002"]) == ("resnet18", "xgboost")


def test_compare_in_markdown(xt, db):
    lines = xt("compare", db, "first", "second", "--diff").out.splitlines()
    assert [line.split("|")[3].strip() for line in lines[2:]] == ["model", "accuracy"]
    assert all(line.split("|")[4].strip() == "≠" for line in lines[2:])


def test_compare_needs_two_runs(xt, db):
    assert xt("compare", db, "first").code == 2
    assert xt("compare", db, "first", "first-run-0001").code == 2
    assert "no run 'nobody'" in xt("compare", db, "first", "nobody").err


def test_files_of_0x_whose_times_are_of_another_format(xt, tmp_path):
    import sqlite3

    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute(
        'CREATE TABLE "default" (timestamp TEXT, track_id TEXT, x REAL, PRIMARY KEY (track_id, timestamp))'
    )
    connection.execute("INSERT INTO \"default\" VALUES ('18-08-2023 11:02:35.162360', 'old-run-0001', 1.5)")
    connection.commit()
    connection.close()
    [row] = json.loads(xt("runs", "old.db", "--json").out)
    assert (row["track_id"], row["started"], row["duration"], row["x"]) == (
        "old-run-0001",
        "18-08-2023 11:02:35.162360",
        None,
        1.5,
    )
    assert 'db."default"' in xt("sql", "old.db", "SELECT x FROM db.events").err
    assert xt("sql", "old.db", 'SELECT x FROM db."default"', "--csv").out == "x\n1.5\n"


def test_a_run_during_which_the_clock_was_set_back_has_no_duration():
    run = {"started": "2026-03-01 12:00:00.000000", "ended": "2026-03-01 11:00:00.000000"}

    assert seconds_of(run) is None
