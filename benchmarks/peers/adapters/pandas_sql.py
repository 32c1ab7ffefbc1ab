"""pandas over the file that xetrack wrote, through Python's sqlite3."""

import sqlite3
from contextlib import closing

from benchmarks.peers.workload import LAST_LOSSES


class Adapter:
    def read_all(self, folder):
        return len(_frame(folder, "SELECT * FROM events"))

    def read_run(self, folder, run):
        return len(_frame(folder, "SELECT * FROM events WHERE track_id = ?", (run,)))

    def leaderboard(self, folder):
        return len(_frame(folder, LAST_LOSSES))


def _frame(folder, query, parameters=()):
    import pandas as pd

    with closing(sqlite3.connect(f"{folder}/ours.db")) as connection:
        return pd.read_sql_query(query, connection, params=parameters)
