"""`xt plugins new`: write a plugin to start from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing.options import option

__all__ = ["new"]

_KINDS = "engine, serializer, asset-store, cache, sink, monitor or command."


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the distribution, such as xetrack-csv.")],
    *,
    kind: Annotated[str, option("--kind", "KIND", _KINDS)],
    directory: Annotated[
        Path, option("--directory", "FOLDER", "Parent folder. Default: the current folder.", show_default=False)
    ] = Path(),
) -> None:
    """Create a small working plugin to start from.

    The generated package installs and passes its tests. Existing files are never overwritten.
    """
    from xetrack_cli.plugins.scaffold import make_names, write

    names = make_names(name, kind)
    folder = write(names, kind, directory)
    tell(f"Created {folder}, a {kind} named {names.short!r}. To try it:")
    tell(f"  cd {shlex.quote(str(folder))}")
    tell("  pip install -e . --group dev")
    tell(f"  pytest && xt plugins doctor {names.short}")
