"""trackio: a thread puts queued events into its SQLite file; `finish` waits for it."""

import os

from benchmarks.peers.workload import PARAMS

PROJECT = "benchmark"


class Adapter:
    def open(self, folder, run):
        os.environ["TRACKIO_DIR"] = folder  # read when trackio is imported
        import trackio

        self._trackio = trackio
        trackio.init(PROJECT, name=run, config=PARAMS, auto_log_gpu=False, auto_log_cpu=False, embed=False)

    def log_one(self, event):
        self._trackio.log(event)

    def finish(self):
        self._trackio.finish()

    def read_all(self, folder):
        storage = _storage(folder)
        return sum(len(storage.get_logs(PROJECT, run)) for run in storage.get_runs(PROJECT))

    def read_run(self, folder, run):
        return len(_storage(folder).get_logs(PROJECT, run))

    def leaderboard(self, folder):
        storage = _storage(folder)
        last = [storage.get_logs(PROJECT, run)[-1]["loss"] for run in storage.get_runs(PROJECT)]
        return len(last)

    def found(self, folder, run):
        return [log["epoch"] for log in _storage(folder).get_logs(PROJECT, run)]


def _storage(folder):
    os.environ["TRACKIO_DIR"] = folder
    from trackio.sqlite_storage import SQLiteStorage

    return SQLiteStorage
