import json

import pytest

from xetrack import Reader, Tracker
from xetrack.plugin import run_seconds
from xetrack_cli.output.format import duration


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


def test_a_number_of_runs_reads_no_others(xt, db, monkeypatch):
    asked = []
    listed = Reader.list_runs
    monkeypatch.setattr(Reader, "list_runs", lambda reader, limit: asked.append(limit) or listed(reader, limit=limit))
    assert ids(xt("runs", db, "-n", "1", "--json")) == ["second-run-0002"]
    assert ids(xt("runs", db, "-n", "1", "--where", "accuracy>0.8", "--json")) == ["first-run-0001"]
    assert ids(xt("runs", db, "-n", "0", "--json")) == []
    assert asked == [1, None, 0]


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


BIG = 2**53


@pytest.fixture
def mixed(tmp_path):
    """Runs whose values have every kind; each run is named by its place."""
    nan, inf = float("nan"), float("inf")
    runs = [
        {"n": BIG, "x": 0.1, "any": 5, "text": "5", "ok": True, "list": [1, "a"]},
        {"n": BIG + 1, "x": nan, "any": "5", "text": "m 1", "ok": False, "m/n": 1},
        {"n": float(BIG), "x": inf, "any": True, "text": "it's", "key with spaces": 1},
        {"n": 2**70, "x": 1e23, "any": 5.5, "text": "none"},
        {"n": -1, "x": 2**63 - 1, "any": "word"},
    ]
    for place, row in enumerate(runs):
        with Tracker(tmp_path / "m.db", track_id=str(place)) as tracker:
            tracker.log(row)
    return str(tmp_path / "m.db")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"n={BIG}", "02"),
        (f"n={BIG + 1}", "1"),
        (f"n>{BIG}", "13"),
        (f"n<={BIG}", "024"),
        (f"n!={BIG + 1}", "0234"),
        (f"n={2**70}", "3"),
        (f"n>{2**69}", "3"),
        (f"x={2**63 - 1}", "4"),
        (f"x={2**63}", ""),
        ("x=.1", "0"),
        ("x=1e-1", "0"),
        ("x=1E23", "3"),
        ("x=nan", "1"),
        ("x!=NaN", "0234"),
        ("x!=0.1", "1234"),
        ("x=inf", "2"),
        ("x<inf", "034"),
        ("x>-inf", "0234"),
        ("any=5", "0"),
        ("any='5'", "1"),
        ('any="5"', "1"),
        ("any=true", "2"),
        ("any=word", "4"),
        ("any>5", "3"),
        ("any!=5", "1234"),
        ("text=5", "0"),
        ("text='m 1'", "1"),
        ('text="it\'s"', "2"),
        ("text='it''s'", "2"),
        ("text='none'", "3"),
        ("text=none", "4"),
        ("text!=null", "0123"),
        ("text>m", "13"),
        ("ok=true", "0"),
        ("ok!=True", "1"),
        ("ok=none", "234"),
        ("""list='[1, "a"]'""", "0"),
        ("m/n=1", "1"),
        ("'key with spaces' >= 1", "2"),
        (' "n" == -1 ', "4"),
    ],
)
def test_conditions_compare_exactly(xt, mixed, condition, expected):
    done = xt("runs", mixed, "--where", condition, "--json")
    assert done.err == ""
    assert "".join(sorted(ids(done))) == expected


