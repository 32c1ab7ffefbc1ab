"""Standard output: rows as a table for people, or as Markdown, CSV or JSON."""

import csv
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from xetrack import XetrackError
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import display, is_numeric, json_line, to_text

__all__ = ["confirm", "is_terminal", "note", "painted", "show", "tell"]

Rows = Sequence[Mapping[str, Any]]


def is_terminal() -> bool:
    """Whether standard output is a terminal, so that a person reads it."""
    return sys.stdout.isatty()


def painted(text: str, colour: str | None = None) -> str:
    """Return the text in bold, and in a colour, if the terminal supports it."""
    return typer.style(text, colour, bold=True) if is_terminal() and not os.environ.get("NO_COLOR") else text


def tell(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Print a remark on standard error, apart from the output."""
    print(f"xt: {text}", file=sys.stderr)  # noqa: T201 - this is not output


def confirm(question: str, *, yes: bool) -> None:
    """Ask on the terminal whether to continue, unless `yes`. No answer means no.

    Raises:
        UsageError: without a terminal to ask on.
        XetrackError: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nothing was changed. Without a terminal, add --yes to confirm.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a question is not output
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise XetrackError("Nothing was changed.")


def show(rows: Rows, columns: Sequence[str] = (), style: str = "") -> None:
    """Print rows, with these columns or all that they have.

    Args:
        rows: the rows; each may lack keys.
        columns: the keys to print, in this order.
        style: `table`, `json`, `csv` or `markdown`; by default a table on a terminal, and Markdown elsewhere.
    """
    keys = list(columns or dict.fromkeys(key for row in rows for key in row))
    if style == "json":
        lines = [json_line({key: row.get(key) for key in keys}) for row in rows]
        tell("[\n" + ",\n".join(lines) + "\n]" if lines else "[]")
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(keys)
        writer.writerows([to_text(row.get(key)) for key in keys] for row in rows)
    elif style == "table" or (not style and is_terminal()):
        from xetrack_cli.output.table import draw

        draw(rows, keys)
    else:
        tell("\n".join(_markdown(rows, keys)))


def _markdown(rows: Rows, keys: Sequence[str]) -> list[str]:
    """Lay out a table as GitHub's Markdown, aligned to be read as plain text too."""
    lines = [["", *map(_escape, keys)]]
    lines += [[str(number), *(_escape(row.get(key)) for key in keys)] for number, row in enumerate(rows)]
    widths = [max(len(head) + 2, *map(len, cells), 0) for head, *cells in zip(*lines, strict=True)]
    right = [True, *(is_numeric(rows, key) for key in keys)]
    rule = [
        f"{'-' * (width + 1)}:" if end else f":{'-' * (width + 1)}" for width, end in zip(widths, right, strict=True)
    ]
    text = [
        [cell.rjust(width) if end else cell.ljust(width) for cell, width, end in zip(line, widths, right, strict=True)]
        for line in lines
    ]
    head, *body = [f"| {' | '.join(cells)} |" for cells in text]
    return [head, f"|{'|'.join(rule)}|", *body]


def _escape(value: Any) -> str:
    return display(value).replace("|", "\\|")
