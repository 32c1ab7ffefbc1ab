"""The settings of a tracker."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xetrack._util.locations import Location
from xetrack._util.paths import SKIP_INSERT
from xetrack.errors import OptionError

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """The settings of a tracker: enough to recreate it, for the same run, in another process."""

    db: Location
    table: str
    engine: str | None
    options: Mapping[str, Any]
    plugins: tuple[object, ...]
    warnings: bool
    trusted: bool = True

    def check_portable(self) -> None:
        """Raise `OptionError` if no other process can reach the database."""
        db = self.db.real
        if not self.db.scheme and db != SKIP_INSERT and not Path(db).is_absolute():
            message = f"a tracker of {db} exists only in this process. To share it, log to a database file."
            raise OptionError(message)
