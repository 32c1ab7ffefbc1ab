"""The commands of `xt assets`. None of them loads an object.

Only `xt` imports this module, so typer, a dependency of xetrack-cli, is installed.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from xetrack import Reader, XetrackError
from xetrack.errors import OptionError
from xetrack.plugin import AssetInfo, AssetStore, Context, hashes_in

__all__ = ["commands"]

_COLUMNS = ["hash", "names", "serializer", "size", "uses", "place"]
_DB = "Database file; defaults to $XETRACK_DB."

Json = Annotated[bool, typer.Option("--json", help="Output JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Output CSV.")]


def commands(context: Context) -> typer.Typer:
    """Return the commands, which write to the terminal of the context."""
    terminal = context.terminal
    if terminal is None:
        raise OptionError("xt assets has no terminal to write to. Run it as a command of xt.")
    app = typer.Typer(rich_markup_mode=None, help="Manage logged objects. No command loads an object.")

    @app.command()
    def ls(
        words: Annotated[list[str] | None, typer.Argument(metavar="[DB]", help=_DB)] = None,
        *,
        unused: Annotated[bool, typer.Option("--unused", help="List only objects that no row uses.")] = False,
        as_json: Json = False,
        as_csv: Csv = False,
    ) -> None:
        """List objects with their names, sizes and uses.

        The names are the keys that an object was logged or stored under. The size is in bytes. Reads every row.
        """
        (db,) = terminal.arguments(words)
        with Reader(db, table=None) as reader:
            keys = reader.assets.unused() if unused else list(reader.assets)
            infos = [info for key in keys if (info := reader.assets.info(key)) is not None]
            names = _names(reader, {info.hash for info in infos})
        rows = [_row(info, names[info.hash], as_list=as_json) for info in infos]
        terminal.show(rows, _COLUMNS, "json" if as_json else "csv" if as_csv else "")

    @app.command()
    def export(
        words: Annotated[
            list[str] | None,
            typer.Argument(metavar="[DB] HASH FILE", help="Database file, hash of the object, and file to write."),
        ] = None,
    ) -> None:
        """Write an object to a file, as a pickle, .npy or Arrow file.

        The serializer of the object determines the format. An existing file is replaced once everything is written.
        """
        db, key, name = terminal.arguments(words, "HASH", "FILE")
        path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path takes ./~name for a home, and fails for an unknown one
        with Reader(db, table=None) as reader:
            _info(reader.assets, key)
            asset = reader.assets.raw(key)
            _write(path, asset.pieces, Path(reader.db))
        terminal.tell(f"{asset.size} bytes, made by {asset.serializer}, written to {path}")

    @app.command()
    def delete(
        words: Annotated[
            list[str] | None,
            typer.Argument(metavar="[DB] HASH...", help="Database file, and hashes of the objects."),
        ] = None,
        *,
        uses: Annotated[
            int | None,
            typer.Option("--uses", metavar="N", min=1, help="Remove N uses, and delete an object that has none left."),
        ] = None,
    ) -> None:
        """Delete objects, even those in use. Rows keep their hashes."""
        db, *keys = terminal.arguments(words, "HASH...")
        with Reader(db, table=None) as reader:
            for key in keys:
                _info(reader.assets, key)
            for key in keys:
                reader.remove_asset(key, uses)
                left = reader.assets.info(key)
                terminal.tell(f"{key} deleted" if left is None else f"{key} has {_uses(left)} left")

    @app.command()
    def gc(
        words: Annotated[list[str] | None, typer.Argument(metavar="[DB]", help=_DB)] = None,
    ) -> None:
        """Delete objects that no row uses, and free the disk space. List them with ls --unused."""
        (db,) = terminal.arguments(words)
        with Reader(db, table=None) as reader:
            if not reader.engine.has_assets() and getattr(reader.engine, "sql", None) is None:  # no space to free
                terminal.tell("0 objects removed")
                return
            gone = reader.collect_assets()
        terminal.tell(f"{len(gone)} {'object' if len(gone) == 1 else 'objects'} removed")

    return app


def _row(info: AssetInfo, names: set[str], *, as_list: bool) -> dict[str, Any]:
    row = {name: getattr(info, name) for name in _COLUMNS if name != "names"}
    return {**row, "names": sorted(names) if as_list else ", ".join(sorted(names))}


def _names(reader: Reader, known: set[str]) -> dict[str, set[str]]:
    """Return the names of objects by hash: the columns that mention them, and the names in the store.

    The store alone does not suffice: it has only the last object of each name.
    """
    found: dict[str, set[str]] = {key: set() for key in known}
    for name, key in reader.assets.names().items():
        if key in known:
            found[key].add(name)
    for table in reader.engine.tables() if known else ():
        for columns in reader.engine.scan(table):
            for name, cells in columns.items():
                for key in set(hashes_in(cells, known)):
                    found[key].add(name)
    return found


def _uses(info: AssetInfo) -> str:
    return f"{info.uses} {'use' if info.uses == 1 else 'uses'}"


def _info(store: AssetStore, key: str) -> AssetInfo:
    info = store.info(key)
    if info is None:
        raise XetrackError(f"There is no object {key!r}. List the objects with: xt assets ls DB")
    return info


def _write(path: Path, pieces: Any, db: Path) -> None:
    """Write a temporary file, and rename it once it is complete."""
    if path.is_dir():
        raise OptionError(f"{path} is a folder. Give the path of a file in it.")
    if path.exists() and db.exists() and path.samefile(db):
        raise OptionError(f"{path} is the database itself. Give the path of another file.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
