"""Processes and threads that share one file: no row is lost, merged, or seen in part."""

import multiprocessing
import pickle
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import DatabaseNotFoundError, OptionError
from xetrack.plugin import Clock
from xetrack_testing import PATIENCE

pytestmark = pytest.mark.soak

FROZEN = 1_767_323_045_000_000_000  # nanoseconds since 1970

RACE = """
me = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with Tracker(sys.argv[1], params={"who": me}) as tracker:
    for number in range(1000):
        tracker.log({"n": number, f"k{number // 20}": number if me % 2 else str(number), "same": number})
"""

CREATE_MANY = """
from pathlib import Path
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    with Tracker(Path(sys.argv[1]) / f"{number}.db") as tracker:
        tracker.log({f"k{sys.argv[2]}": 1, "n": 1})
"""

SHARED_RUN = """
from xetrack.plugin import Clock
print("ready", flush=True)
sys.stdin.readline()
with Tracker(sys.argv[1], track_id="shared") as tracker:
    tracker._run._clock = Clock(lambda: 1_767_323_045_000_000_000)
    for number in range(300):
        tracker.log({"who": int(sys.argv[2]), "n": number})
    tracker._run._clock = Clock(lambda: 1_767_323_045_000_000_000)
    tracker.log_batch([{"who": int(sys.argv[2]), "n": number} for number in range(300, 600)])
"""

FORK = """
tracker = Tracker(sys.argv[1], track_id="run")
tracker.log({"who": "parent"})
(logged, tell_parent), (closed, tell_child) = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    tracker.log({"who": "child"})
    os.write(tell_parent, b".")
    os.read(closed, 1)  # until the parent is done
    for number in range(100):
        tracker.log({"who": "child", "n": number})
    tracker.close()
    os._exit(0)
os.read(logged, 1)
tracker.log({"who": "parent"})
tracker.close()
os.write(tell_child, b".")
with Tracker(sys.argv[1], track_id="run") as second:
    for number in range(100):
        second.log({"who": "parent", "m": number})
sys.exit(os.waitpid(child, 0)[1])
"""

FORK_AMID_THREADS = """
tracker = Tracker(sys.argv[1], track_id="run")
stop, counts = threading.Event(), [0, 0]

def log(thread):
    while not stop.is_set():
        tracker.log({"who": f"thread-{thread}"})
        counts[thread] += 1

threads = [threading.Thread(target=log, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
statuses = []
for number in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs is killed
        for each in range(5):
            tracker.log({"who": "child"})
        os._exit(0)
    statuses.append(os.waitpid(child, 0)[1])
    if statuses[-1]:
        break
stop.set()
for thread in threads:
    thread.join()
tracker.close()
print(sum(counts), statuses)
"""

needs_fork = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no fork here")


def together(processes) -> None:
    """Let all go once all are ready."""
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


def whole(db) -> int:
    """Poll the file once: the number of rows, each of them whole."""
    with suppress(DatabaseNotFoundError), Reader(db) as reader:
        columns = reader.engine.read("events", tail=100)
        assert None not in columns.get("same", [])
        assert columns.get("n") == columns.get("same")
        return len(reader)
    return 0


def test_8_processes_create_one_file_with_racing_columns_while_it_is_read(db, start, finish, integrity):
    processes = [start(RACE, db, number) for number in range(8)]
    together(processes)
    seen = [0]
    while any(process.poll() is None for process in processes):
        seen.append(whole(db))
    for process in processes:
        finish(process)
    assert seen == sorted(seen)
    with Reader(db) as reader:
        frame = reader.to_df()
        assert len(frame) == 8000
        assert frame.groupby("who")["n"].apply(list).tolist() == [list(range(1000))] * 8
        first = frame[frame["n"] == 3]
        assert set(map(type, first["k0"])) == {int, str}
        assert sorted(reader.runs()["status"]) == ["finished"] * 8
        assert list(reader.runs()["rows"]) == [1000] * 8
    assert integrity(db) == "ok"


def test_4_processes_create_many_files_at_once(tmp_path, start, finish):
    processes = [start(CREATE_MANY, tmp_path, number) for number in range(4)]
    together(processes)
    for process in processes:
        finish(process)
    for number in range(40):
        with Reader(tmp_path / f"{number}.db") as reader:
            assert list(reader["n"]) == [1] * 4


def test_two_processes_share_one_run_and_one_frozen_clock(db, start, finish):
    processes = [start(SHARED_RUN, db, number) for number in range(2)]
    together(processes)
    for process in processes:
        finish(process)
    with Reader(db) as reader:
        frame = reader.to_df("shared")
        assert len(frame) == 1200
        assert frame["timestamp"].is_unique
        assert frame.groupby("who")["n"].apply(list).tolist() == [list(range(600))] * 2
        assert list(reader.runs()["rows"]) == [1200]


