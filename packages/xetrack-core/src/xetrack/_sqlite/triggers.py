"""Per-run change counters, maintained by triggers.

Readers that mirror the event tables detect new rows by rowid, so inserts cost nothing here. Updates and deletes, from
any tool, bump the run's counter, and a mirror reads the runs again whose counter changed. Counters grow by random
steps, so that two former copies of a file never agree by chance. The counter under an empty blob stands for the table
itself, and differs each time the table is created.
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
    """Return the counting triggers on `table`: their names, and what follows them in `CREATE TRIGGER`."""
    return {
        f"xetrack_{table}_{name}": (
            f"AFTER {event} ON {quote(table)} BEGIN INSERT INTO {COUNTERS}"
            f" VALUES ({_literal(table)}, ifnull({which}.track_id, x''), {_STEP}) {_ADD}; END"
        )
        for name, (event, which) in _EVENTS.items()
    }


def made(table: str) -> list[str]:
    """Return the statements to execute after creating `table`, before its first row."""
    triggers = [f"CREATE TRIGGER IF NOT EXISTS db.{quote(name)} {rest}" for name, rest in counting(table).items()]
    return [*triggers, f"INSERT INTO db.{COUNTERS} VALUES ({_literal(table)}, x'', {_STEP}) {_ADD}"]


def forget(table: str) -> str:
    """Return the statement to execute after dropping `table`."""
    return f"DELETE FROM db.{COUNTERS} WHERE event_table = {_literal(table)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
