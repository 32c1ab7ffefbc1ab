"""Every error and warning of xetrack.

One base, `XetrackError`; each class is also the builtin a caller would guess (`FileNotFoundError`, `ValueError`, ...),
so that `except ValueError` works without knowing ours. Messages say what happened and what to do. All carry one
string, so that they survive pickling between processes.
"""

import sys

__all__ = [
    "AssetDamagedError",
    "ClosedError",
    "DatabaseError",
    "DatabaseLockedError",
    "DatabaseNotFoundError",
    "DatabaseReadOnlyError",
    "DatabaseRemovedError",
    "InvalidKeyError",
    "InvalidTableError",
    "InvalidValueError",
    "KeyNotFoundError",
    "NotADatabaseError",
    "OptionError",
    "PluginBrokenError",
    "PluginConflictError",
    "PluginDisabledError",
    "PluginError",
    "PluginNotInstalledError",
    "PluginVersionError",
    "RowNotFoundError",
    "SchemaVersionError",
    "TableNotFoundError",
    "UntrustedError",
    "XetrackError",
    "XetrackWarning",
    "outer_level",
]


class XetrackError(Exception):
    """Base of every error that xetrack raises by itself."""


class XetrackWarning(UserWarning):
    """Something was not done as asked, and the run went on."""


class InvalidKeyError(XetrackError, ValueError):
    """A key that cannot name a value: not text, reserved, or not encodable as UTF-8."""


class InvalidValueError(XetrackError, ValueError):
    """A value that cannot be stored without changing it."""


class InvalidTableError(XetrackError, ValueError):
    """A table name that is empty, reserved, or somebody else's table."""


class TableNotFoundError(XetrackError, LookupError):
    """The table of events to read does not exist, or none was named and the file has several."""


class KeyNotFoundError(XetrackError, KeyError):
    """No row has the key that was asked for."""

    __str__ = Exception.__str__  # a KeyError shows the repr of its message


class RowNotFoundError(XetrackError, IndexError):
    """There is no row at the position that was asked for."""


class ClosedError(XetrackError, RuntimeError):
    """The tracker or reader was closed."""


class DatabaseError(XetrackError, OSError):
    """The store failed: disk full, damaged file, input/output error."""


class DatabaseNotFoundError(DatabaseError, FileNotFoundError):
    """The database to read does not exist."""


class DatabaseLockedError(DatabaseError, TimeoutError):
    """Another connection held the write lock for longer than `timeout`."""


class DatabaseReadOnlyError(DatabaseError, PermissionError):
    """The file, its folder or its file system cannot be written."""


class DatabaseRemovedError(DatabaseError, FileNotFoundError):
    """The file was removed, moved or replaced while it was open."""


class NotADatabaseError(DatabaseError, ValueError):
    """The path is a folder, or a file in another format."""


class SchemaVersionError(DatabaseError, ValueError):
    """The file was written by a newer xetrack than this one."""


class AssetDamagedError(XetrackError, ValueError):
    """The bytes of a logged object are not those that were stored."""


class UntrustedError(XetrackError, PermissionError):
    """Reading a stored object could run code of whoever stored it, and nobody said that they are trusted."""


class OptionError(XetrackError, TypeError):
    """An option that no installed plugin knows, or that does not go with the others."""


class PluginError(XetrackError):
    """A plugin cannot serve: the subclass says which of the ways."""


class PluginNotInstalledError(PluginError, ImportError):
    """The distribution that brings the feature is not installed."""


class PluginBrokenError(PluginError, ImportError):
    """The plugin is installed, but importing or registering it failed."""


class PluginVersionError(PluginError, ImportError):
    """The plugin was made for another version of the plugin API."""


class PluginDisabledError(PluginError, ImportError):
    """The plugin was switched off with `XETRACK_DISABLE_PLUGINS`."""


class PluginConflictError(PluginError, ValueError):
    """Two plugins provide one name or claim one option, or several are there and none was named."""


def outer_level() -> int:
    """The `stacklevel` that makes a warning point at the code that called xetrack."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - as the warnings module itself does
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("xetrack.", "xetrack_")):
        level, frame = level + 1, frame.f_back
    return level
