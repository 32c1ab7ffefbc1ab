"""The built-in commands of `xt` by name."""

from typing import NamedTuple

__all__ = ["COMMANDS", "Entry"]


class Entry(NamedTuple):
    """A command: under which heading it is listed, the function or `typer.Typer` that it is, and what it does."""

    heading: str
    target: str
    help: str


COMMANDS = {
    "runs": Entry("Runs", "runs:runs", "List the runs, most recently active first."),
    "show": Entry("Runs", "show:show", "Show one run in full; the latest by default."),
    "compare": Entry("Runs", "compare:compare", "Compare runs side by side, highlighting differences."),
    "watch": Entry("Runs", "watch:watch", "Follow the rows as they are logged, until Ctrl-C."),
    "head": Entry("Rows", "head:head", "Print the first rows."),
    "tail": Entry("Rows", "head:tail", "Print the last rows."),
    "columns": Entry("Rows", "columns:columns", "List the columns and their types."),
    "ls": Entry("Rows", "ls:ls", "List the tables, or the values of a column, one per line."),
    "sql": Entry("Rows", "sql:sql", "Run an SQL query; tables are named db.events and so on."),
    "describe": Entry("Numbers", "describe:describe", "Show count, mean, standard deviation and quartiles of columns."),
    "stats": Entry("Numbers", "stats:commands", "Statistics: describe, top, bottom."),
    "plot": Entry("Numbers", "plot:commands", "Plots in the terminal: hist, scatter."),
    "set": Entry("Files", "set:commands", "Set a value in the selected rows, or in all."),
    "delete": Entry("Files", "delete:delete", "Delete runs."),
    "copy": Entry("Files", "copy:copy", "Merge one database into another."),
    "backup": Entry("Files", "backup:backup", "Write a consistent snapshot of a whole database to a new file."),
    "export": Entry("Files", "export:export", "Write the rows to a file: .csv, .jsonl, .parquet or .xlsx."),
    "doctor": Entry("Files", "doctor:doctor", "Check a database and suggest fixes."),
    "plugins": Entry("Plugins", "plugins:commands", "Manage plugins: list, doctor, new."),
}
