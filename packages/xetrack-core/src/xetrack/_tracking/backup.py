"""`Reader.backup` and `Tracker.backup`, for engines that can."""

import os
from collections.abc import Callable
from pathlib import Path

from xetrack._spec.engine import Engine
from xetrack._util.arguments import callback, flag
from xetrack._util.paths import resolve
from xetrack.errors import OptionError

__all__ = ["backup"]


def backup(
    engine: Engine,
    target: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Check the arguments and have the engine write a backup. See `Reader.backup`."""
    overwrite = flag("overwrite", overwrite, strict=True)
    write = getattr(engine, "backup", None)
    if write is None:
        raise OptionError("this engine cannot write backups, as SQLite does. Use xetrack.copy() instead.")
    path, progress = resolve(target, "path"), callback("progress", progress)
    if not Path(path).is_absolute():
        raise OptionError(f"{path} is not the path of a file. Pass one, such as backup.db.")
    write(path, overwrite=overwrite, progress=progress)
