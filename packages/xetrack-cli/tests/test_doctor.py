import json
import os
import sqlite3
import subprocess
import sys

import pytest

from xetrack import Tracker

KILLED = """
import os, signal, sys
from xetrack import Tracker
tracker = Tracker(sys.argv[1], track_id="killed-run-0001")
tracker.log({"x": 1})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def found(xt):
    """What doctor finds, by what it looked at."""

    def look(db):
        done = xt("doctor", db, "--json")
        return {row["check"]: row for row in json.loads(done.out)}, done.code

    return look


def test_a_healthy_database(found, db):
    checks, code = found(db)
    assert code == 0
    assert {row["state"] for row in checks.values()} == {"ok"}
    assert list(checks) == [
        "integrity",
        "journal",
        "size",
        "rows of events",
        "columns of events",
        "runs of events",
        "objects",
    ]
    assert (checks["rows of events"]["found"], checks["runs of events"]["found"]) == ("6", "2")


def test_looking_changes_nothing(found, db, tmp_path):
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    found(db)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_killed_run_and_its_log(found, tmp_path):
    db = str(tmp_path / "killed.db")
    subprocess.run([sys.executable, "-c", KILLED, db], check=False)
    assert os.path.getsize(f"{db}-wal")  # noqa: PTH202 - a path of text
    checks, code = found(db)
    assert code == 0
    assert checks["runs of events"]["state"] == "note"
    assert "1 crashed: killed-run-0001" in checks["runs of events"]["found"]
    assert checks["journal"]["state"] == "note"
    assert "xt backup" in checks["journal"]["advice"]


def test_a_damaged_file(found, tmp_path):
    path = tmp_path / "v.db"
    with Tracker(path) as tracker:
        tracker.log_batch([{"x": number, "s": "text" * 10} for number in range(2000)])
    data = bytearray(path.read_bytes())
    last = len(data) // 4096 - 1
    data[last * 4096 : (last + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    checks, code = found(str(path))
    assert code == 1
    assert checks["integrity"]["state"] == "problem"
    assert "xt copy" in checks["integrity"]["advice"]


def test_what_the_integrity_check_tells(found, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": 1}, {"y": 2}])
    connection = sqlite3.connect(tmp_path / "v.db")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, '\"x\" INTEGER', '\"x\" INTEGER NOT NULL')")
    connection.commit()
    connection.close()
    checks, code = found(str(tmp_path / "v.db"))
    assert code == 1
    assert checks["integrity"]["state"] == "problem"
    assert "NULL value in events.x" in checks["integrity"]["found"]


def test_columns_of_several_types(found, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": 1, "y": 1.0}, {"x": "word", "y": float("nan")}, {"x": 2.0, "y": float("inf")}])
    checks, _ = found(str(tmp_path / "v.db"))
    assert checks["columns of events"]["state"] == "note"
    assert checks["columns of events"]["found"].endswith("mixed types: x")


def test_space_that_is_unused(found, xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"s": "x" * 1000} for _ in range(4000)])
        tracker.conn.execute("DELETE FROM db.events WHERE rowid > 10")
    checks, _ = found(str(tmp_path / "v.db"))
    assert "unused" in checks["size"]["found"]
    command, _, query = checks["size"]["advice"].partition(' "')
    assert command == "xt sql --write DB"
    assert xt("sql", "--write", "v.db", query.strip('"')).code == 0
    checks, _ = found(str(tmp_path / "v.db"))
    assert checks["size"]["state"] == "ok"


def test_a_file_of_0x(found, tmp_path):
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute(
        'CREATE TABLE "default" (timestamp TEXT, track_id TEXT, x REAL, PRIMARY KEY (track_id, timestamp))'
    )
    connection.execute("INSERT INTO \"default\" VALUES ('2023-12-27 11:36:45.859668', 'old-run-0001', 1.5)")
    connection.commit()
    connection.close()
    checks, code = found(str(tmp_path / "old.db"))
    assert code == 0
    assert checks["rows of events"]["found"] == "1"
    assert checks["journal"]["state"] == "note"
