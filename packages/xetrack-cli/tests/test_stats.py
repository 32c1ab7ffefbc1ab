import csv
import io
import json
import math

import pytest

from xetrack import Reader, Tracker


def test_describe_agrees_with_pandas(xt, db):
    rows = {row["column"]: row for row in csv.DictReader(io.StringIO(xt("describe", db, "--csv").out))}
    expected = Reader(db).to_df()["accuracy"].describe()
    assert list(rows) == ["lr", "accuracy", "epoch", "ok"]
    for name, value in expected.items():
        assert math.isclose(float(rows["accuracy"][name]), value), name


def test_describe_of_chosen_columns_also_of_text(xt, db):
    rows = json.loads(xt("stats", "describe", db, "--columns=epoch,model", "--json").out)
    assert [row["column"] for row in rows] == ["epoch", "model"]
    assert (rows[1]["count"], rows[1]["unique"]) == (6, 2)
    assert "Did you mean 'epoch'?" in xt("describe", db, "--columns", "epck").err


def test_describe_leaves_out_what_is_no_number(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": value} for value in (1, float("nan"), None, 3)])
    [row] = json.loads(xt("describe", "v.db", "--json").out)
    assert (row["count"], row["mean"], row["min"], row["max"]) == (2, 2, 1, 3)


def test_describe_without_any_numbers(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"word": "a"})
    assert xt("describe", "v.db", "--json") == (
        "[]\n",
        "xt: No column holds numbers. To count other values, name columns: --columns X,Y\n",
        0,
    )


def test_top_and_bottom(xt, db):
    [best] = json.loads(xt("stats", "top", db, "accuracy", "--json").out)
    assert (best["track_id"], best["epoch"]) == ("first-run-0001", 2)
    worst = json.loads(xt("stats", "bottom", db, "accuracy", "--n", "2", "--json").out)
    assert [row["epoch"] for row in worst] == [0, 1]
    [own] = json.loads(xt("stats", "top", db, "accuracy", "--track-id", "second-run-0002", "--json").out)
    assert own["track_id"] == "second-run-0002"


def test_top_of_what_has_no_numbers(xt, db):
    assert xt("stats", "top", db, "model").err == "xt: Column 'model' holds no numbers.\n"


@pytest.fixture
def long(tmp_path):
    """More rows than are read at a time, of which the last alone has `X`, that no column can hold beside `x`."""
    with Tracker(tmp_path / "long.db") as tracker:
        tracker.log_batch([{"x": n % 5, "n": n} for n in range(10_000)])
        tracker.log({"x": 4, "n": 10_000, "X": 2.5})
    return tmp_path / "long.db"


def test_a_table_is_described_from_its_first_to_its_last_row(xt, long):
    counts = {row["column"]: row["count"] for row in json.loads(xt("describe", long, "--json").out)}
    assert counts == {"x": 10_001, "n": 10_001, "X": 1}


@pytest.mark.parametrize(
    ("command", "column", "expected"), [("top", "x", [4, 9, 14]), ("bottom", "x", [0, 5, 10]), ("top", "X", [10_000])]
)
def test_of_equals_the_earliest_are_told_wherever_they_are(xt, long, command, column, expected):
    found = json.loads(xt("stats", command, long, column, "-n", "3", "--json").out)
    assert [row["n"] for row in found] == expected


def test_a_plot_counts_every_row(xt, long):
    told = xt("plot", "scatter", long, "x", "X").out.splitlines()[-1]
    assert told == "1 point, 10000 rows skipped without two numbers"


def test_a_histogram_with_its_summary(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": float(value)} for value in [0] * 5 + [1] * 10 + [10]] + [{"x": None}])
    out = xt("plot", "hist", "v.db", "x", "--bins", "10", "--width", "60").out
    assert out.splitlines()[0].strip() == "x histogram"
    assert "█" in out
    assert "\x1b" not in out
    summary = [line.strip("| ") for line in out.splitlines() if line.startswith("| ")]
    assert summary == [
        "Summary",
        "observations: 16",
        "min value: 0.000000",
        "mean : 1.250000",
        "max value: 10.000000",
        "without a number: 1",
    ]
    assert max(map(len, out.splitlines())) <= 60


def test_the_bars_are_as_high_as_their_counts(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": value} for value in [0] * 9 + [1] * 3])
    lines = xt("plot", "hist", "v.db", "x", "--bins", "2", "--width", "40", "--height", "16").out.splitlines()
    inside = [line.partition("┤")[2] or line.partition("│")[2] for line in lines]
    left, right = (sum("█" in line[half] for line in inside) for half in (slice(0, 10), slice(22, 32)))
    assert left > 2 * right > 0


@pytest.mark.parametrize("value", [5, -2.5, True])
def test_a_histogram_of_one_value(xt, tmp_path, value):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": value}] * 3)
    assert "observations: 3" in xt("plot", "hist", "v.db", "x").out


def test_a_scatter_plot(xt, db):
    out = xt("plot", "scatter", db, "epoch", "accuracy", "--height", "12").out
    assert out.splitlines()[0].strip() == "accuracy over epoch"
    assert out.splitlines()[-1] == "6 points"
    assert len(out.splitlines()) == 13


def test_plots_of_what_cannot_be_plotted(xt, db):
    assert "No row has numbers" in xt("plot", "hist", db, "model").err
    assert "Did you mean 'accuracy'?" in xt("plot", "hist", db, "acuracy").err
    assert "Missing Y" in xt("plot", "scatter", db, "epoch").err
