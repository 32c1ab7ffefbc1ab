"""What plugins register, and what they get when something is opened."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from xetrack._redact import redacted
from xetrack._spec.assets import Serializer
from xetrack._spec.engine import Engine
from xetrack.errors import OptionError, PluginError, XetrackWarning, outer_level

__all__ = ["API_VERSION", "Context", "Provider", "Terminal"]

API_VERSION = 1
"""The version of the plugin API. A plugin module may declare the version it was made for: `xetrack_api = 1`."""

T_co = TypeVar("T_co", covariant=True)


def _warn(_: str, message: str) -> None:
    warnings.warn(message, XetrackWarning, stacklevel=outer_level())


def _open_engine(*_: Any, **__: Any) -> Engine:
    raise PluginError(
        "this context opens no engines. Only engines that a tracker, reader or copy opens get one that does."
    )


class Terminal(Protocol):
    """How commands of `xt` read their arguments and print results, so that those of plugins look like all others."""

    def arguments(self, words: Sequence[str] | None, *names: str) -> list[str]:
        """Return a database and one value for each name.

        Args:
            words: the arguments of the command line. If the database is left out, it is `$XETRACK_DB`.
            names: what the values are, for the error. `[COLUMN]` may be left out; `HASH...` takes all that follow.

        Raises:
            OptionError: there are too few arguments, or too many.
        """

    def show(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), style: str = "") -> None:
        """Print rows.

        Args:
            rows: the rows.
            columns: the columns to print; by default all that the rows have.
            style: "json", "csv" or "markdown". By default a table on a terminal, and markdown in a pipe.
        """

    def tell(self, text: str) -> None:
        """Print a line of text."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may need when it opens something for a tracker or reader.

    Attributes:
        db: absolute path of the database, `":memory:"`, or its URL. Only engines get a URL's password; in messages,
            they show `xetrack.plugin.redacted(context.db)`.
        table: table of events.
        track_id: name of the run; None for readers.
        read_only: whether nothing may be written.
        engine: storage engine; None while the engine itself is being opened.
        trusted: whether reading stored objects may run code that they bring.
        serializers: serializers by the names of their providers. Only asset stores get them.
        warn: call `warn(about, message)` for a `XetrackWarning`. It is issued once for each `about`, and only if the
            user wants warnings.
        open_engine: open another engine, for an engine that wraps it: `open_engine(db, engine=None, *, read_only=False,
            **options)`. The arguments are those of `Reader`. It is read-only if this context is, too. The caller closes
            it. Raises as `Reader` does. Only engines get it.
        terminal: input and output of a command of `xt`; None for other kinds.
    """

    db: str
    table: str = "events"
    track_id: str | None = None
    read_only: bool = False
    engine: Engine | None = None
    trusted: bool = True
    serializers: Mapping[str, Serializer] = field(default_factory=dict)
    warn: Callable[[str, str], None] = _warn
    terminal: Terminal | None = None
    open_engine: Callable[..., Engine] = field(default=_open_engine, compare=False)

    def __repr__(self) -> str:
        """Return the table and the database, without its password."""
        return f"<Context of {self.table} in {redacted(self.db)}>"


@dataclass(frozen=True, slots=True)
class Provider(Generic[T_co]):
    """What a plugin registers, of whatever kind.

    ```python
    @dataclass
    class Options:
        csv: str
        csv_delimiter: str = ","


    Provider("csv", lambda options, context: CsvSink(options.csv, options.csv_delimiter), Options)
    ```

    Attributes:
        name: name of the provider. It is unique among the providers of its kind.
        open: called with an instance of `options`, or None without options, and a `Context`. May return None if there
            is nothing to do.
        options: a dataclass. Its fields are the options of `Tracker` that the provider claims.
        read: reads back what was written, for `Reader.read_logs` and the like. For caches, `read(place, trusted=...)`
            returns an object with the methods `get`, `scan`, `delete_run` and `close` of `ResultCache`. The place is a
            `Path`, or the text of a URL. Unless `trusted`, reading runs no code that the cache brings.
        schemes: for engines and caches: schemes of the URLs that it serves, such as `("postgresql", "postgres")`. No
            two engines, and no two caches, may claim the same. `()` means that it takes only paths; None, that it takes
            any URL if `engine=` or `provider=` names it.
        errors: for engines: exceptions of its driver, which `conn` may raise, such as `("psycopg.Error",)`. They are
            named rather than imported. `xt` shows one line for them instead of a traceback.
    """

    name: str
    open: Callable[[Any, Context], T_co | None]
    options: type | None = None
    read: Callable[..., Any] | None = None
    schemes: Sequence[str] | None = None
    errors: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise `OptionError` for schemes or errors that could never match."""
        for scheme in _texts("schemes", self.schemes or ()):
            if not re.fullmatch(r"[a-z][a-z0-9+.-]+", scheme):
                raise OptionError(f"{self.name}: {scheme!r} cannot be the scheme of a URL. Example: 'postgresql'.")
        for error in _texts("errors", self.errors):
            if not re.fullmatch(r"\w+(\.\w+)+", error):
                raise OptionError(f"{self.name}: {error!r} does not name an exception. Example: 'psycopg.Error'.")


def _texts(field: str, given: Sequence[str]) -> Sequence[str]:
    if isinstance(given, str):
        raise OptionError(f"{field}={given!r} is text, not a sequence. Use {field}=({given!r},).")
    if not all(isinstance(each, str) for each in given):
        raise OptionError(f"{field}={given!r}: give each as text.")
    return given
