"""polars over the file that xetrack wrote, through Python's sqlite3."""

import sqlite3
from contextlib import closing

from benchmarks.peers.workload import LAST_LOSSES


class Adapter:
    def read_all(self, folder):
        return len(_frame(folder, "SELECT * FROM events"))

    def read_run(self, folder, run):
        return len(_frame(folder, "SELECT * FROM events WHERE track_id = ?", parameters=(run,)))

    def leaderboard(self, folder):
        return len(_frame(folder, LAST_LOSSES))


def _frame(folder, query, parameters=()):
    import polars as pl

    with closing(sqlite3.connect(f"{folder}/ours.db")) as connection:
        return pl.read_database(query, connection, execute_options={"parameters": parameters}, infer_schema_length=None)
