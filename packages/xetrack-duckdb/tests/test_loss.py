"""Why only Python's `sqlite3` may open the file: what a second copy of the SQLite library in the process does.

POSIX locks belong to a process and a file: when a process closes any handle of a file, it loses all its locks on it.
SQLite knows, and keeps handles open for as long as it has to, but each copy of the library knows of its own handles
only. DuckDB's sqlite extension is such a copy, and so are apsw, ADBC and connectorx. apsw stands for them here.
"""

import pytest

# a tracker at work; something opens the file and closes it again; other processes log as well
SCRIPT = """
import subprocess
from xetrack._sqlite import file_identity

file_identity._EVERY = 0.0
file_identity._WATCHED = sys.argv[3] == "watched"  # or else nobody looks whether the log is there, as in SQLite itself

LOG = "import sys; from xetrack import Tracker; Tracker(sys.argv[1], track_id='other').log({'n': int(sys.argv[2])})"
READ = "import sys; from xetrack import Reader; print([row['n'] for row in Reader(sys.argv[1])])"

def other(script, *arguments):
    command = [sys.executable, "-c", script, sys.argv[1], *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

def second_copy():
    import apsw
    connection = apsw.Connection(sys.argv[1])
    connection.execute("SELECT count(*) FROM events").fetchall()
    connection.close()

def duckdb_engine():
    with Tracker(sys.argv[1], engine="duckdb") as reading:
        reading.conn.execute("SELECT count(*) FROM db.events").fetchall()

tracker = Tracker(sys.argv[1], track_id="mine")
tracker.log({"n": 0})
globals()[sys.argv[2]]()
other(LOG, 1)
tracker.log({"n": 2})
print(other(READ), end="")
other(LOG, 3)
tracker.log({"n": 4})
tracker.close()
print(other(READ), end="")
"""


REFUSED = """
try:
    tracker.log({"n": 2})
except FileNotFoundError as error:
    print(str(error).partition(" while")[0].rpartition("/")[2])
tracker.close()
tracker = Tracker(sys.argv[1], track_id="again")
"""


def test_a_second_copy_of_sqlite_in_the_process_loses_committed_rows_without_a_word(run, db):
    """Nobody raises. Once the tracker logged 2, no other process sees it; in the end 3, of another process, is gone."""
    pytest.importorskip("apsw")

    assert run(SCRIPT, db, "second_copy", "unwatched") == "[0, 1]\n[0, 1, 2, 4]\n"


def test_a_tracker_notices_that_its_log_was_taken_away(run, db):
    """Which is what the lost locks lead to: another process has moved the log into the file, and removed it."""
    pytest.importorskip("apsw")
    script = SCRIPT.replace('tracker.log({"n": 2})', REFUSED)

    assert run(script, db, "second_copy", "watched") == "track.db-wal was removed\n[0, 1]\n[0, 1, 3, 4]\n"


def test_the_duckdb_engine_beside_a_sqlite_tracker_loses_nothing(run, db):
    assert run(SCRIPT, db, "duckdb_engine", "watched") == "[0, 1, 2]\n[0, 1, 2, 3, 4]\n"
