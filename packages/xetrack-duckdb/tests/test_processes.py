"""Writers elsewhere, forks, threads, kills: DuckDB never says less than was committed, nor anything else."""

import gc
import os
import signal
import threading
import weakref

import pytest

from xetrack import Reader, Tracker
from xetrack.sqlite import run_aside
from xetrack_duckdb import mirror

pytestmark = pytest.mark.soak

WRITE = """
tracker = Tracker(sys.argv[1], engine=sys.argv[2], track_id=sys.argv[3])
for number in range(int(sys.argv[4])):
    tracker.log({"n": number, f"k{number % 50}": number})
    if number == 0:
        print("begun", flush=True)
"""

COUNT = """
with Reader(sys.argv[1]) as reader:
    print(len(reader), sum(row["n"] for row in reader))
"""


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_while_others_write_counts_only_grow_and_in_the_end_all_agree(db, start, run, check, engine):
    with Tracker(db, engine="duckdb", track_id="mine") as tracker, Tracker(db, track_id="beside") as beside:
        tracker.log({"n": 0})
        counts, mine = [*tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()], 1  # DuckDB is imported
        writers = [start(WRITE, db, engine, f"run{number}", 4000) for number in range(2)]
        for writer in writers:
            assert writer.stdout.readline() == "begun\n"
        while any(writer.poll() is None for writer in writers):
            tracker.log({"n": 0})
            beside.log({"n": 0})
            mine += 2
            counts += tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()
            assert counts[-1] >= mine
        assert [writer.wait() for writer in writers] == [0, 0]

        assert len(counts) > 2  # or nothing was counted while others wrote
        assert counts == sorted(counts)
        rows, total = tracker.conn.execute("SELECT count(*), sum(n)::BIGINT FROM db.events").fetchone()
        assert rows == 8000 + mine
        check(tracker)
        assert run(COUNT, db) == f"{rows} {total}\n"


def test_a_writer_killed_at_work_leaves_what_it_committed(db, start, check):
    process = start(WRITE, db, "duckdb", "killed", 10**9)
    assert process.stdout.readline() == "begun\n"
    with Tracker(db, engine="duckdb") as tracker:
        while tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()[0] < 500:
            pass
        process.kill()
        assert process.wait() == -signal.SIGKILL
        tracker.log({"n": -1})
        check(tracker)
        assert (
            tracker.conn.execute(
                "SELECT count(DISTINCT n), max(n) FROM db.events WHERE track_id = 'killed'"
            ).fetchone()[0]
            >= 500
        )


KILLED_READING = """
with Reader(sys.argv[1], engine="duckdb") as reader:
    for _ in range(10**9):
        reader.conn.execute("SELECT count(*) FROM db.events").fetchall()
        os.write(1, b".")
"""


def test_a_reader_killed_at_work_harms_nobody(db, start, check):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 0})
        process = start(KILLED_READING, db)
        assert process.stdout.read(1) == "."
        for number in range(200):
            tracker.log({"n": number})
        process.kill()
        assert process.wait() == -signal.SIGKILL
        tracker.log({"n": 200})
        check(tracker)
        assert len(tracker) == 202


