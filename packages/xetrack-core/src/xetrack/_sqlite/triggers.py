"""What was changed or deleted in the tables of events, counted for whoever keeps a copy of them.

New rows are told by their rowid, so inserting costs nothing here. Updates and deletes, by whatever tool, are counted by
triggers, one number a run: a copy compares the numbers, and reads again the runs whose number is another one. They grow
by random steps, so that two files that were copies of each other once never agree by chance. The number under an empty
blob stands for the table itself, and is another one each time that it is made.
"""

from xetrack._sqlite.cells import quote

__all__ = ["COUNTERS", "CREATE", "WHOLE_TABLE", "counting", "forget", "made"]

COUNTERS = "xetrack_changes"
"""The name of the table of counters: `event_table`, `track_id`, `changes`."""

WHOLE_TABLE = b""
"""The `track_id` of the counter of the table itself."""

CREATE = (
    f"CREATE TABLE IF NOT EXISTS db.{COUNTERS} (event_table TEXT NOT NULL, track_id NOT NULL, changes INTEGER NOT NULL,"
    " PRIMARY KEY (event_table, track_id)) WITHOUT ROWID"
)
_STEP = "1 + (random() & 0xffffff)"
_ADD = "ON CONFLICT (event_table, track_id) DO UPDATE SET changes = changes + excluded.changes"
_EVENTS = {  # the name of the trigger, when it fires, and the run that changed
    "changed": ("UPDATE", "OLD"),
    "deleted": ("DELETE", "OLD"),
    "renamed": ("UPDATE OF track_id", "NEW"),
}


def counting(table: str) -> dict[str, str]:
    """The triggers on `table` that count: the name of each, and what comes after it in `CREATE TRIGGER`."""
    return {
        f"xetrack_{table}_{name}": (
            f"AFTER {event} ON {quote(table)} BEGIN INSERT INTO {COUNTERS}"
            f" VALUES ({_literal(table)}, ifnull({which}.track_id, x''), {_STEP}) {_ADD}; END"
        )
        for name, (event, which) in _EVENTS.items()
    }


def made(table: str) -> list[str]:
    """What to execute once `table` is there, before its first row."""
    triggers = [f"CREATE TRIGGER IF NOT EXISTS db.{quote(name)} {rest}" for name, rest in counting(table).items()]
    return [*triggers, f"INSERT INTO db.{COUNTERS} VALUES ({_literal(table)}, x'', {_STEP}) {_ADD}"]


def forget(table: str) -> str:
    """What to execute once `table` is gone."""
    return f"DELETE FROM db.{COUNTERS} WHERE event_table = {_literal(table)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
