"""The connection that users query: DuckDB's own, with the data brought up to date before each query."""

import inspect
import re
import sys
import warnings
from collections.abc import Callable
from functools import partial, wraps
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from xetrack.errors import ClosedError, DatabaseReadOnlyError
from xetrack_duckdb.copier import SCHEMA
from xetrack_duckdb.interrupts import Worker
from xetrack_duckdb.names import is_lasting

if TYPE_CHECKING:
    from xetrack_duckdb.mirror import Mirror

__all__ = ["Connection"]

_CALL = compile("__xetrack_call__()", "<xetrack>", "eval")

# What DuckDB says when it refuses to write to a view.
_REFUSALS = re.compile(
    r"can only (?:update|delete|merge|modify|create an index)\b.* (?:base table|alter view)|is not an? table",
    re.IGNORECASE,
)

# What DuckDB would let pass: to change what `db` consists of, take it away, or make it the default for new tables.
_REFUSED = re.compile(
    r"\b(?:create|drop|alter|comment)(?:\s+(?:or|replace|if|not|exists|on|schema|table|view|macro|function|sequence|type))*"
    r'\s+"?db"?\s*\.'
    r'|\b(?:use|detach(?:\s+database)?(?:\s+if\s+exists)?)\s+"?db\b'
    r'|\battach\b[^;]*\bas\s+"?db\b'
    r"|\bset\s+(?:(?:session|local|global)\s+)?(?:schema|search_path)\s*(?:=|to)\s*'[^']*\bdb\b"
    rf"|\b{SCHEMA}\b",
    re.IGNORECASE,
)
_QUICK = frozenset({"fetchone", "interrupt", "close"})
"""Methods that are not worth a switch of threads, which takes longer than to fetch a row."""
_CURE = (
    "db is a copy of {path} for reading. Add rows with tracker.log(), change them with set_value() or set_where() of a"
    " Tracker or Reader, delete runs with Reader.delete_run(). Tables of your own go elsewhere: CREATE TABLE mine AS"
    " SELECT ... FROM db.events"
)


