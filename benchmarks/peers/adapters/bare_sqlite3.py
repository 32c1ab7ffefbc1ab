"""The limit: Python's sqlite3 in the settings that xetrack uses, with one table made for this workload."""

import pickle
import sqlite3
from datetime import datetime

from benchmarks.peers.workload import LAST_LOSSES, PARAMS

CREATE = (
    "CREATE TABLE IF NOT EXISTS events (timestamp TEXT NOT NULL, track_id TEXT NOT NULL, model TEXT, accuracy REAL,"
    " loss REAL, epoch INTEGER, PRIMARY KEY (track_id, timestamp, epoch))"
)
INSERT = "INSERT INTO events (timestamp, track_id, model, accuracy, loss, epoch) VALUES (?, ?, ?, ?, ?, ?)"


class Adapter:
    def open(self, folder, run):
        self._run = run
        self._connection = _connect(folder)

    def log_one(self, event):
        self._connection.execute(INSERT, self._row(event))
        self._connection.commit()

    def log_batch(self, events):
        self._connection.executemany(INSERT, map(self._row, events))
        self._connection.commit()

    def finish(self):
        self._connection.close()

    def _row(self, event):
        return (datetime.now().isoformat(" "), self._run, PARAMS["model"], *event.values())  # noqa: DTZ005 - local time

    def read_all(self, folder):
        return len(_connect(folder).execute("SELECT * FROM events").fetchall())

    def read_run(self, folder, run):
        return len(_connect(folder).execute("SELECT * FROM events WHERE track_id = ?", (run,)).fetchall())

    def leaderboard(self, folder):
        return len(_connect(folder).execute(LAST_LOSSES).fetchall())

    def found(self, folder, run):
        return [epoch for (epoch,) in _connect(folder).execute("SELECT epoch FROM events WHERE track_id = ?", (run,))]

    def cached(self, folder, function):
        connection = _connect(folder)
        connection.execute("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value BLOB)")

        def call(*arguments):
            key = repr(arguments)
            row = connection.execute("SELECT value FROM results WHERE key = ?", (key,)).fetchone()
            if row:
                return pickle.loads(row[0])  # noqa: S301 - our own file
            result = function(*arguments)
            connection.execute("INSERT INTO results VALUES (?, ?)", (key, pickle.dumps(result)))
            connection.commit()
            return result

        return call


def _connect(folder):
    connection = sqlite3.connect(f"{folder}/bare.db", timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(CREATE)
    return connection
