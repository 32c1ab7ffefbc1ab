"""A correct engine to derive broken ones from that processes share: `SqliteEngine`, with connections to lose."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from right_engine import ELSEWHERE

from xetrack.errors import DatabaseError
from xetrack.plugin import Plugin, Provider
from xetrack.sqlite import SqliteEngine, SqliteOptions
from xetrack_testing import EngineContract
from xetrack_testing.engine.names import NamesContract

SCHEME = "under-test://"


@dataclass(frozen=True)
class Options(SqliteOptions):
    """Options of its own, as those of a plugin."""


class Engine(SqliteEngine):
    """A SQLite engine whose next call may find the connection lost."""

    lost = False

    def __init__(self, db, options=None, *, read_only=False):
        super().__init__(db, options, read_only=read_only)
        self.db, self.read_only = db, read_only

    def _use(self):
        if self.lost:
            self.lost = False
            raise DatabaseError("the connection was lost")

    def append(self, table, rows):
        self._use()
        super().append(table, rows)

    def count(self, table, track_id=None):
        self._use()
        return super().count(table, track_id)


class Right(EngineContract):
    durable = shared = processes = True
    name = "under-test"
    options: ClassVar = {"timeout": 30.0}
    impatient: ClassVar = {"timeout": 0.1}
    patience = 4
    made = Engine
    made_options = Options
    schemes = ()

    def open(self, place):
        return self.made(self.url(place).removeprefix(SCHEME))

    def url(self, place):
        Path(place).mkdir(exist_ok=True)
        return str(place / "track.db")

    def plugin(self):
        made, options, schemes = self.made, self.made_options, self.schemes

        def open_it(chosen, context):
            return made(context.db.removeprefix(SCHEME), chosen, read_only=context.read_only)

        class UnderTest(Plugin):
            def xetrack_engines(self):
                return [Provider("under-test", open_it, options, schemes=schemes)]

        return UnderTest

    def lose_connection(self, engine):
        engine.lost = True


proven_here = {name for contract in ELSEWHERE for name in vars(contract) if name.startswith("test_")}
for test in [name for name in dir(Right) if name.startswith("test_") and name not in proven_here]:
    setattr(Right, test, None)


class ByScheme(Right):
    """The same, opened by URL alone."""

    by_scheme = True
    schemes = ("under-test",)

    def url(self, place):
        return SCHEME + super().url(place)


for test in {name for name in dir(Right) if name.startswith("test_")} - set(vars(NamesContract)):
    setattr(ByScheme, test, None)
