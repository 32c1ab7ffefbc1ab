"""`backup`: the whole database in another file, as of one moment, whoever is writing."""

import os
import shutil
import signal
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from xetrack import Reader, Tracker, XetrackError
from xetrack.errors import (
    ClosedError,
    DatabaseError,
    DatabaseNotFoundError,
    DatabaseReadOnlyError,
    NotADatabaseError,
    OptionError,
)
from xetrack_testing import Processes

ROWS = 1100

WRITER = """
import sys
from xetrack import Tracker
tracker = Tracker(sys.argv[1], track_id="writer")
number = 0
while True:
    tracker.log_batch([{"n": number, "half": 0}, {"n": number, "half": 1}])
    tracker.log({"n": number, "half": 2, "text": "x" * 500})
    if number == 100:
        print("busy", flush=True)
    number += 1
"""


@pytest.fixture
def processes():
    with Processes() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "source.db"
    with Tracker(path, {"model": "m"}, track_id="run") as tracker:
        tracker.log_batch([{"n": number, "text": "x" * 3000} for number in range(ROWS)])  # more than one step of pages
    with Tracker(path, track_id="run", table="other") as tracker:
        tracker.log({"n": 1})
    return path


@pytest.fixture
def db(made, tmp_path):
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def target(tmp_path):
    return tmp_path / "made" / "for it" / "backup.db"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def numbers(path):
    with Reader(path) as reader:
        assert reader.conn.execute("PRAGMA db.integrity_check").fetchall() == [("ok",)]
        return [row["n"] for row in reader]


def test_a_backup_is_the_database_page_for_page(db, target):
    Reader(db).backup(target)

    assert target.read_bytes()[100:] == db.read_bytes()[100:]  # before, counters of SQLite's own
    assert names(target.parent) == ["backup.db"]
    assert names(db.parent) == ["made", "source.db"]
    with Reader(target) as copied, Reader(db) as original:
        assert copied.list_runs() == original.list_runs()
        assert copied.engine.tables() == ["events", "other"]


def test_the_order_of_insertion_is_kept_when_there_were_deletions(db, target):
    with Tracker(db, track_id="later") as tracker:
        tracker.log({"n": -1})
    with Reader(db) as reader:
        reader.delete_run("run")
    with Tracker(db, track_id="a run before it by name") as tracker:
        tracker.log({"n": -2})

    Reader(db).backup(target)

    rowids = "SELECT _rowid_, n FROM db.events ORDER BY _rowid_"
    with Reader(target) as copied, Reader(db) as original:
        assert copied.conn.execute(rowids).fetchall() == original.conn.execute(rowids).fetchall()
    assert numbers(target) == [-1, -2]


def test_a_backup_beside_a_busy_writer_ends_and_is_of_one_moment(db, target, processes):
    writer = processes.start(WRITER, db)
    writer.stdout.readline()
    with Reader(db) as reader:
        before = len(reader)
        reader.backup(target)
        after = len(reader)
    assert writer.poll() is None
    found = numbers(target)
    assert before <= len(found) <= after
    assert found[:ROWS] == list(range(ROWS))
    logged = found[ROWS:]
    assert len(logged) % 3 in {0, 2}  # a batch is there, or it is not
    assert logged == sorted(logged) == [number // 3 for number in range(len(logged))]


def test_a_writer_commits_between_two_steps_and_the_backup_is_none_the_wiser(db, target):
    seen = []

    def progress(done, total):
        seen.append((done, total))
        tracker.log({"n": len(seen)})

    with Tracker(db) as tracker:
        tracker.backup(target, progress=progress)
        assert len(tracker) == len(seen) > 1
    assert numbers(target) == list(range(ROWS))
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)


def test_what_is_not_committed_yet_is_not_in_it(db, target):
    with Tracker(db) as tracker, tracker.engine.transaction():
        tracker.log({"n": -1})
        tracker.backup(target)
    assert numbers(target) == list(range(ROWS))
    assert len(Reader(db)) == ROWS + 1


def test_rows_that_are_in_the_log_alone_are_in_it(db, target):
    with Tracker(db) as tracker:
        tracker.log({"n": -1})
        assert db.with_name("source.db-wal").stat().st_size
        tracker.backup(target)
    assert numbers(target) == [*range(ROWS), -1]


def test_a_tracker_in_memory_is_kept_in_a_file(target):
    with Tracker(Tracker.IN_MEMORY, {"model": "m"}, track_id="run") as tracker:
        tracker.log_batch([{"n": number} for number in range(100)])
        tracker.backup(target)
        tracker.log({"n": 100})
    assert numbers(target) == list(range(100))
    with Tracker(target, track_id="run") as tracker:
        tracker.log({"n": "on"})
        assert len(tracker) == 101


