"""The screen: what commands print, as a table for people, or as Markdown, CSV or JSON for what reads on."""

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from xetrack_cli.errors import DeclinedError, UsageError
from xetrack_cli.output.format import json_line, numeric, shown, spelt

__all__ = ["confirm", "counted", "is_terminal", "note", "show", "tell"]

Rows = Sequence[Mapping[str, Any]]


def is_terminal() -> bool:
    """Whether a person is reading."""
    return sys.stdout.isatty()


def tell(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Print a line that is not part of the output, on standard error."""
    print(f"xt: {text}", file=sys.stderr)  # noqa: T201 - this is not output


def counted(number: int, what: str) -> str:
    """Return a number and what it counts, such as `1 row` or `2 rows`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask on the terminal whether to go on, unless the answer is known. No answer means no.

    Raises:
        UsageError: nobody is there to answer, and --yes was not given.
        DeclinedError: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody is there to answer: add --yes. Nothing was changed.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a question is not output
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise DeclinedError("Nothing was changed.")


def show(rows: Rows, columns: Sequence[str] = (), style: str = "") -> None:
    """Print rows, in these columns, or in all that they have."""
    keys = list(columns or dict.fromkeys(key for row in rows for key in row))
    if style == "json":
        _show_json(rows, keys)
    elif style == "csv":
        _show_csv(rows, keys)
    elif style != "markdown" and is_terminal():
        from xetrack_cli.output.table import draw

        draw(rows, keys)
    else:
        _show_markdown(rows, keys)


def _show_json(rows: Rows, keys: Sequence[str]) -> None:
    """One array, a row a line."""
    lines = [json_line({key: row.get(key) for key in keys}) for row in rows]
    tell("[\n" + ",\n".join(lines) + "\n]" if lines else "[]")


def _show_csv(rows: Rows, keys: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([spelt(row.get(key)) for key in keys] for row in rows)


def _show_markdown(rows: Rows, keys: Sequence[str]) -> None:
    from tabulate import tabulate

    cells = [[str(number), *(_escaped(shown(row.get(key))) for key in keys)] for number, row in enumerate(rows)]
    sides = ["right", *("right" if numeric(rows, key) else "left" for key in keys)]
    headers = ["", *(_escaped(shown(key)) for key in keys)]
    if cells:
        tell(tabulate(cells, headers, "pipe", colalign=sides, disable_numparse=True))
    else:  # tabulate draws no head without a row
        lines = tabulate([[""] * len(headers)], headers, "pipe", colalign=sides, disable_numparse=True).splitlines()
        tell("\n".join(lines[:2]))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
