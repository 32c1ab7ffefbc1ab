"""A small engine over typed SQL tables, which aggregates with another dialect than that of the SQLite engine."""

import sqlite3

from xetrack.errors import DatabaseError
from xetrack.plugin import EXTRA, Dialect, EventTable, MemoryEngine, split

TOTAL = "total({number}) / count({number})"
NUMBERS = dict.fromkeys(("BOOLEAN", "INTEGER", "REAL"), "{column}")
TYPES = {bool: "INT", int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"}
TOY = Dialect(
    placeholder="?{}",
    max_columns=20,
    max_name_bytes=63,
    reserved=frozenset({"place", "_rowid_"}),
    declared=TYPES,
    typed=True,
    order="place",
    numbers=NUMBERS,
    aggregates={**Dialect().aggregates, "mean": TOTAL},
)


class ToyEngine(MemoryEngine):
    """Rows in memory, and once more in typed tables of SQLite. Filters may read only these."""

    def __init__(self, dialect=TOY):
        super().__init__()
        self.dialect = dialect
        self.queries = []
        self.types = {}
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)

    def append(self, table, rows):
        super().append(table, rows)
        name = self.dialect.quote(table)
        if table not in self.types:
            self.connection.execute(
                f"CREATE TABLE {name} (place INTEGER PRIMARY KEY, track_id TEXT, {EXTRA} TEXT) STRICT"
            )
            self.types[table] = {"track_id": "TEXT", EXTRA: "TEXT"}
        columns = self.types[table]
        for row in rows:
            known = {key: value for key, value in row.items() if value is not None}
            for key, value in known.items():
                declared = self.dialect.declared_type(value)
                if declared and key not in columns and self.dialect.may_be_column(key, columns):
                    self.connection.execute(f"ALTER TABLE {name} ADD COLUMN {self.dialect.quote(key)} {declared}")
                    columns[key] = self.dialect.normal_type(declared)
            cells, extra = split(known, columns, self.dialect)
            cells[EXTRA] = extra
            names, marks = map(self.dialect.quote, cells), self.dialect.placeholders(len(cells))
            self.connection.execute(
                f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join(marks)})", [*cells.values()]
            )

    def scan(self, table, size=10_000, *, track_id=None):
        raise AssertionError("a filter read every row")

    def event_table(self, table):
        if table not in self.types:
            return None
        return EventTable(self.dialect.quote(table), self.types[table], self.dialect, self.query)

    def query(self, sql, parameters):
        self.queries.append(sql)
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise DatabaseError(f"{error}: {sql}") from error
