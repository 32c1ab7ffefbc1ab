"""`--utc`, and runs of several zones."""

import json
import os
import subprocess
import sys

import pytest

from xetrack import Reader, Tracker
from xetrack_cli.commands.watch import follow

_LOG = """
import sys
from xetrack import Tracker
with Tracker(sys.argv[1], track_id=sys.argv[2], warnings=False) as tracker:
    tracker.log({"x": 1})
"""
ZONES = {"tokyo": "JST-9", "york": "EST5EDT,M3.2.0,M11.1.0", "london": "UTC0"}


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "a.db"
    for name, zone in ZONES.items():
        subprocess.run([sys.executable, "-c", _LOG, str(path), name], env={**os.environ, "TZ": zone}, check=True)
    return str(path)


@pytest.fixture
def utc(db):
    """What the rows have in UTC."""
    with Reader(db, utc=True) as reader:
        return {row["track_id"]: row["timestamp"] for row in reader}


@pytest.mark.parametrize("command", ["head", "tail"])
def test_rows_are_shown_in_utc(xt, db, utc, command):
    shown = json.loads(xt(command, db, "--utc", "--json").out)
    assert {row["track_id"]: row["timestamp"] for row in shown} == utc
    local = json.loads(xt(command, db, "--json").out)
    assert {row["track_id"] for row in local if row["timestamp"] != utc[row["track_id"]]} == {"tokyo", "york"}


def test_values_and_exports_are_in_utc(xt, db, utc, tmp_path):
    assert xt("ls", db, "timestamp", "--utc").out.split("\n")[:3] == list(utc.values())
    xt("export", db, str(tmp_path / "a.jsonl"), "--utc")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert {line["track_id"]: line["timestamp"] for line in lines} == utc


def test_rows_are_followed_in_utc(db, utc):
    with Reader(db, utc=True) as reader:
        batches = follow(reader, 10)
        assert {row["track_id"]: row["timestamp"] for row in next(batches)} == utc
        with Tracker(db, track_id="late", warnings=False) as tracker:
            tracker.log({"x": 2})
        assert [row["track_id"] for row in next(batches)] == ["late"]


def test_runs_are_in_utc(xt, db, utc):
    listed = json.loads(xt("runs", db, "--utc", "--json", "--columns=track_id,started,last").out)
    shown = {run["track_id"]: run for run in listed}
    assert {name: run["started"] for name, run in shown.items()} == utc
    assert {name: run["last"] for name, run in shown.items()} == utc
    assert json.loads(xt("show", db, "york", "--utc", "--json").out)["started"] == utc["york"]


@pytest.mark.parametrize("zone", [[], ["--utc"]])
def test_runs_are_sorted_by_their_instants(xt, db, zone):
    shown = json.loads(xt("runs", db, "--sort=started", "--json", "--columns=track_id", *zone).out)
    assert [run["track_id"] for run in shown] == ["tokyo", "york", "london"]
    shown = json.loads(xt("runs", db, "--sort=last", "--desc", "--json", "--columns=track_id", *zone).out)
    assert [run["track_id"] for run in shown] == ["london", "york", "tokyo"]
