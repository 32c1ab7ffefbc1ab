"""The benchmarks run and print every row. Never a timing: a test machine has other work."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmarks

ROOT = Path(__file__).resolve().parents[1]
ROWS = (
    "log() of 3 values + 1 param",
    "log_batch(), per row",
    "to_df() of",
    "track(noop)",
    "a hit through track()",
    "key of a call",
    "key of an array",
    "import xetrack",
    "heavy modules that import xetrack loads",
    "heavy modules that the first row loads",
    "the first row of a fresh process",
    "log() into 200 rows",
    "log() into 20 columns",
    "no run closed",
    "all closed",
    "a thousandth of the rows",
    "Reader.runs(limit=100) of",
    "reader[i] of",
    "bare: reader[0], 200 times",
    "Tracker() + first log() + close()",
    "copy() of 200 rows",
    "copy() of 1,000 new rows",
    "log() of a forest",
    "log() of its hash",
    "MB into the store",
    "MB out of the store",
    "a call that waits for 100 ms, all monitors on",
    "a call that computes for 100 ms, all monitors on",
    "track(noop), all monitors on",
    "log(), all monitors on",
    "log() with jsonl=",
    "a row to the log sink",
    "duckdb: first query of 100 rows",
    "duckdb: first query of 3 keys of 2 rows",
    "duckdb: first SELECT * of 2 rows",
    "duckdb alone: create, insert, select 2 rows",
    "duckdb: first query of 3 keys of 20 rows",
    "duckdb: first SELECT * of 20 rows",
    "duckdb alone: create, insert, select 20 rows",
    "duckdb: GROUP BY epoch",
    "duckdb: GROUP BY model",
    "duckdb: GROUP BY track_id",
    "duckdb: 1,000 new rows",
    "duckdb: set_value() of the run that logs",
    "duckdb: set_value() of the oldest run",
    "log() with engine='duckdb'",
    "xt --help",
    "xt head of one row",
)


def printed(*arguments):
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_row_is_printed(tmp_path):
    lines = [line for line in printed("benchmarks", "--tiny", "--folder", str(tmp_path)).splitlines() if "|" in line]
    assert lines[0].split("|")[1].strip() == "what"
    for row, line in zip(ROWS, lines[2:], strict=True):
        assert row in line
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("how", [["benchmarks"], ["-m", "benchmarks"]])
def test_one_benchmark_can_be_chosen(how, tmp_path):
    text = printed(*how, "--tiny", "--only", "log", "--folder", str(tmp_path))
    assert "log() of 3 values" in text
    assert "to_df" not in text
