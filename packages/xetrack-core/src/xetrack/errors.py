"""Every error and warning of xetrack.

All errors derive from `XetrackError`. Each is also the builtin exception that a caller would expect, such as
`FileNotFoundError` or `ValueError`. A message says what happened, and how to fix it.

```python
try:
    reader = Reader("track.db")
except DatabaseNotFoundError:  # or FileNotFoundError, DatabaseError, XetrackError
    ...
```

An error has one argument, its message, so that it can be pickled and cross processes. Passwords of URLs in the message
are hidden, also in warnings.
"""

import sys

from xetrack._redact import redacted

__all__ = [
    "AssetDamagedError",
    "ClosedError",
    "DatabaseError",
    "DatabaseLockedError",
    "DatabaseNotFoundError",
    "DatabaseReadOnlyError",
    "DatabaseRemovedError",
    "FilterError",
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
    """The base class of all errors of xetrack."""

    def __init__(self, *arguments: object) -> None:
        """Hide passwords in the message."""
        super().__init__(*(redacted(each) if isinstance(each, str) else each for each in arguments))


class XetrackWarning(UserWarning):
    """Something could not be done as asked, and the run goes on without it."""

    def __init__(self, *arguments: object) -> None:
        """Hide passwords in the message."""
        super().__init__(*(redacted(each) if isinstance(each, str) else each for each in arguments))


class InvalidKeyError(XetrackError, ValueError):
    """A key is not text, is reserved, or cannot be encoded as UTF-8."""


class InvalidValueError(XetrackError, ValueError):
    """A value cannot be stored without changing it."""


class InvalidTableError(XetrackError, ValueError):
    """A table name is empty or reserved, or the table belongs to another program."""


class TableNotFoundError(XetrackError, LookupError):
    """The table does not exist, or the file has several and none was chosen."""


class KeyNotFoundError(XetrackError, KeyError):
    """No row has the key."""

    # A KeyError shows the repr of its message.
    __str__ = Exception.__str__


class RowNotFoundError(XetrackError, IndexError):
    """There is no row at the position."""


class ClosedError(XetrackError, RuntimeError):
    """The tracker or reader is closed."""


class DatabaseError(XetrackError, OSError):
    """The store failed: the disk is full, the file is damaged, or reading or writing failed."""


class DatabaseNotFoundError(DatabaseError, FileNotFoundError):
    """The database does not exist."""


class DatabaseLockedError(DatabaseError, TimeoutError):
    """Another connection held the write lock for longer than `timeout`."""


class DatabaseReadOnlyError(DatabaseError, PermissionError):
    """The file, its folder or its file system is not writable."""


class DatabaseRemovedError(DatabaseError, FileNotFoundError):
    """The database file was removed, moved or replaced while it was open."""


class NotADatabaseError(DatabaseError, ValueError):
    """The path is a folder, or a file that is not a database."""


class SchemaVersionError(DatabaseError, ValueError):
    """The database was written by a newer version of xetrack."""


class AssetDamagedError(XetrackError, ValueError):
    """The stored bytes of an object have changed."""


class UntrustedError(XetrackError, PermissionError):
    """Loading a stored object could run code that the file brings, and the file is not trusted."""


class OptionError(XetrackError, TypeError):
    """An option is unknown, has an invalid value, or does not go with the others."""


class FilterError(XetrackError, ValueError):
    """A filter of runs is malformed, or cannot match any run.

    Attributes:
        text: the filter.
        position: index of the character that is wrong.
        reason: what is wrong, and how to fix it. The message shows all three, on three lines.
    """

    text: str = ""
    position: int = 0
    reason: str = ""


class PluginError(XetrackError):
    """A plugin does not work; the subclass says why."""


class PluginNotInstalledError(PluginError, ImportError):
    """The package that brings the feature is not installed."""


class PluginBrokenError(PluginError, ImportError):
    """The plugin is installed, but cannot be imported or registered."""


class PluginVersionError(PluginError, ImportError):
    """The plugin was made for another version of the plugin API."""


class PluginDisabledError(PluginError, ImportError):
    """The plugin is disabled by `XETRACK_DISABLE_PLUGINS`."""


class PluginConflictError(PluginError, ValueError):
    """Two plugins provide the same name or claim the same option."""


def outer_level() -> int:
    """Return the `stacklevel` that makes a warning point at the code that called xetrack.

    ```python
    warnings.warn("the sink fell behind", XetrackWarning, stacklevel=outer_level())
    ```
    """
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - the warnings module finds frames with it, too
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("xetrack.", "xetrack_")):
        level, frame = level + 1, frame.f_back
    return level