def test_8_threads_share_one_tracker(db):
    barrier, failures = threading.Barrier(8), []

    def log(thread: int) -> None:
        try:
            barrier.wait()
            for number in range(200):
                tracker.log({"thread": thread, "n": number, f"k{number % 7}-{thread}": number})
        except Exception as error:
            failures.append(error)

    with Tracker(db) as tracker:
        threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        frame = tracker.to_df()
    assert len(frame) == 1600
    assert frame.groupby("thread")["n"].apply(list).tolist() == [list(range(200))] * 8
    with Reader(db) as reader:
        assert list(reader.runs()["rows"]) == [1600]


@needs_fork
def test_a_forked_child_goes_on_logging_after_the_parent_closed(db, start, finish, integrity):
    finish(start(FORK, db))
    with Reader(db) as reader:
        frame = reader.to_df("run")
        assert frame["who"].value_counts().to_dict() == {"child": 101, "parent": 102}
        assert list(frame["n"].dropna()) == list(frame["m"].dropna()) == list(range(100))
        assert list(reader.runs()["rows"]) == [203]
    assert integrity(db) == "ok"


@needs_fork
def test_a_fork_amid_logging_threads_loses_nothing_and_hangs_nowhere(db, start, finish, integrity):
    counted, _, statuses = finish(start(FORK_AMID_THREADS, db)).partition(" ")
    assert statuses.strip() == str([0] * 20)
    with Reader(db) as reader:
        counts = reader.to_df()["who"].value_counts().to_dict()
    assert counts.pop("child") == 100
    assert sum(counts.values()) == int(counted)
    assert len(counts) == 2  # both threads logged
    assert integrity(db) == "ok"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_tracker_sent_to_a_worker_logs_to_the_same_run(db, method):
    with Tracker(db, params={"p": 1}) as tracker:
        tracker.log({"n": 0})
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            row = pool.submit(Tracker.log, tracker, {"n": 1}).result(timeout=PATIENCE)
        tracker.log({"n": 2})
        assert (row["track_id"], row["p"]) == (tracker.track_id, 1)
        assert [row["n"] for row in tracker] == [0, 1, 2]
    with Reader(db) as reader:
        assert (list(reader.runs()["status"]), list(reader.runs()["rows"])) == (["finished"], [3])


def test_a_tracker_that_logged_nothing_yet_can_be_sent_too(db):
    with Tracker(db) as tracker:
        with pickle.loads(pickle.dumps(tracker)) as copy:  # noqa: S301 - made right here
            copy.log({"n": 1})
        assert [row["n"] for row in tracker] == [1]


def test_a_tracker_in_memory_says_that_it_cannot_be_sent():
    with Tracker(Tracker.IN_MEMORY) as tracker, pytest.raises(OptionError, match=r"only in this process.*file"):
        pickle.dumps(tracker)


def test_a_batch_of_100_000_rows_in_one_microsecond_is_all_there(db):
    for _ in range(2):  # the second time every microsecond is taken
        with Tracker(db, track_id="run") as tracker:
            tracker._run._clock = Clock(lambda: FROZEN)
            tracker.log_batch([{"n": number} for number in range(100_000)])
    with Reader(db) as reader:
        frame = reader.to_df()
        assert frame["timestamp"].is_unique
        assert list(frame["n"]) == [*range(100_000)] * 2


OPEN_AGAIN = """
import subprocess
LOG = "import sys; from xetrack import Tracker; Tracker(sys.argv[1]).log({'n': int(sys.argv[2])})"

def elsewhere(number):
    subprocess.run([sys.executable, "-c", LOG, sys.argv[1], str(number)], check=True)

tracker = Tracker(sys.argv[1])
tracker.log({"n": 0})
with {kind}(sys.argv[1]) as another:
    len(another)
elsewhere(1)
tracker.log({"n": 2})
elsewhere(3)
tracker.log({"n": 4})
tracker.close()
"""


@pytest.mark.parametrize("kind", ["Tracker", "Reader"])
def test_opening_the_file_again_in_the_process_takes_no_lock_from_those_that_have_it_open(db, start, finish, kind):
    # whoever closes any handle of a file loses all locks of the process on it: then other processes, which believe
    # that they are alone, remove the write-ahead log that rows are still written to
    finish(start(OPEN_AGAIN.replace("{kind}", kind), db))

    assert [row["n"] for row in Reader(db)] == [0, 1, 2, 3, 4]