@pytest.mark.parametrize(
    ("condition", "column", "reason"),
    [
        ("", 0, "expected a condition"),
        ("=3", 0, "expected a condition"),
        ("accuracy=", 9, 'expected a value after "=".'),
        ("accuracy=>0.1", 9, 'expected a value after "=".'),
        ("accuracy<>0.2", 9, 'expected a value after "<".'),
        ("accuracy=!0.2", 9, 'expected a value after "=".'),
        ("accuracy===1", 10, 'expected a value after "=".'),
        ("model='m1", 6, "this quote is never closed."),
        ("model=m 1", 8, 'expected "and", "or" or the end. Quote text'),
        ("model=f(x)", 7, 'expected "and", "or" or the end. Quote text'),
        ("accuracy>abc", 9, "accuracy holds only numbers, not abc."),
        ("accuracy='0.7'", 9, 'accuracy holds only numbers, not "0.7".'),
        ("accuracy=true", 9, "accuracy holds only numbers"),
        ("accuracy=1_0", 9, "accuracy holds only numbers"),
        ("ok=\uff11", 3, "ok holds only booleans"),
        ("ok=1", 3, "ok holds only booleans"),
        ("ok=yes", 3, "ok holds only booleans"),
        ("ok>false", 3, "false works only with = and !=."),
        ("accuracy<nan", 9, "nan works only with = and !="),
        ("model>=none", 7, "none works only with = and !="),
        ("epoch>1 and acuracy>1", 12, "no run has a key 'acuracy'. Did you mean 'accuracy'?"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_with_the_reason(xt, db, condition, column, reason):
    done = xt("runs", db, "--where", "epoch>100", "--where", condition)  # though no run is left that it could match
    assert (done.out, done.code) == ("", 2)
    first, shown, caret = done.err.splitlines()
    assert (first, shown.strip()) == ("xt: Invalid filter:", condition)
    assert caret.startswith(" " * (2 + column) + "^ " + reason)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("epoch=1 and ok=true", []),
        ("epoch=2 and (model ~ XG or accuracy > 0.8)", ["second-run-0002", "first-run-0001"]),
        ("first", ["first-run-0001"]),
        ("not first", ["second-run-0002"]),
        ("model~res", ["first-run-0001"]),
        ("model in (resnet18, resnet50)", ["first-run-0001"]),
        ("params.lr = 0.1 and max(accuracy) > 0.8 and count(epoch) = 3", ["first-run-0001"]),
        ("duration < 2h", ["second-run-0002", "first-run-0001"]),
    ],
)
def test_the_filter_language(xt, db, condition, expected):
    assert ids(xt("runs", db, "--where", condition, "--json")) == expected


def test_all_conditions_hold(xt, db):
    assert ids(xt("runs", db, "-w", "accuracy>0.1", "-w", "model=resnet18", "--json")) == ["first-run-0001"]


def test_a_wrong_condition_or_column(xt, db):
    assert "Did you mean 'accuracy'?" in xt("runs", db, "--where", "acuracy>1").err
    assert "\x1b" not in xt("runs", db, "--where", "acuracy\x1b[31m>1").err
    assert "Did you mean 'accuracy'?" in xt("runs", db, "--sort", "acuracy").err
    assert "Did you mean 'model'?" in xt("runs", db, "--columns", "track_id,modle").err
    assert "--sort" in xt("runs", db, "--desc").err
    for columns in ("", ",", " , "):
        assert "is empty" in xt("runs", db, "--columns", columns).err


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


def test_runs_that_do_not_differ(xt, db):
    for track_id in ("twin-1", "twin-2"):
        with Tracker(db, track_id=track_id) as tracker:
            tracker.log({"x": 1})
    assert xt("compare", db, "twin-1", "twin-2", "--diff", "--json") == ("[]\n", "xt: the runs do not differ.\n", 0)


def test_compare_needs_two_runs(xt, db):
    assert xt("compare", db, "first").code == 2
    assert xt("compare", db, "first", "first-run-0001").code == 2
    assert "Unknown run 'nobody'" in xt("compare", db, "first", "nobody").err
    assert "got only 'first-run-0001'" in xt("compare", db, "first", "first-run-0001").err


def test_the_start_of_several_runs_is_refused_naming_them(xt, db):
    with Tracker(db, track_id="first-run-0003") as tracker:
        tracker.log({"x": 1})
    done = xt("show", db, "first")
    assert (done.out, done.code) == ("", 1)
    assert done.err == "xt: 'first' matches 2 runs: first-run-0003, first-run-0001. Type more of the name.\n"
    assert "Unknown run ''" in xt("show", db, "").err


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

    assert run_seconds(run) is None
