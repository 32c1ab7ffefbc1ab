"""What each kind of plugin promises. No input or output happens here.

An object keeps a promise by having the methods: nothing needs to inherit from these classes.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from xetrack.errors import XetrackWarning, outer_level

__all__ = [
    "API_VERSION",
    "Asset",
    "AssetInfo",
    "AssetStore",
    "BigInt",
    "Buffer",
    "Claim",
    "Columns",
    "Context",
    "Engine",
    "Gauge",
    "Json",
    "LogSink",
    "Monitor",
    "Provider",
    "ResultCache",
    "Row",
    "Run",
    "Serializer",
    "Sink",
    "SurrogateText",
    "Terminal",
    "Value",
]

API_VERSION = 1
"""The version of the plugin API. A plugin module may state the one it was made for as `xetrack_api = 1`."""

T_co = TypeVar("T_co", covariant=True)


class Json(str):
    """The text of a JSON document, marked by its type."""

    __slots__ = ()


class BigInt(int):
    """An integer beyond 64 bits, marked by its type."""

    __slots__ = ()

    def __repr__(self) -> str:
        """All digits. An `int` refuses to print more than 4,300."""
        return format(Decimal(int(self)), "f")

    __str__ = __repr__


class SurrogateText(str):
    """Text with lone surrogates, which UTF-8 cannot encode, marked by its type.

    Python makes such text of file names whose bytes are not UTF-8 (PEP 383).
    """

    __slots__ = ()


Value: TypeAlias = bool | int | float | str | bytes | Json | BigInt | SurrogateText | None
"""What an engine stores, and returns with its type.

Beyond 64 bits, signed, an int is a `BigInt`. Text that UTF-8 cannot encode is a `SurrogateText`. A float may be NaN or
infinite.
"""

Row: TypeAlias = dict[str, Value]
"""One event, in the order of its keys. `timestamp` and `track_id` are always among them."""

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes, or a view of somebody's memory that holds them."""

Columns: TypeAlias = dict[str, list[Value]]
"""Rows turned on their side: a list a key, all of one length, None where a row had no such key."""


@dataclass(slots=True)
class Run:
    """One run in one table, as `Reader.runs()` tells it.

    `started` and `ended` are local times, `YYYY-MM-DD HH:MM:SS.ffffff`; `ended` is None while the run goes on.
    `status` is `running`, `finished` or `failed`, "" for a run told from its rows alone. `rows`, `first`, `last` and
    `values` (the last one of each key that is not None) are what an engine tells when it lists runs. A tracker that
    ends its run hands in `rows` and `values` as it knows them; the rows themselves decide if they disagree.
    """

    track_id: str
    table: str
    started: str | None = None
    ended: str | None = None
    status: str = "running"
    host: str | None = None
    pid: int | None = None
    python: str | None = None
    params: Row = field(default_factory=dict)
    rows: int = 0
    first: str | None = None
    last: str | None = None
    values: Row = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """Stores rows in tables, in the order of insertion, and gives them back as they were.

    Tables come into being with their first row. Reading a table that does not exist gives nothing, never an error.
    One engine may be shared by threads. Every method raises `DatabaseError` or one of its subclasses when the store
    fails, and then nothing of that call was stored.

    An engine may also have a method `let_go()`. It is called instead of `close()` when a tracker is garbage-collected
    without being closed: `conn` or an asset store may still be in use. The engine then closes when its last user is
    gone.
    """

    @property
    def conn(self) -> Any:
        """A connection to query with; for SQL engines the data is attached as `db`."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is written inside is committed together at the end, or not at all if the block raises. May be nested."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store `rows`, all or none; durable on return unless inside `transaction()`.

        `(track_id, timestamp)` is unique in a table. Where a row's is taken, its `timestamp` moves on by as many
        microseconds as it takes, in the row handed in too.
        """

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store those `rows` whose `(track_id, timestamp)` is not there yet, and return those, in their order."""

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """The rows of `table` (of one run, the first `head`, the last `tail`) in the order of insertion."""

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """All rows of `table` in the order of insertion, at most `size` at a time, in bounded memory."""

    def count(self, table: str, track_id: str | None = None) -> int:
        """The number of rows."""

    def tables(self) -> list[str]:
        """The names of the tables that hold events, sorted."""

    def columns(self, table: str) -> dict[str, str]:
        """Each key of `table` and its declared type: BOOLEAN, INTEGER, REAL, TEXT, BLOB, JSON, or "" if unknown."""

    def update(
        self,
        table: str,
        key: str,
        value: Value,
        *,
        track_id: str | None = None,
        where: tuple[str, Value] | None = None,
    ) -> int:
        """Set `key` to `value` in the rows of one run, or where another key has a value; return how many rows."""

    def delete(self, table: str, track_id: str) -> int:
        """Delete one run, its rows and its record; return how many rows."""

    def drop(self, table: str) -> None:
        """Delete a table with all its runs."""

    def save_run(self, run: Run) -> None:
        """Record that `run` goes on. A run recorded before keeps its `started`."""

    def finish_run(self, run: Run) -> None:
        """Record how `run` ended, if it was recorded and no other process has resumed it since.

        `rows` and `values` are what its tracker knows; an engine may take them over where nobody else changed the run.
        """

    def runs(self, table: str) -> list[Run]:
        """Every run in `table`, the one that logged last first, recorded or told from its rows."""

    def latest_run(self, table: str) -> str | None:
        """The track id of the run that logged last."""

    def has_assets(self) -> bool:
        """Whether objects were logged into this store."""

    def flush(self) -> bool:
        """Make the store whole on its own: afterwards a copy of its file is a copy of everything.

        False if somebody who is reading kept a part of it from getting there.
        """

    def close(self) -> None:
        """`flush()`, then let go of everything. Closing twice does nothing."""


@runtime_checkable
class Serializer(Protocol):
    """Turns values of some kind into bytes and back."""

    safe: bool
    """Whether `loads` runs no code of whoever made the bytes. Where nothing is trusted, only such are asked."""

    general: bool
    """Whether this is one for all kinds of values, asked only for what no other serializer takes."""

    def takes(self, value: object) -> bool:
        """Whether this serializer is meant for `value`, and gives it back as it is."""

    def dumps(self, value: object) -> Buffer | Sequence[Buffer]:
        """The bytes of `value`, in one piece or several, which may be views of its memory: nothing is changed."""

    def loads(self, data: Buffer) -> object:
        """The value again. `data` may be kept and written to: it is nobody else's."""


