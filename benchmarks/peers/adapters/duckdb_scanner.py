"""DuckDB's own sqlite extension over the file that xetrack wrote, with nobody else using it. A connection a process."""

from functools import cache
from importlib.resources import files

LAST = "SELECT track_id, arg_max(loss, epoch) FROM db.events GROUP BY track_id"


class Adapter:
    def read_all(self, folder):
        return len(_connection(folder).execute("SELECT * FROM db.events").df())

    def read_run(self, folder, run):
        return len(_connection(folder).execute("SELECT * FROM db.events WHERE track_id = ?", [run]).df())

    def leaderboard(self, folder):
        return len(_connection(folder).execute(LAST).df())


@cache
def _connection(folder):
    import duckdb

    extension = files("duckdb_extension_sqlite_scanner") / f"extensions/v{duckdb.__version__}"
    connection = duckdb.connect()
    connection.load_extension(str(extension / "sqlite_scanner.duckdb_extension"))
    connection.execute(f"ATTACH '{folder}/ours.db' AS db (TYPE sqlite, READ_ONLY)")
    return connection