def test_a_tracker_in_memory_without_a_row_is_an_empty_database(target):
    with Tracker(Tracker.IN_MEMORY) as tracker:
        tracker.backup(target)
    assert numbers(target) == []
    with Tracker(target) as tracker:
        tracker.log({"n": 1})
        assert len(tracker) == 1


def test_a_database_in_memory_is_not_kept_in_the_middle_of_a_transaction(target):
    with Tracker(Tracker.IN_MEMORY) as tracker:
        tracker.log({"n": 1})
        with tracker.engine.transaction():
            tracker.log({"n": 2})
            with pytest.raises(DatabaseError, match="transaction"):
                tracker.backup(target)
        assert names(target.parent) == []
        tracker.backup(target)
    assert numbers(target) == [1, 2]


def test_a_file_that_is_there_is_not_replaced(db, target):
    Reader(db).backup(target)
    before = target.read_bytes()
    with pytest.raises(DatabaseError, match=r"is there already.*overwrite=True"):
        Reader(db).backup(target)
    assert target.read_bytes() == before
    assert names(target.parent) == ["backup.db"]


def test_a_file_that_is_there_is_replaced_when_asked_to(db, target):
    with Tracker(target) as tracker:
        tracker.log({"n": "old"})
    Reader(db).backup(target, overwrite=True)
    assert numbers(target) == list(range(ROWS))
    assert names(target.parent) == ["backup.db"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_killed_writers_log_is_not_left_to_the_new_file(db, target, processes, mode):
    script = """
    import os, sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
    connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE half AS SELECT 1 AS x")
    for _ in range(500):
        connection.execute("INSERT INTO half VALUES (zeroblob(9000))")
    print(os.listdir(os.path.dirname(sys.argv[1])), flush=True)
    os._exit(0)
    """
    target.parent.mkdir(parents=True)
    assert processes.run(script, target, mode).count("backup.db") == (3 if mode == "wal" else 2)
    Reader(db).backup(target, overwrite=True)
    assert names(target.parent) == ["backup.db"]
    assert numbers(target) == list(range(ROWS))


def test_a_database_that_somebody_has_open_is_not_replaced(db, target):
    with Tracker(target) as tracker:
        tracker.log({"n": "old"})
        tracker.flush()
        with pytest.raises(DatabaseError, match="is in use"):
            Reader(db).backup(target, overwrite=True)
        tracker.log({"n": "new"})
    assert numbers(target) == ["old", "new"]
    assert names(target.parent) == ["backup.db"]


def test_a_database_in_rollback_mode_that_somebody_writes_is_not_replaced(db, target):
    target.parent.mkdir(parents=True)
    with closing(sqlite3.connect(target, isolation_level=None)) as other:
        other.execute("CREATE TABLE mine (x)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="is in use"):
            Reader(db).backup(target, overwrite=True)
    assert names(target.parent) == ["backup.db"]


def test_only_a_database_is_replaced(db, target):
    target.parent.mkdir(parents=True)
    for text in ("short", "a long text\n" * 100):
        target.write_text(text)
        with pytest.raises(NotADatabaseError):
            Reader(db).backup(target, overwrite=True)
        assert target.read_text() == text
    assert names(target.parent) == ["backup.db"]


def test_a_file_that_comes_into_being_meanwhile_is_not_replaced(db, target):
    with pytest.raises(DatabaseError, match="is there already"):
        Reader(db).backup(target, progress=lambda _, __: target.write_bytes(b"x" * 600))
    assert target.read_bytes() == b"x" * 600
    assert names(target.parent) == ["backup.db"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_database_itself_is_refused_by_whatever_name(db, overwrite, monkeypatch):
    monkeypatch.chdir(db.parent)
    other = db.with_name("link.db")
    other.symlink_to(db)
    with Reader(db) as reader:
        for name in (db, "source.db", other, f"{db.parent}/./source.db"):
            with pytest.raises(XetrackError, match="is the database itself"):
                reader.backup(name, overwrite=overwrite)
    assert numbers(db) == list(range(ROWS))


@pytest.mark.parametrize("path", [":memory:", "s3://bucket/backup.db", "SKIP_INSERT"])
def test_a_backup_is_a_file(db, path):
    with pytest.raises(OptionError, match="is not the path of a file"):
        Reader(db).backup(path)


def test_places_that_cannot_be_written_are_told(db, tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(NotADatabaseError, match="not a folder"):
        Reader(db).backup(tmp_path / "file" / "backup.db")
    with pytest.raises(NotADatabaseError, match="is a folder"):
        Reader(db).backup(tmp_path, overwrite=True)
    if sys.platform == "linux":
        with pytest.raises(DatabaseReadOnlyError, match="/proc"):
            Reader(db).backup("/proc/backup.db")


def test_there_must_be_a_database(db, target):
    with pytest.raises(OptionError, match=r"xetrack\.copy"):
        Tracker(Tracker.SKIP_INSERT).backup(target)
    with pytest.raises(DatabaseNotFoundError):
        Tracker(db.with_name("new.db")).backup(target)
    reader, tracker = Reader(db), Tracker(db)
    for closed in (reader, tracker):
        closed.close()
        with pytest.raises(ClosedError):
            closed.backup(target)
    assert not target.exists()


def test_a_backup_has_the_mode_of_any_database(db, target):
    Reader(db).backup(target)
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(db.stat().st_mode)


def test_a_database_that_is_not_in_wal_mode_is_backed_up_as_it_is(tmp_path, target):
    db = tmp_path / "old.db"
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            "CREATE TABLE 'default' (timestamp TEXT, track_id TEXT, n, PRIMARY KEY (track_id, timestamp))"
        )
        connection.execute("INSERT INTO 'default' VALUES ('2024-01-01 00:00:00.000000', 'run', 1)")
        connection.commit()
    before = db.read_bytes()
    Reader(db).backup(target)
    assert target.read_bytes()[100:] == before[100:]
    assert db.read_bytes() == before
    assert numbers(target) == [1]


def test_a_failing_progress_ends_it_and_leaves_nothing(db, target):
    def fail(done, total):
        raise ZeroDivisionError

    with Reader(db) as reader:
        with pytest.raises(ZeroDivisionError):
            reader.backup(target, progress=fail)
        assert names(target.parent) == []
        reader.backup(target)
    assert numbers(target) == list(range(ROWS))


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_ends_it_and_leaves_nothing(db, target):
    with Reader(db) as reader, pytest.raises(KeyboardInterrupt):
        reader.backup(target, progress=lambda _, __: os.kill(os.getpid(), signal.SIGINT))
    assert names(target.parent) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal there")
def test_a_killed_backup_leaves_no_database(db, target, processes):
    script = """
    import os, signal, sys
    from xetrack import Reader
    Reader(sys.argv[1]).backup(sys.argv[2], progress=lambda _, __: os.kill(os.getpid(), signal.SIGKILL))
    """
    process = processes.start(script, db, target)
    assert process.wait(300) == -signal.SIGKILL
    (left,) = names(target.parent)
    assert left.startswith(".backup.db.")
    assert left.endswith(".part")
    Reader(db).backup(target)
    assert numbers(target) == list(range(ROWS))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_waits_for_the_backup(db, target, processes):
    """A child that opens the file beside a connection that it inherited would believe that it holds its locks."""
    script = """
    import os, sys, threading
    from xetrack import Tracker
    inside, forked, early = threading.Event(), threading.Event(), []

    def progress(done, total):
        inside.set()
        early.append(forked.wait(0.2))

    tracker = Tracker(sys.argv[1], track_id="parent", warnings=False)
    tracker.log({"n": -1})
    thread = threading.Thread(target=tracker.backup, args=sys.argv[2:], kwargs={"progress": progress})
    thread.start()
    inside.wait()
    child = os.fork()
    forked.set()
    if not child:
        tracker.log({"n": -2})
        tracker.close()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    thread.join()
    tracker.log({"n": -3})
    print(status, any(early), len(early) > 1)
    """
    assert processes.run(script, db, target, PYTHONWARNINGS="ignore") == "0 False True\n"
    assert numbers(target) == [*range(ROWS), -1]
    assert numbers(db)[ROWS:] == [-1, -2, -3]


@pytest.mark.skipif(os.name == "nt", reason="there are no resource limits here")
def test_a_full_disk_is_told_and_leaves_nothing(db, target, processes):
    script = """
    import resource, sys
    from xetrack import Reader
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        Reader(sys.argv[1]).backup(sys.argv[2])
    except Exception as error:
        print(type(error).__name__, error)
    """
    told = processes.run(script, db, target)
    assert told.startswith("DatabaseError")
    assert f"{target}, a backup of {db}" in told
    assert names(target.parent) == []