class Connection:
    """What `duckdb.DuckDBPyConnection` is, with the tables of the SQLite file in the database `db`.

    Before a query runs, the tables that it names are brought up to date. Everything else is DuckDB's: see its
    documentation for what is not here. Like any connection of DuckDB's it is for one thread at a time; `cursor()` gives
    another one over the same data. A relation (`sql()`, `table()`) shows the data as of the last query made with the
    connection or one of its cursors.

    Raises:
        DatabaseReadOnlyError: a statement would have written to `db`.
        ClosedError: the tracker or reader was closed, or the process forked since.
        duckdb.Error: whatever else DuckDB has to say.
    """

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror
        self._raw: Any = mirror.cursor()
        self._worker = Worker(self._raw.interrupt)

    # Queries

    def execute(self, query: Any, parameters: Any = None) -> Self:
        """Run statements; the result is fetched from what is returned, this connection."""
        self._query("execute", query, parameters)
        return self

    def executemany(self, query: Any, parameters: Any = None) -> Self:
        """Run a statement once for each set of parameters."""
        self._query("executemany", query, parameters)
        return self

    def sql(self, query: Any, **options: Any) -> Any:
        """The relation that a query describes; other statements are run."""
        return self._query("sql", query, **options)

    def query(self, query: Any, **options: Any) -> Any:
        """The same as `sql()`."""
        return self._query("sql", query, **options)

    def from_query(self, query: Any, **options: Any) -> Any:
        """The same as `sql()`."""
        return self._query("sql", query, **options)

    def table(self, table_name: str) -> Any:
        """The relation of a table, or of a view such as `db.events`."""
        return self._query("sql", f"FROM {table_name}")

    def view(self, view_name: str) -> Any:
        """The same as `table()`."""
        return self._query("sql", f"FROM {view_name}")

    def _query(self, method: str, query: Any, *arguments: Any, **options: Any) -> Any:
        """Call a method of DuckDB's connection with SQL."""
        text = _text(query)
        mirror = self._open()
        self._refuse(text)
        mirror.refresh(text, lasting=method == "sql")
        frame = sys._getframe(2)  # noqa: SLF001 - the code that called the method that called this one
        scope = _variables(frame, text)
        return self._call(frame.f_globals, scope, getattr(self._raw, method), query, *arguments, **options)

    def _call(
        self, outer: dict[str, Any], inner: dict[str, Any], method: Callable[..., Any], *arguments: Any, **options: Any
    ) -> Any:
        """Call a method as if the user's code did.

        DuckDB looks for data frames that a query names among the variables of the Python code that calls it. So the
        call is made with the global and local variables of theirs.
        """
        import duckdb

        scope = {**inner, "__xetrack_call__": partial(method, *arguments, **options)}
        run = self._worker.run if method.__name__ not in _QUICK else _run
        try:
            result = run(partial(eval, _CALL, outer, scope))  # the code is ours
        except duckdb.Error as error:
            if _REFUSALS.search(str(error)):
                raise self._refusal(str(error)) from error
            raise
        except RuntimeError as error:
            if str(error) == "Query interrupted":  # so DuckDB tells of Ctrl-C, and 2.0 not of what the handler raised
                raise (error.__cause__ or KeyboardInterrupt()) from None
            raise
        return self if isinstance(result, duckdb.DuckDBPyConnection) else result

    def _refuse(self, text: str) -> None:
        """Refuse statements that would change `db` without DuckDB's objection."""
        if is_lasting(text) and _REFUSED.search(text):
            raise self._refusal("db cannot be changed, nor made the default database.")

    def _refusal(self, what: str) -> DatabaseReadOnlyError:
        return DatabaseReadOnlyError(f"{what}\n{_CURE.format(path=self._mirror.database.path)}")

    def _open(self) -> "Mirror":
        if not self.is_usable:
            message = (
                "this connection was closed, or the process forked since: ask the tracker or reader for .conn again."
            )
            raise ClosedError(message)
        return self._mirror

    # Everything else

    @property
    def is_usable(self) -> bool:
        """Whether it can still be queried."""
        return self._raw is not None and self._mirror.is_usable

    def cursor(self) -> "Connection":
        """Another connection over the same data, for another thread."""
        return Connection(self._open())

    duplicate = cursor

    def pl(self, *arguments: Any, **options: Any) -> Any:
        """The result as a `polars.DataFrame`. DuckDB 2.0 has this for relations only."""
        if hasattr(self._raw, "pl"):
            return self._raw.pl(*arguments, **options)
        import polars as pl

        return pl.from_arrow(self.fetch_arrow_table())

    def arrow(self, *arguments: Any, **options: Any) -> Any:
        """The result as `pyarrow` has it: a table, or with DuckDB 1.4 and 1.5 a reader."""
        return self._raw.arrow(*arguments, **options) if hasattr(self._raw, "arrow") else self.fetch_arrow_table()

    def fetch_arrow_table(self, *arguments: Any, **options: Any) -> Any:
        """The result as a `pyarrow.Table`."""
        if not hasattr(self._raw, "to_arrow_table"):  # DuckDB before 1.5
            return self._raw.fetch_arrow_table(*arguments, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # DuckDB 2.0 would rather have it asked of a relation
            return self._raw.to_arrow_table(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        """What DuckDB's connection has; where it returns itself, this connection."""
        if name.startswith("_"):
            raise AttributeError(name)
        self._open()
        found = getattr(self._raw, name)
        return self._wrapped(found) if callable(found) else found

    def _wrapped(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            return self._call({}, {}, method, *arguments, **options)

        return call

    def close(self) -> None:
        """Close this connection; the tracker or reader goes on, and gives another one."""
        if self._raw is not None and self._mirror.is_usable:
            self._raw.close()
        self._raw = None

    def __enter__(self) -> Self:
        """The connection itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _run(function: Callable[[], Any]) -> Any:
    return function()


def _variables(frame: FrameType, text: str) -> dict[str, Any]:
    """The local variables of a frame that a text mentions.

    To ask a function's frame for its variables makes the frame keep them all, deleted ones too: so only if need be.
    """
    words = set(re.findall(r"\b\w+\b(?!\s*\.)", text))  # not the db of db.events
    code = frame.f_code
    known = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    if code.co_flags & inspect.CO_OPTIMIZED and not words & known:
        return {}
    return {name: value for name, value in frame.f_locals.items() if name in words}


def _text(query: Any) -> str:
    """The SQL of what DuckDB takes for it: a text, or a statement that it parsed before."""
    return query if isinstance(query, str) else str(getattr(query, "query", query))
