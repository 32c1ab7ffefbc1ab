"""The connection that users query: DuckDB's own, with the data brought up to date before each query."""

import inspect
import re
import sys
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

# What DuckDB would accept: to create or drop something in `db`, to take it away, or to make it the default database.
_REFUSED = re.compile(
    r"\b(?:create|drop|alter|comment)(?:\s+(?:or|replace|if|not|exists|on|schema|table|view|macro|function|sequence|type))*"
    r'\s+"?db"?\s*\.'
    r'|\b(?:use|detach(?:\s+database)?(?:\s+if\s+exists)?)\s+"?db\b'
    r'|\battach\b[^;]*\bas\s+"?db\b'
    r"|\bset\s+(?:(?:session|local|global)\s+)?(?:schema|search_path)\s*(?:=|to)\s*'[^']*\bdb\b"
    rf"|\b{SCHEMA}\b",
    re.IGNORECASE,
)

_CURE = (
    "db is a copy of {path} for reading. Add rows with tracker.log(), change them with set_value() or set_where() of a"
    " Tracker or Reader, delete runs with Reader.delete_run(). Tables of your own go elsewhere: CREATE TABLE mine AS"
    " SELECT ... FROM db.events"
)

# Methods that read no table, apart from the result of an earlier query. The others may read columns that no text names:
# `begin`, whose transaction does not see columns that are copied later, and those that return relations.
_UNRELATED = frozenset({
    "abort", "arrow", "close", "commit", "create_function", "df", "extract_statements", "fetch_arrow_table", "fetch_df",
    "fetch_df_chunk", "fetch_record_batch", "fetchall", "fetchdf", "fetchmany", "fetchnumpy", "fetchone", "interrupt",
    "load_extension", "pl", "query_progress", "register", "remove_function", "rollback", "tf", "to_arrow_reader",
    "to_arrow_table", "torch", "unregister",
})  # fmt: skip

# Methods that run in the calling thread: `interrupt` and `close` have to, and a switch of threads takes longer than to
# fetch a row.
_QUICK = frozenset({"fetchone", "interrupt", "close"})


class Connection:
    """A `duckdb.DuckDBPyConnection` with the tables of the SQLite file in the database `db`.

    Before a query runs, the tables that it names are brought up to date. What is not documented here is DuckDB's: see
    its documentation. Use a connection in one thread at a time, as any connection of DuckDB's; `cursor()` returns
    another one over the same data. A relation (`sql()`, `table()`) shows the data as of the last query made with the
    connection or one of its cursors.

    Raises:
        DatabaseReadOnlyError: a statement would have written to `db`.
        ClosedError: the tracker or reader was closed, or the process forked since.
        duckdb.Error: any other error of DuckDB's.
    """

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror
        self._raw: Any = mirror.cursor()
        self._worker = Worker(self._raw.interrupt)

    def execute(self, query: Any, parameters: Any = None) -> Self:
        """Run statements, and return this connection to fetch the result from."""
        self._query("execute", query, parameters)
        return self

    def executemany(self, query: Any, parameters: Any = None) -> Self:
        """Run a statement once for each set of parameters."""
        self._query("executemany", query, parameters)
        return self

    def sql(self, query: Any, **options: Any) -> Any:
        """Return the relation that a query describes; run other statements. `query()` is the same."""
        return self._query("sql", query, **options)

    query = from_query = sql

    def table(self, table_name: str) -> Any:
        """Return the relation of a table or view, such as `db.events`. `view()` is the same."""
        return self._query("sql", f"FROM {table_name}")

    view = table

    def _query(self, method: str, query: Any, *arguments: Any, **options: Any) -> Any:
        """Bring up to date what the query names, and call a method of DuckDB's connection with it."""
        import duckdb

        # DuckDB takes a string, or a statement that it has parsed before.
        text = query if isinstance(query, str) else str(getattr(query, "query", query))
        mirror = self._usable_mirror()
        if is_lasting(text) and _REFUSED.search(text):
            raise self._refusal("db cannot be changed, nor made the default database.")
        mirror.refresh(text, lasting=method == "sql")
        # The frame of the code that called the method that called this one.
        frame = sys._getframe(2)  # noqa: SLF001
        call = partial(
            self._call,
            frame.f_globals,
            _variables(frame, text),
            getattr(self._raw, method),
            query,
            *arguments,
            **options,
        )
        try:
            return call()
        except duckdb.BinderException:
            # A column may be missing because the copy does not have all; if it has, DuckDB suggests another.
            if not mirror.complete(text):
                raise
        return call()

    def _call(
        self, outer: dict[str, Any], inner: dict[str, Any], method: Callable[..., Any], *arguments: Any, **options: Any
    ) -> Any:
        """Call a method as if the user's code did, with these global and local variables.

        DuckDB looks for data frames that a query names among the variables of the Python code that calls it.
        """
        import duckdb

        scope = {**inner, "__xetrack_call__": partial(method, *arguments, **options)}
        call = partial(eval, _CALL, outer, scope)
        try:
            result = call() if method.__name__ in _QUICK else self._worker.run(call)
        except duckdb.Error as error:
            if _REFUSALS.search(str(error)):
                raise self._refusal(str(error)) from error
            raise
        except RuntimeError as error:
            # How DuckDB reports Ctrl-C. Only before 2.0 is what the signal handler raised the cause.
            if str(error) == "Query interrupted":
                raise (error.__cause__ or KeyboardInterrupt()) from None
            raise
        return self if isinstance(result, duckdb.DuckDBPyConnection) else result

    def _refusal(self, what: str) -> DatabaseReadOnlyError:
        return DatabaseReadOnlyError(f"{what}\n{_CURE.format(path=self._mirror.database.path)}")

    def _usable_mirror(self) -> "Mirror":
        if not self.is_usable:
            message = "this connection was closed, or the process forked. Ask the tracker or reader for .conn again."
            raise ClosedError(message)
        return self._mirror

    @property
    def is_usable(self) -> bool:
        """Whether it can still be queried."""
        return self._raw is not None and self._mirror.is_usable

    def cursor(self) -> "Connection":
        """Return another connection over the same data, for another thread. `duplicate()` is the same."""
        return Connection(self._usable_mirror())

    duplicate = cursor

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of DuckDB's connection. A method that returns that connection returns this one."""
        if name.startswith("_"):
            raise AttributeError(name)
        mirror = self._usable_mirror()
        found = getattr(self._raw, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*arguments: Any, **options: Any) -> Any:
            if name not in _UNRELATED:
                mirror.refresh("", lasting=True)
            return self._call({}, {}, found, *arguments, **options)

        return call

    def close(self) -> None:
        """Close this connection. The tracker or reader goes on, and opens another one."""
        if self.is_usable:
            self._raw.close()
        self._raw = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _variables(frame: FrameType, text: str) -> dict[str, Any]:
    """Return the local variables of a frame that a text mentions.

    Before Python 3.13, to read `f_locals` makes a function's frame hold all of them, deleted ones too. So it is read
    only if need be.
    """
    # Not the db of db.events.
    words = set(re.findall(r"\b\w+\b(?!\s*\.)", text))
    code = frame.f_code
    known = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    if code.co_flags & inspect.CO_OPTIMIZED and not words & known:
        return {}
    return {name: value for name, value in frame.f_locals.items() if name in words}