FORK = """
import gc
tracker = Tracker(sys.argv[1], engine="duckdb", track_id="forked")
tracker.log({"n": 0})
conn = tracker.conn
assert conn.execute("SELECT count(*) FROM db.events").fetchone() == (1,)
for _ in range(3):
    child = os.fork()
    if not child:
        try:
            conn.execute("SELECT 1")
        except Exception as error:
            assert type(error).__name__ == "ClosedError", error
        else:
            os._exit(3)
        tracker.log({"n": 1})
        count = tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()[0]
        gc.collect()
        print("child", count, flush=True)
        sys.exit(0)  # an end like any other: what was the parent's is not ended here
    assert os.waitpid(child, 0)[1] == 0
    print("parent", conn.execute("SELECT count(*) FROM db.events").fetchone()[0], flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_has_a_connection_of_its_own(db, run):
    out = run("import warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\n" + FORK, db)

    assert out.splitlines() == [f"{who} {count}" for count in (2, 3, 4) for who in ("child", "parent")]
    with Reader(db, engine="duckdb") as reader:
        assert reader.conn.execute("SELECT count(*) FROM db.events").fetchone() == (4,)


def test_a_fork_waits_for_a_copy_under_way(db, run):
    out = run(
        """
        import warnings
        from xetrack.sqlite import run_aside
        from xetrack_duckdb import mirror

        warnings.simplefilter("ignore", DeprecationWarning)
        copying, asked = threading.Event(), []

        class Noted:  # the copy asks from time to time whether it shall stop
            def is_set(self):
                asked.append(1)
                copying.set()

        mirror.run_aside = lambda work: run_aside(lambda stop: work(Noted()))
        with Tracker(sys.argv[1], engine="duckdb") as tracker:
            tracker.log_batch([{"n": number} for number in range(200_000)])
            thread = threading.Thread(target=lambda: tracker.conn.execute("SELECT count(*) FROM db.events"))
            thread.start()
            copying.wait()
            for _ in range(5):
                child = os.fork()
                if not child:
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            thread.join()
            assert len(asked) > 9  # it had most of its way to go when the first fork came
            print(tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()[0])
        """,
        db,
    )
    assert out == "200000\n"


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
def test_an_interrupt_ends_a_copy_and_nothing_else(db, monkeypatch, check):
    class AlarmError(Exception):
        pass

    def interrupt(*_):
        raise AlarmError

    asked = []

    class Interrupting:
        """Whether the copy shall stop; sends a signal when asked for the second time, in the middle of it."""

        def __init__(self, stop):
            self.stop = stop

        def is_set(self):
            asked.append(1)
            if len(asked) == 2:
                os.kill(os.getpid(), signal.SIGUSR1)
                assert self.stop.wait(60)
            return self.stop.is_set()

    with Tracker(db, engine="duckdb") as tracker:
        tracker.log_batch([{"n": number} for number in range(300_000)])
        assert tracker.conn.is_usable  # opened, for the copy alone to be interrupted
        before = signal.signal(signal.SIGUSR1, interrupt)
        try:
            monkeypatch.setattr(mirror, "run_aside", lambda work: run_aside(lambda stop: work(Interrupting(stop))))
            with pytest.raises(AlarmError):
                tracker.conn.execute("SELECT count(*) FROM db.events")
        finally:
            monkeypatch.undo()
            signal.signal(signal.SIGUSR1, before)
        check(tracker)
    assert len(asked) == 2


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), TimeoutError("mine")])
def test_an_interrupt_of_a_query_is_an_interrupt(db, raised):
    """DuckDB looks for signals now and then, in some queries never: so a function raises here what it raises then."""

    def interrupted():
        raise RuntimeError("Query interrupted") from (None if isinstance(raised, KeyboardInterrupt) else raised)

    def failing():
        raise RuntimeError("something else")

    with Tracker(db, engine="duckdb") as tracker:
        with pytest.raises(type(raised)):
            tracker.conn._call({}, {}, interrupted)
        with pytest.raises(RuntimeError, match="something else"):
            tracker.conn._call({}, {}, failing)
        assert tracker.conn.execute("SELECT 1").fetchone() == (1,)


def test_threads_log_and_query_through_one_tracker(db, check):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 0})
        failures = []

        def work(number):
            try:
                with tracker.conn.cursor() as cursor:
                    last = 0
                    for step in range(20):
                        tracker.log({"n": step, f"k{number}_{step}": step})
                        (count,) = cursor.execute("SELECT count(*) FROM db.events").fetchone()
                        assert count > last
                        last = count
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert len(tracker) == 81
        check(tracker)


def test_trackers_of_both_engines_and_readers_share_a_file_in_one_process(db, run, check):
    trackers = [
        Tracker(db, engine=engine, track_id=f"{engine}{number}")
        for engine in ("sqlite", "duckdb")
        for number in range(2)
    ]
    for number in range(50):
        for tracker in trackers:
            tracker.log({"n": number})
        with Reader(db, engine="duckdb") as reader:
            assert reader.conn.execute("SELECT count(*) FROM db.events").fetchone() == (4 * (number + 1),)
    for tracker in trackers:
        tracker.close()

    assert run(COUNT, db) == f"200 {4 * sum(range(50))}\n"
    with Reader(db, engine="duckdb") as reader:
        check(reader)


def test_the_connection_of_a_forgotten_reader_goes_on_until_it_is_let_go(db):
    Tracker(db).log({"n": 1})
    reader = Reader(db, engine="duckdb")
    conn = reader.conn
    assert conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]
    database = weakref.ref(reader.engine.database)
    del reader
    gc.collect()

    assert conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]
    del conn
    gc.collect()
    assert database() is None


def test_logging_does_not_wait_for_a_copy(db):
    """The copy is held up in its middle: a row is logged all the same."""
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log_batch([{"n": number} for number in range(10)])
        _ = tracker.conn
        source = tracker.engine._mirror._source
        inside, go_on = threading.Event(), threading.Event()
        original = source.chunks

        def chunks(*arguments):
            inside.set()
            assert go_on.wait(300)
            return original(*arguments)

        source.chunks = chunks
        found = []
        thread = threading.Thread(
            target=lambda: found.extend(tracker.conn.execute("SELECT count(*) FROM db.events").fetchone())
        )
        thread.start()
        assert inside.wait(300)
        tracker.log({"n": 10})
        assert len(tracker) == 11
        go_on.set()
        thread.join()

        assert found == [10]
        assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (11,)


def test_a_handler_of_signals_may_close_what_is_being_opened(db, monkeypatch):
    """It waited for ever for the very call that it had come into the middle of."""
    from xetrack.errors import ClosedError
    from xetrack_duckdb.mirror import Mirror

    tracker = Tracker(db, engine="duckdb")
    tracker.log({"x": 1})
    begin = Mirror.__init__

    def interrupted(mirror, *arguments):
        tracker.close()
        begin(mirror, *arguments)

    monkeypatch.setattr(Mirror, "__init__", interrupted)
    with pytest.raises(ClosedError):
        _ = tracker.conn
    with Reader(db) as reader:
        assert [run["status"] for run in reader.list_runs()] == ["finished"]