@dataclass(frozen=True, slots=True)
class Asset:
    """An object turned into bytes, ready to be kept.

    `hash` is what its rows hold instead of it, `serializer` the name of the provider that made the bytes, `pieces` the
    bytes in order, `digest` what tells its content from any other, beyond a hash that could be forged.
    """

    hash: str
    serializer: str
    pieces: tuple[Buffer, ...]
    digest: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True)
class AssetInfo:
    """What a store tells of an object without loading it. `size` is in bytes; `place` tells where these are."""

    hash: str
    serializer: str
    size: int
    uses: int
    place: str


@runtime_checkable
class AssetStore(Protocol):
    """Keeps objects once, however often they are logged, under the hash of their content.

    A use is one cell of a row that was logged with the object itself. Rows that were logged with the hash as text are
    no uses, but `unused()` sees them. Only `get` turns bytes into objects.

    A store may have a method `claims(value)` too, which returns whether a serializer for something particular takes the
    value. A dataclass or another config is then stored as an object; otherwise its fields are JSON.
    """

    def prepare(self, value: object) -> Asset:
        """Turn an object into bytes, without storing anything.

        Raises `InvalidValueError` if it cannot be done, `PluginConflictError` if two serializers are meant for it.
        """

    def put(self, asset: Asset, name: str | None = None, uses: int = 1) -> None:
        """Keep what was prepared, or what another store keeps, with so many more uses.

        `get(name)` finds it too, until another object is put under that name. Joins the engine's transaction.
        """

    def insert(self, value: object, name: str | None = None) -> str:
        """`prepare` and `put` in one; returns the hash."""

    def get(self, key: str) -> object | None:
        """The object with this hash, or the last one of this name; None if there is none.

        Raises `AssetDamagedError` if its bytes are not what was stored, `UntrustedError` if loading it could run code
        and the store was opened as not trusted, `PluginNotInstalledError` if its serializer is missing.
        """

    def raw(self, key: str) -> Asset:
        """The bytes of the object with this hash. Raises `KeyError`, or `AssetDamagedError`."""

    def recount(self, changes: Mapping[str, int]) -> list[str]:
        """Add to the uses of objects (never below none), and return the hashes of those that have none left."""

    def remove(self, key: str, uses: int | None = 1) -> bool:
        """Take back some uses, None for all; with the last one the object goes. False if there was no such object."""

    def unused(self) -> list[str]:
        """The hashes of objects that no row of any table names, whatever their uses. Reads every row."""

    def collect(self) -> list[str]:
        """Remove what is unused, give the disk space back, and return the hashes."""

    def info(self, key: str) -> AssetInfo | None:
        """What is known of the object with this hash."""

    @property
    def size(self) -> int:
        """The number of bytes of all objects, before they are compressed."""

    def keys(self) -> list[str]:
        """The hashes of all objects, in the order in which they came."""

    def names(self) -> dict[str, str]:
        """Every name, and the hash of the object that was last put under it."""

    def __contains__(self, key: object) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...


