"""The commands of `xt` by name, each imported when it is typed, and the options of `xt` itself."""

import importlib
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from xetrack_cli.usage import Command

__all__ = ["COMMANDS", "Commands", "Entry", "root", "typer_of"]


class Entry(NamedTuple):
    """A command: under which heading it is listed, the function or `typer.Typer` that it is, and what it does."""

    heading: str
    target: str
    help: str


COMMANDS = {
    "runs": Entry("Runs", "runs:runs", "List the runs, most recently active first."),
    "show": Entry("Runs", "show:show", "Show one run in full; the latest by default."),
    "compare": Entry("Runs", "show:compare", "Compare runs side by side, highlighting differences."),
    "watch": Entry("Runs", "watch:watch", "Follow the rows as they are logged, until Ctrl-C."),
    "head": Entry("Rows", "rows:head", "Print the first rows."),
    "tail": Entry("Rows", "rows:tail", "Print the last rows."),
    "columns": Entry("Rows", "rows:columns", "List the columns and their types."),
    "ls": Entry("Rows", "rows:ls", "List the tables, or the values of a column, one per line."),
    "sql": Entry("Rows", "query:sql", "Run an SQL query; tables are named db.events and so on."),
    "describe": Entry("Numbers", "stats:describe", "Show count, mean, standard deviation and quartiles of columns."),
    "stats": Entry("Numbers", "stats:commands", "Statistics: describe, top, bottom."),
    "plot": Entry("Numbers", "plot:commands", "Plots in the terminal: hist, scatter."),
    "set": Entry("Files", "change:set_command", "Set a value in the selected rows, or in all."),
    "delete": Entry("Files", "change:delete", "Delete runs."),
    "copy": Entry("Files", "transfer:copy", "Merge one database into another."),
    "backup": Entry("Files", "transfer:backup", "Write a consistent snapshot of a whole database to a new file."),
    "export": Entry("Files", "export:export", "Write the rows to a file: .csv, .jsonl, .parquet or .xlsx."),
    "doctor": Entry("Files", "doctor:doctor", "Check a database and suggest fixes."),
    "plugins": Entry("Plugins", "plugins:commands", "Manage plugins: list, doctor, new."),
}


class Commands(TyperGroup):
    """Our commands, and those of plugins, none of them imported before it is typed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, ours first."""
        from xetrack_cli import plugged

        return [*COMMANDS, *(name for name in plugged.names() if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, opened once; None if there is none."""
        if cmd_name not in self.commands:
            found = _command(cmd_name)
            if found is None:
                return None
            self.commands[cmd_name] = found
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was typed. Raises `UsageError`, with a guess, if there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-") and not ctx.resilient_parsing:
            from xetrack_cli.errors import UsageError, closest

            raise UsageError(f"there is no command {args[0]!r}.{closest(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what there is under its headings."""
        from xetrack_cli import plugged

        headings: dict[str, list[tuple[str, str]]] = {}
        for name, entry in COMMANDS.items():
            headings.setdefault(entry.heading, []).append((name, entry.help))
        headings["Plugins"] += [(name, told) for name, told in plugged.helps().items() if name not in COMMANDS]
        for heading, lines in headings.items():
            with formatter.section(heading):
                formatter.write_dl(lines, col_max=12)


def _command(name: str) -> Any:
    if name in COMMANDS:
        module, _, attribute = COMMANDS[name].target.partition(":")
        return typer_of(getattr(importlib.import_module(f"xetrack_cli.{module}"), attribute), name)
    from xetrack_cli import plugged

    return plugged.command(name)


def typer_of(found: Any, name: str) -> Any:
    """The command of typer for a function, or for a `typer.Typer`."""
    app = found
    if not isinstance(found, typer.Typer):
        app = typer.Typer(rich_markup_mode=None)
        app.command(name)(found)
    for each in app.registered_commands:
        if each.cls is TyperCommand:  # of plugins too, that have no other wish
            each.cls = Command
    app._add_completion = False  # noqa: SLF001 - completion is installed for `xt` as a whole
    command = typer.main.get_command(app)
    command.name = name
    return command


def _tell_versions(wanted: bool) -> None:
    if wanted:
        from xetrack_cli.versions import tell_versions

        tell_versions()
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show versions and installed plugins.",
            is_eager=True,
            callback=_tell_versions,
        ),
    ] = False,
) -> None:
    """Inspect, compare, plot, change and export tracked runs.

    DB defaults to $XETRACK_DB.
    """


def root() -> Any:
    """`xt` itself, as a command of typer."""
    settings = {"help_option_names": ["-h", "--help"]}
    app = typer.Typer(cls=Commands, rich_markup_mode=None, context_settings=settings)
    app.callback()(_options)
    return typer.main.get_command(app)
