"""How processes end, and what they leave behind."""

import json

from xetrack import Reader

DAEMONS = """
import threading
tracker = Tracker("track.db", jsonl="a.jsonl", logs_path="logs", cache="cache")
ready = threading.Barrier(4)

def go_on(name):
    for number in range(10**9):
        tracker.log({"name": name, "n": number})
        if number == 20:
            ready.wait()
        acknowledged[name] = number

acknowledged = {}
for name in range(3):
    threading.Thread(target=go_on, args=(name,), daemon=True).start()
ready.wait()
os.write(1, json.dumps(acknowledged).encode())
"""

AT_ONCE = """
tracker = Tracker("track.db", jsonl="a.jsonl")
for number in range(9):
    tracker.log({"n": number})
os._exit(0)
"""

IN_ORDER = """
import atexit, threading

def late():
    try:
        tracker.log({"n": 9})
    except xetrack.errors.ClosedError:
        print("closed")

atexit.register(late)  # before the tracker: whether that is closed by then depends on who used weakref.finalize first
tracker = Tracker("track.db", jsonl="a.jsonl")
atexit.register(lambda: tracker.log({"n": 1}))

def leave():
    tracker.log({"n": 0})
    tracker.track(sys.exit, 4)

thread = threading.Thread(target=leave)
thread.start()
thread.join()
"""

OPEN_AND_CLOSE = """
import gc, resource, threading
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))

def use(number):
    options = {"jsonl": "a.jsonl", "logs_path": "logs", "cache": "cache"}
    with Tracker("track.db", **options) as tracker:
        tracker.log({"n": number, "thing": Thing(9)})
        tracker.track(work, number)
        tracker.conn.execute("SELECT * FROM db.events").fetchone()
    with Reader("track.db") as reader:
        reader.conn.execute("SELECT * FROM db.events").fetchone()
    forgotten = Tracker("track.db", **options), Reader("track.db")
    forgotten[0].log({"n": number})
    forgotten[1].conn.execute("SELECT * FROM db.events").fetchone()

def open_files():
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()

use(0)
before = open_files()
for number in range(8):
    use(number)
assert open_files() == before, (before, open_files())
"""

TOO_MANY = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
trackers = []
try:
    for number in range(40):
        trackers.append(Tracker("track.db"))
        trackers[-1].log({"n": 0})
except DatabaseError as error:
    assert "ulimit -n" in str(error), error
else:
    raise AssertionError("there is no limit")
for tracker in trackers[:-1]:
    tracker.log({"n": 1})
    tracker.close()
print(len(trackers) - 1)
"""


def rows(folder):
    with Reader(folder / "track.db") as reader:
        return reader.to_dicts()


def lines(folder):
    return [json.loads(line) for line in (folder / "a.jsonl").read_text(encoding="utf-8").splitlines()]


def test_daemon_threads_that_log_at_the_end_lose_nothing(python, tmp_path):
    acknowledged = json.loads(python(DAEMONS))
    assert sorted(acknowledged) == ["0", "1", "2"]
    for name, last in acknowledged.items():
        mine = [row["n"] for row in rows(tmp_path) if row["name"] == int(name)]
        assert mine == list(range(len(mine)))
        assert len(mine) > last
    stored = [(row["name"], row["n"]) for row in rows(tmp_path)]
    assert stored[: len(lines(tmp_path))] == [(line["name"], line["n"]) for line in lines(tmp_path)]
    assert len(lines(tmp_path)) >= len(stored) - 1  # the last one may be on its way


def test_what_was_acknowledged_before_an_exit_at_once_is_there(python, tmp_path):
    python(AT_ONCE)
    assert [row["n"] for row in rows(tmp_path)] == [line["n"] for line in lines(tmp_path)] == list(range(9))
    with Reader(tmp_path / "track.db") as reader:
        assert [run["status"] for run in reader.list_runs()] == ["crashed"]  # or it would have been closed after all


def test_what_is_logged_at_exit_is_kept_or_refused(python, tmp_path):
    refused = python(IN_ORDER) == "closed\n"
    first, left, second, *late = rows(tmp_path)
    assert (first["n"], left["error"], second["n"]) == (0, "SystemExit: 4", 1)
    assert [row["n"] for row in late] == ([] if refused else [9])
    assert len(lines(tmp_path)) == 3 + len(late)
    with Reader(tmp_path / "track.db") as reader:
        assert [run["status"] for run in reader.list_runs()] == ["finished"]


def test_trackers_and_readers_that_come_and_go_leave_no_file_open(python):
    python(OPEN_AND_CLOSE)


def test_too_many_open_files_are_an_error_that_says_so_and_harm_no_other(python, tmp_path):
    opened = int(python(TOO_MANY))
    assert opened > 3
    assert [row["n"] for row in rows(tmp_path)].count(1) == opened