class Claim(AbstractContextManager[Any], Protocol):
    """Somebody's wish to compute a result that is missing. Inside of the `with` block, others wait for them."""

    def wait(self) -> None:
        """Wait until nobody else computes it, or waiting could never end."""

    def poll(self) -> bool:
        """The same without waiting: False as long as somebody else computes it."""


@runtime_checkable
class ResultCache(Protocol):
    """Keeps results of function calls under a key. An entry is `{"result": value, "cache": track_id}`.

    What a method raises costs no call: it is warned of, and the function is called.
    """

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """The key of a call, different for calls whose results may differ; None, and a warning, if it has none.

        `params` are those of the run and of the call; `depends_on` is what else the result depends on.
        """

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The entry, or None. A damaged entry is None."""

    def set(self, key: str, result: object, track_id: str) -> None:
        """Keep a result and the run it came from. A result that cannot be kept is warned of."""

    def claim(self, key: str) -> Claim:
        """A claim on computing what is missing under a key, for a `with` block."""

    def delete_run(self, track_id: str) -> int:
        """Forget what a run computed; return how many entries."""

    def scan(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Every entry with its key."""

    def close(self) -> None:
        """Let go of everything."""


@runtime_checkable
class Sink(Protocol):
    """Hears of every row once the engine has committed it. If it raises, the row stays and the loss is counted."""

    def emit(self, row: Mapping[str, Value]) -> None:
        """Take one row. It must not be changed."""

    def flush(self) -> None:
        """Write out whatever is held back."""

    def close(self) -> None:
        """Flush and let go of everything."""


@runtime_checkable
class LogSink(Sink, Protocol):
    """A sink that also takes the events and messages passed to `Tracker.logger`, which are not rows of the database.

    A sink that also has a method `logger(tell)` creates the object returned by `Tracker.logger`. That object passes
    levels and events to `tell(level, event)`, which passes them to `log` of every such sink, and raises `ClosedError`
    once the tracker is closed. `tell` holds a reference to the tracker, so a logger keeps its tracker open. The sink
    keeps no reference to `tell` or the logger: it creates a new logger when the last one is gone.
    """

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Take an event of a level such as MONITOR, or a message. Raises as `emit` does."""


@runtime_checkable
class Monitor(Protocol):
    """Measures one call. A fresh one is opened for each, so it needs no lock."""

    def start(self) -> None:
        """Called right before the function."""

    def stop(self) -> Mapping[str, Any]:
        """Called right after it; what is returned joins the row."""


@runtime_checkable
class Gauge(Monitor, Protocol):
    """A monitor that also measures the time between two `log()`. One is opened with the tracker, and only ever read.

    A monitor without `read()` is started and stopped at once for a `log()`.
    """

    def read(self) -> Mapping[str, Any]:
        """What was measured since the last `read()`; joins the row. The first is when the tracker is made, for nobody.

        Threads that share a tracker call it at the same time.
        """


def _warn(_: str, message: str) -> None:
    warnings.warn(message, XetrackWarning, stacklevel=outer_level())


class Terminal(Protocol):
    """Where the commands of `xt` show what they found, so that those of plugins look like all others."""

    def arguments(self, words: Sequence[str] | None, *names: str) -> list[str]:
        """The words of a command line as a database and one value a name; `XETRACK_DB` stands for a database left out.

        A name in brackets, such as `[COLUMN]`, may be left out too, and one with dots, `HASH...`, takes all that is
        left. Raises `OptionError` if the words are too few or too many.
        """

    def show(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), style: str = "") -> None:
        """Print rows, in these columns, or in all that they have.

        `style` is "json", "csv" or "markdown"; by default it is a table for people, and markdown where it is piped.
        """

    def tell(self, text: str) -> None:
        """Print a line of text."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may need to know when it opens something for a tracker or reader.

    `db` is an absolute path, `":memory:"`, or whatever the engine takes. `engine` is None while the engine opens.
    `trusted` is False where reading what somebody stored must not run their code. `serializers`, by the names of their
    providers, are given to asset stores, `terminal` to commands of `xt`.
    `warn(about, message)` warns with `XetrackWarning`, once for each thing it is about, if warnings are wanted.
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


@dataclass(frozen=True, slots=True)
class Provider(Generic[T_co]):
    """What a plugin registers, the same for every kind.

    `open` is called with an instance of `options` (None if the provider has none) and the `Context`. The fields of
    `options`, a dataclass, are the `Tracker` options this provider claims. `open` may return None: with these options
    there is nothing to do. `read`, where there is one, reads back what was written: `Reader.read_logs` and the like.
    """

    name: str
    open: Callable[[Any, Context], T_co | None]
    options: type | None = None
    read: Callable[..., Any] | None = None
