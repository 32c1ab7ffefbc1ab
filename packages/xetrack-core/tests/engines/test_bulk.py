"""Reading a whole table at once, also when something comes in between."""

import os
import signal
import subprocess
import sys

import pytest

from xetrack import Reader, Tracker
from xetrack._sqlite import fetch


class AlarmError(Exception):
    pass


@pytest.fixture
def db(tmp_path):
    with Tracker(tmp_path / "track.db") as tracker:
        tracker.log_batch([{"n": number, "text": str(number)} for number in range(10_000)])
    return tmp_path / "track.db"


def test_many_blocks_are_one_table_in_order(db):
    frame = Reader(db).to_df()
    assert list(frame["n"]) == list(range(10_000))
    assert list(frame["text"]) == list(map(str, range(10_000)))


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
def test_what_a_signal_handler_raises_ends_the_read_and_is_not_lost(db, monkeypatch):
    class Block:
        """A block size that sends one signal when it is compared, inside the function that SQLite calls.

        Only one: the main thread restores the handler as soon as it is interrupted, while the reading thread still
        compares. A signal sent after that would end the process.
        """

        sent = 0

        def __le__(self, size):
            if not self.sent:
                self.sent += 1
                os.kill(os.getpid(), signal.SIGUSR1)
            return size >= 2000

    def handler(*_):
        raise AlarmError

    before = signal.signal(signal.SIGUSR1, handler)
    block, reader = Block(), Reader(db)
    try:
        monkeypatch.setattr(fetch, "_BLOCK", block)
        with pytest.raises(AlarmError):
            reader.to_df()
    finally:
        monkeypatch.undo()
        signal.signal(signal.SIGUSR1, before)
    assert block.sent == 1
    assert len(reader.to_df()) == 10_000  # the reader goes on


def test_a_failure_in_the_middle_is_told(db, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(fetch, "_turn", fail)
    with pytest.raises(MemoryError):
        Reader(db).to_df()


def test_more_columns_than_a_function_has_arguments(tmp_path):
    with Tracker(tmp_path / "wide.db") as tracker:
        tracker.log({f"key {number}": number for number in range(300)})
        assert tracker.to_df(all=True).iloc[0]["key 299"] == 299


def test_reading_works_to_the_very_end_of_the_process(db):
    program = "import atexit, sys, xetrack; reader = xetrack.Reader(sys.argv[1]); reader.to_df();"
    program += "atexit.register(lambda: print(len(reader.to_df())))"
    done = subprocess.run([sys.executable, "-c", program, db], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("10000\n", "")


def test_inside_of_a_transaction_its_rows_are_read_too(db):
    with Tracker(db) as tracker, tracker.engine.transaction():
        tracker.log({"n": -1})
        assert tracker.to_df(all=True)["n"].tolist()[-2:] == [9999, -1]
