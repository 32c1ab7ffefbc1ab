"""The built-in commands of `xt` by name."""

from typing import NamedTuple

__all__ = ["COMMANDS", "Entry"]


class Entry(NamedTuple):
    """A command: its heading in `xt --help`, its module and function (or `typer.Typer`), and its help."""

    heading: str
    target: str
    help: str


COMMANDS = {
    "runs": Entry("Runs", "runs:runs", "List the runs, most recently active first."),
    "show": Entry("Runs", "show:show", "Show one run in full, by default the latest."),
    "compare": Entry("Runs", "compare:compare", "Compare runs side by side, highlighting differences."),
    "watch": Entry("Runs", "watch:watch", "Follow new rows as they are logged, until Ctrl-C."),
    "head": Entry("Rows", "head:head", "Print the first rows."),
    "tail": Entry("Rows", "head:tail", "Print the last rows."),
    "columns": Entry("Rows", "columns:columns", "List the columns and their types."),
    "ls": Entry("Rows", "ls:ls", "List the tables, or the values of a column."),
    "sql": Entry("Rows", "sql:sql", "Run an SQL query on db.events and the other tables."),
    "describe": Entry("Numbers", "describe:describe", "Summarize columns: count, mean, deviation, quartiles."),
    "stats": Entry("Numbers", "stats:commands", "Show statistics: describe, top, bottom."),
    "plot": Entry("Numbers", "plot:commands", "Plot columns in the terminal: hist, scatter."),
    "set": Entry("Files", "set:commands", "Set a value in selected rows or in all rows."),
    "delete": Entry("Files", "delete:delete", "Delete runs."),
    "copy": Entry("Files", "copy:copy", "Merge one database into another."),
    "backup": Entry("Files", "backup:backup", "Back up a whole database to a new file."),
    "export": Entry("Files", "export:export", "Write rows to a .csv, .jsonl, .parquet or .xlsx file."),
    "doctor": Entry("Files", "doctor:doctor", "Check a database and suggest fixes."),
    "plugins": Entry("Plugins", "plugins:commands", "Manage plugins: list, doctor, new."),
}
