"""`xt plugins new`: write a plugin to start from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from xetrack_cli.output.terminal import tell

__all__ = ["new"]


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the distribution, such as xetrack-csv.")],
    *,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="What it brings: engine, serializer, asset-store, cache, sink, monitor or command.",
        ),
    ],
    directory: Annotated[
        Path, typer.Option("--directory", metavar="FOLDER", help="Where its folder goes; here by default.")
    ] = Path(),
) -> None:
    """Write a small plugin that works, to begin yours with.

    It is a package that installs, and has tests that pass. Nothing is ever written over.
    """
    from xetrack_cli.plugins.scaffold import named, write

    names = named(name, kind)
    folder = write(names, kind, directory)
    tell(f"{folder}: a new {kind}, called {names.short!r} in xetrack. To try it:")
    tell(f"  cd {shlex.quote(str(folder))}")
    tell("  pip install -e . --group dev")
    tell(f"  pytest && xt plugins doctor {names.short}")
