"""The page of every command of `xt`, made from the commands: what `--help` tells of each, as Markdown."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from xetrack_cli.app import root
from xetrack_cli.builtin_commands import COMMANDS

INTRODUCTION = """\
# Every command of xt

[The command line](../cli.md) shows them at work; `xt COMMAND --help` tells the same as this page, which is made from
the commands.
"""


def pages() -> dict[str, str]:
    """The page, by its name."""
    command = root()
    context = command.make_context("xt", [], resilient_parsing=True)
    sections = list(sections_of(command, context, "xt"))
    return {"cli.md": "\n".join([INTRODUCTION, *contents(command, context), *sections])}


def contents(command: Any, context: Any) -> Iterator[str]:
    """A table of the commands, in the order of `xt --help`."""
    names = command.list_commands(context)
    lines = {name: first_line(command.get_command(context, name).help) for name in names}
    lines |= {name: entry.help for name, entry in COMMANDS.items()}
    yield table(("command", ""), [(f"[`xt {name}`](#xt-{name})", lines[name]) for name in names])


def sections_of(command: Any, context: Any, name: str) -> Iterator[str]:
    """What there is to know of a command, then of those below it."""
    yield "\n".join(described(command, context, name))
    if not hasattr(command, "list_commands"):
        return
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        inside = found.make_context(each, [], parent=context, resilient_parsing=True)
        yield from sections_of(found, inside, f"{name} {each}")


def described(command: Any, context: Any, name: str) -> Iterator[str]:
    """The section of one command."""
    yield f"{'#' * max(2, len(name.split()))} `{name}`\n"
    yield f"`{' '.join([name, *command.collect_usage_pieces(context)])}`\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    words = [each for each in command.params if each.param_type_name == "argument"]
    if words:
        yield table(("argument", ""), [(f"`{each.metavar or each.name.upper()}`", each.help or "") for each in words])
    options = list(options_of(command, context))
    if options:
        yield table(("option", "", "default; limits"), options)


def options_of(command: Any, context: Any) -> Iterator[tuple[str, str, str]]:
    """Each option, what it does, and what else there is to know, such as its default."""
    for option in command.params:
        if option.param_type_name != "option" or option.hidden:
            continue
        names, told = option.get_help_record(context)
        what, _, more = told.partition("  [")
        yield f"`{names}`", what, more.rstrip("]").removeprefix("default: ").replace("x>=", "at least ")


def first_line(text: str | None) -> str:
    """The first line of a help text."""
    return (text or "").strip().partition("\n")[0]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
