"""Engines with one fault each: readers, processes, forks, kills, locks, lost connections and names."""

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from proving import broken
from right_process_engine import ByScheme, Engine, Options, Right

from xetrack.errors import DatabaseError, DatabaseLockedError
from xetrack.sqlite import SqliteEngine


class TestRight(Right):
    pass


class TestRightByScheme(ByScheme):
    pass


# Readers


@broken(
    Right,
    "test_a_reader_of_a_missing_store_raises_not_found_error",
    "test_a_reader_of_a_missing_store_fails",
    "test_a_reader_refuses_to_write",
)
class ReaderThatWrites(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db, options)
        if read_only:
            self.set_metadata({"read": "1"})


@broken(Right, "test_a_reader_leaves_no_file")
class ReaderLeavesAFile(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db, options, read_only=read_only)
        if read_only:
            Path(f"{db}.readers").write_text(str(os.getpid()))


@broken(Right, "test_a_reader_follows_a_writer")
class ReaderOfACopy(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        if read_only:
            shutil.copy(db, f"{db}.copy")
            shutil.copy(f"{db}-wal", f"{db}.copy-wal")
        super().__init__(f"{db}.copy" if read_only else db, options, read_only=read_only)


@broken(Right, "test_a_reader_reads_what_is_stored")
class ReaderSeesNothing(Engine):
    def read(self, table, **chosen):
        return {} if self.read_only else super().read(table, **chosen)


# Processes


@broken(Right, "test_processes_that_race_for_columns_lose_nothing")
class LosesRacesForColumns(Engine):
    """Drops the keys whose column another process added meanwhile."""

    def append(self, table, rows):
        known = set(self.columns(table))
        self.mine = {"timestamp", "track_id", "n", *getattr(self, "mine", ())}
        self.mine |= {key for row in rows for key in row if key not in known}
        super().append(table, [{key: row[key] for key in row if key in self.mine} for row in rows])


@broken(Right, "test_processes_that_log_the_same_times_lose_nothing")
class IgnoresClashes(Engine):
    def append(self, table, rows):
        self.merge(table, rows)


@broken(Right, "test_processes_that_log_the_same_times_lose_nothing")
class ReturnsTheAskedTime(Engine):
    def append(self, table, rows):
        super().append(table, [dict(row) for row in rows])


@broken(Right, "test_processes_merge_each_row_once")
class ClaimsToMergeAll(Engine):
    def merge(self, table, rows):
        super().merge(table, rows)
        return list(rows)


class Buffers(Engine):
    """Stores rows when there are some, or when it is read or closed."""

    def __init__(self, db, options=None, *, read_only=False):
        self.waiting = []
        super().__init__(db, options, read_only=read_only)

    def append(self, table, rows):
        self.waiting += [(table, rows)]
        if len(self.waiting) > 100:
            self.write()

    def write(self):
        waiting, self.waiting = self.waiting, []
        for table, rows in waiting:
            super().append(table, rows)

    def close(self):
        if self.waiting:
            self.write()
        super().close()


@broken(
    Right,
    "test_a_stored_row_is_visible_to_other_processes",
    "test_what_was_stored_survives_a_kill",
    "test_a_forked_child_and_its_parent_both_write",
)
class StoresLater(Buffers):
    pass


@broken(
    Right,
    "test_an_open_transaction_is_invisible_to_other_processes",
    "test_a_transaction_that_is_killed_leaves_no_trace",
)
class CommitsEachCall(Engine):
    @contextmanager
    def transaction(self, tables=None):
        yield


@broken(Right, "test_a_feed_of_several_writers_leaves_no_row_out")
class WatermarkAfterTheRows(Engine):
    """Reads the rows first, and then the watermark, which may be beyond them."""

    def changes(self, table, since=None, size=10_000):
        found = super().changes(table, since, size)
        batches, before = list(found.batches), self.count(table)
        for _ in range(200):
            if self.count(table) != before:
                break
        return type(found)(found.everything, found.runs, iter(batches), super().changes(table).watermark)


# Forks


@broken(Right, "test_a_forked_child_and_its_parent_both_write")
class ServesOneProcess(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        self.process = os.getpid()
        super().__init__(db, options, read_only=read_only)

    def append(self, table, rows):
        if os.getpid() != self.process:
            raise DatabaseError("the connection belongs to the parent")
        super().append(table, rows)


@broken(Right, "test_a_forked_child_and_its_parent_both_write")
class ClosesTheSessionOfTheParent(ServesOneProcess):
    def append(self, table, rows):
        if Path(f"{self.db}.ended").exists():
            raise DatabaseError("the session has ended")
        Engine.append(self, table, rows)

    def close(self):
        if os.getpid() != self.process:
            Path(f"{self.db}.ended").touch()
        super().close()


@broken(Right, "test_a_transaction_belongs_to_the_process_that_began_it")
class CommitsInTheChild(ServesOneProcess):
    """Gathers the rows of a transaction, and stores them when it ends or the engine is closed."""

    gathered = None

    @contextmanager
    def transaction(self, tables=None):
        self.gathered = []
        yield
        self.store()

    def store(self):
        gathered, self.gathered = self.gathered, None
        for table, rows in gathered or ():
            Engine.append(self, table, rows)

    def append(self, table, rows):
        if self.gathered is None:
            Engine.append(self, table, rows)
        else:
            self.gathered += [(table, rows)]

    def close(self):
        self.store()
        super().close()


# Kills


@broken(Right, "test_what_was_stored_survives_a_kill")
class StoresTheRestOfABatchLater(Engine):
    rest = ()

    def append(self, table, rows):
        half = len(rows) // 2
        super().append(table, [*self.rest, *rows[: len(rows) - half]])
        self.rest = rows[len(rows) - half :]


@broken(Right, "test_a_transaction_that_is_killed_leaves_no_trace")
class LeavesItsLock(Engine):
    @contextmanager
    def transaction(self, tables=None):
        lock = Path(f"{self.db}.lock")
        lock.touch()
        with super().transaction():
            yield
        lock.unlink()

    def append(self, table, rows):
        if not self.database.depth and Path(f"{self.db}.lock").exists():
            raise DatabaseLockedError("somebody holds the lock")
        super().append(table, rows)


# Locks


@broken(Right, "test_a_lock_that_stays_taken_raises_locked_error")
class RaisesAnotherError(Engine):
    def append(self, table, rows):
        try:
            super().append(table, rows)
        except DatabaseLockedError as error:
            raise DatabaseError(str(error)) from error


@broken(Right, "test_a_lock_that_stays_taken_raises_locked_error")
class StoresItAfterAll(Engine):
    later = ()

    def append(self, table, rows):
        later, self.later = self.later, ()
        try:
            super().append(table, [*later, *rows])
        except DatabaseLockedError:
            self.later = rows
            raise


@broken(Right, "test_a_lock_that_stays_taken_raises_locked_error")
class SaysNothing(Engine):
    def append(self, table, rows):
        with suppress(DatabaseLockedError):
            super().append(table, rows)


@broken(Right, "test_a_lock_that_stays_taken_raises_locked_error")
class IgnoresItsTimeout(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db, Options(timeout=3.0), read_only=read_only)


# Lost connections


@broken(Right, "test_an_engine_recovers_from_a_lost_connection")
class StoresWhatFails(Engine):
    def append(self, table, rows):
        SqliteEngine.append(self, table, rows)
        self._use()


@broken(Right, "test_an_engine_recovers_from_a_lost_connection")
class NeverRecovers(Engine):
    def _use(self):
        if self.lost:
            raise DatabaseError("the connection was lost")


@broken(Right, "test_a_connection_lost_in_a_transaction_stores_nothing_of_it")
class GoesOnInTheTransaction(Engine):
    def _use(self):
        self.lost = False


# Names


@broken(Right, "test_each_url_is_a_store_of_its_own")
class IgnoresFolders(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db.replace(f"{os.sep}other{os.sep}", os.sep), options, read_only=read_only)


@broken(Right, "test_xt_opens_it")
class PrintsWhatItDoes(Engine):
    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db, options, read_only=read_only)
        sys.stdout.write(f"opened {db}\n")


class TakesNoOptions(Right):
    made_options = None


@broken(TakesNoOptions, "test_a_tracker_and_a_reader_open_it")
class WithoutOptions(Engine):
    pass


class ServesNoScheme(ByScheme):
    schemes = ()


@broken(ServesNoScheme, "test_a_tracker_and_a_reader_open_it", "test_xt_opens_it")
class Unreachable(Engine):
    pass
