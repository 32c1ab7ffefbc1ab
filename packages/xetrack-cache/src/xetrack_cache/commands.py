"""`xt cache`: list, delete and count cached results. None of the commands unpickles anything but plain values.

Only `xt` imports this module, so typer is installed.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from xetrack import Reader, XetrackError
from xetrack.errors import OptionError
from xetrack.plugin import Context, redacted

__all__ = ["commands"]

Place = Annotated[str, typer.Argument(metavar="CACHE", help="Folder or URL of the cache.")]
Name = Annotated[
    str | None,
    typer.Option("--provider", metavar="NAME", help="Cache provider. Default: the URL's provider, or diskcache."),
]
Json = Annotated[bool, typer.Option("--json", help="Output JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Output CSV.")]


def commands(context: Context) -> typer.Typer:
    """Return the commands, which print on the terminal of the context."""
    terminal = context.terminal
    if terminal is None:
        raise OptionError("xt cache has no terminal to write to. Run it as a command of xt.")
    app = typer.Typer(rich_markup_mode=None, help="List, delete and count cached results.")

    @app.command()
    def ls(
        place: Place,
        *,
        provider: Name = None,
        track_id: Annotated[
            str | None, typer.Option("--track-id", metavar="TRACK_ID", help="List only results that this run computed.")
        ] = None,
        as_json: Json = False,
        as_csv: Csv = False,
    ) -> None:
        """List cached results, oldest first."""
        rows = _entries(place, provider)
        if track_id is not None:
            _check_run(place, track_id, rows)
        found = [row for row in rows if track_id in {None, row["track_id"]}]
        terminal.show(found, ["function", "track_id", "result", "key"], _style(as_json=as_json, as_csv=as_csv))

    @app.command()
    def delete(
        place: Place,
        track_ids: Annotated[list[str], typer.Argument(metavar="TRACK_ID...", help="Runs whose results to delete.")],
        *,
        provider: Name = None,
    ) -> None:
        """Delete the results of some runs."""
        rows = _entries(place, provider)
        for track_id in track_ids:
            _check_run(place, track_id, rows)
        for track_id in dict.fromkeys(track_ids):
            count = Reader.delete_cache_by_track_id(place, track_id, provider=provider)
            terminal.tell(f"{count} {_entry(count)} of {track_id} deleted")

    @app.command()
    def stats(place: Place, *, provider: Name = None, as_json: Json = False, as_csv: Csv = False) -> None:
        """Count results and runs per function, and show the size on disk."""
        rows = _entries(place, provider)
        counts = Counter(row["function"] for row in rows)
        runs = {name: len({row["track_id"] for row in rows if row["function"] == name}) for name in counts}
        told = [{"function": name, "entries": count, "runs": runs[name]} for name, count in counts.most_common()]
        style = _style(as_json=as_json, as_csv=as_csv)
        terminal.show(told, ["function", "entries", "runs"], style)
        if not style:
            terminal.tell(f"{len(rows)} {_entry(len(rows))}{_size(place)}")

    return app


def _entries(place: str, provider: str | None) -> list[dict[str, Any]]:
    """Return the entries as rows. A result that is not a plain value is shown by its size."""
    return [
        {
            "function": key.rpartition(":")[0],
            "track_id": entry["cache"],
            "result": _plain(entry["result"]),
            "key": key,
        }
        for key, entry in Reader.scan_cache(place, provider=provider)
    ]


def _check_run(place: str, track_id: str, rows: list[dict[str, Any]]) -> None:
    if all(row["track_id"] != track_id for row in rows):
        shown = redacted(place)
        raise XetrackError(f"{shown} holds no results of run {track_id!r}. List its entries: xt cache ls {shown}")


def _plain(result: object) -> object:
    return result if result is None or isinstance(result, (bool, int, float, str)) else repr(result)


def _style(*, as_json: bool, as_csv: bool) -> str:
    if as_json:
        return "json"
    return "csv" if as_csv else ""


def _entry(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _size(place: str) -> str:
    """Return the total size of all files in a folder, for the end of a sentence; nothing for other places."""
    folder = Path(place).expanduser()
    if "://" in place or not folder.is_dir():
        return ""
    return f", {sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())} bytes on disk"
