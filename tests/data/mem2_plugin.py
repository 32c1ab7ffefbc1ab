"""Rows in this process, kept under their URL. `?fail=HOW` fails."""

from xetrack import Provider, hookimpl
from xetrack.errors import DatabaseError, DatabaseNotFoundError, DatabaseReadOnlyError
from xetrack.plugin import MemoryEngine

stores = {}
injected = []


class Error(Exception):
    """What the driver raises."""


class Connection:
    """Answers every query with its URL, or an error that has it."""

    description = (("answer",),)

    def __init__(self, url):
        self._url = url

    def execute(self, query):
        if "missing" in query:
            injected.append("sql")
            raise Error(f"no such column in {self._url}")
        if "readonly" in query:
            raise DatabaseReadOnlyError(f"{self._url} is read-only.")
        return self

    def fetchall(self):
        return [(42,)]


class Mem2(MemoryEngine):
    def __init__(self, url):
        super().__init__()
        self._url = url
        self.failing = ""

    @property
    def conn(self):
        return Connection(self._url)

    def close(self):
        """Rows outlive the engine."""

    def fail(self, how):
        if how in self.failing:
            injected.append(how)
            raise DatabaseError(f"{self._url} was lost while it had to {how}") from Error(self._url)

    def read(self, table, **chosen):
        self.fail("read")
        return super().read(table, **chosen)

    def append(self, table, rows):
        self.fail("append")
        super().append(table, rows)

    def flush(self):
        self.fail("flush")
        return super().flush()


def open_engine(options, context):
    url = context.db
    how = url.partition("fail=")[2]
    if how == "open":
        injected.append(how)
        raise Error(f"cannot reach {url}") from OSError(2, "gone", url)
    if how == "refuse":
        injected.append(how)
        raise DatabaseError(f"{url} is shut")
    if how == "warn":
        injected.append(how)
        context.warn("about", f"{url} is slow")
    if context.read_only and url not in stores:
        injected.append("missing")
        raise DatabaseNotFoundError(f"{url} does not exist")
    engine = stores.setdefault(url, Mem2(url))
    engine.failing = how
    return engine


class Sink:
    """Fails with all it knows of the database."""

    def __init__(self, context):
        self.context = context

    def emit(self, row):
        injected.append("sink")
        raise RuntimeError(f"{self.context} {self.context.db} {self.context.engine._url}")

    def flush(self): ...

    def close(self): ...


@hookimpl
def xetrack_engines():
    return [Provider("mem2", open_engine, schemes=("mem2",), errors=("mem2_plugin.Error",))]


@hookimpl
def xetrack_sinks():
    from dataclasses import dataclass

    @dataclass
    class Options:
        failing_sink: bool = False

    return [Provider("failing", lambda options, context: Sink(context), Options)]


@hookimpl
def xetrack_run_started(run):
    injected.append("hook")
    if run.db.startswith("mem2"):
        raise RuntimeError(f"{run} {run.db}")
