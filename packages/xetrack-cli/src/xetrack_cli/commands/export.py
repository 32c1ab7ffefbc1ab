"""`xt export`: rows to a file. CSV and JSONL are written in chunks, so a table of any size fits in memory."""

import csv
import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from xetrack import Reader
from xetrack.errors import InvalidValueError, PluginNotInstalledError
from xetrack.plugin import Columns, to_rows, write_parquet
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import display, json_line, plural, to_text
from xetrack_cli.output.progress import progress
from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import open_reader
from xetrack_cli.parsing.options import Engine, Table, TrackId, Utc, Words, positional

__all__ = ["export"]

Chunks: TypeAlias = Iterator[Columns]

_SHEET_ROWS, _SHEET_COLUMNS, _SHEET_TEXT = 1_048_576, 16_384, 32_767  # limits of Excel
_HELP = "Database, and the file to write. Its extension chooses the format."


def export(
    words: Annotated[Words, positional("[DB] FILE", _HELP)] = None,
    *,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
) -> None:
    """Write rows to a .csv, .jsonl, .parquet or .xlsx file.

    An existing file is replaced once everything is written.
    """
    db, name = arguments(words, "FILE")
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser misreads ./~name
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        *others, last = _WRITERS
        raise UsageError(f"{name}: unsupported extension. Use {', '.join(others)} or {last}.")
    with open_reader(db, table, engine, track_id, utc=utc) as reader, progress("writing rows") as update:
        if path.exists() and Path(reader.db).exists() and path.samefile(reader.db):
            raise UsageError(f"{path} is the database itself. Choose another file.")
        total = reader.engine.count(reader.table, track_id)
        _replace(path, lambda part: write(part, reader.columns, _chunks(reader, track_id, total, update)))
    tell(f"{plural(total, 'row')} written to {path}")


def _chunks(reader: Reader, track_id: str | None, total: int, update: Callable[[int, int], None]) -> Chunks:
    """Yield the rows that existed at the start. Later ones may have columns that the header lacks."""
    if track_id is not None:
        yield reader.engine.read(reader.table, track_id=track_id, head=total)
        return
    done = 0
    for columns in reader.engine.scan(reader.table):
        size = len(next(iter(columns.values())))
        wanted = min(size, total - done)
        done += wanted
        yield columns if wanted == size else {key: values[:wanted] for key, values in columns.items()}
        update(done, total)
        if done == total:
            return


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a temporary file beside the path, then move it into place."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Choose a file in it.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist. Create it first.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()


def _write_csv(path: Path, names: list[str], chunks: Chunks) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for chunk in chunks:
            writer.writerows([to_text(row.get(name)) for name in names] for row in to_rows(chunk))


def _write_jsonl(path: Path, names: list[str], chunks: Chunks) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for chunk in chunks:
            file.writelines(json_line({name: row.get(name) for name in names}) + "\n" for row in to_rows(chunk))


def _write_parquet(path: Path, names: list[str], chunks: Chunks) -> None:
    # a column has one type in the whole file, which the last row may decide
    whole: Columns = {name: [] for name in names}
    for chunk in chunks:
        size = len(next(iter(chunk.values()), []))
        for name in names:
            whole[name] += chunk.get(name) or [None] * size
    write_parquet(whole, path)


def _write_sheet(path: Path, names: list[str], chunks: Chunks) -> None:
    try:
        from openpyxl import Workbook
    except ModuleNotFoundError as error:
        raise PluginNotInstalledError(".xlsx files need openpyxl: pip install xetrack-cli[excel]") from error
    rows = [[_sheet_value(row.get(name)) for name in names] for chunk in chunks for row in to_rows(chunk)]
    if len(rows) >= _SHEET_ROWS or len(names) > _SHEET_COLUMNS:
        raise InvalidValueError("An Excel sheet holds at most 1048575 rows and 16384 columns. Export to .csv.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("events")
    for row in [[display(name) for name in names], *rows]:
        sheet.append([_sheet_cell(sheet, value) for value in row])
    book.save(path)


def _sheet_value(value: Any) -> Any:
    """Return a value that a sheet can hold: a boolean, a number of at most 15 digits, or text."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = to_text(value)
    if len(text) > _SHEET_TEXT:
        raise InvalidValueError(
            f"An Excel cell holds at most {_SHEET_TEXT} characters, and a value has {len(text)}. Export to .csv."
        )
    return text


def _sheet_cell(sheet: Any, value: Any) -> Any:
    """Keep text that starts with = as text, and escape the characters that a sheet must not contain."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(lambda found: f"\\x{ord(found[0]):02x}", value))
    cell.data_type = "s"
    return cell


_WRITERS: dict[str, Callable[[Path, list[str], Chunks], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".xlsx": _write_sheet,
}
