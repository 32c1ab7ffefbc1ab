"""A connection to a server may break at any time."""

from contextlib import suppress

import pytest

from xetrack.errors import DatabaseError
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.rows import TABLE, make_row

__all__ = ["ConnectionsContract"]


class ConnectionsContract(EngineFixtures):
    """Lost connections. Requires `lose_connection`, which engines of servers define."""

    def test_an_engine_recovers_from_a_lost_connection(self, opener: Opener) -> None:
        """The next call may raise `DatabaseError`; then nothing of it is stored, and the one after works."""
        engine = opener()
        engine.append(TABLE, [make_row(0, {"n": 0})])
        self.lose_connection(engine)
        wanted = [0]
        with suppress(DatabaseError):
            engine.append(TABLE, [make_row(1, {"n": 1})])
            wanted.append(1)
        engine.append(TABLE, [make_row(2, {"n": 2})])
        wanted.append(2)
        assert engine.read(TABLE)["n"] == wanted
        self.lose_connection(engine)
        with suppress(DatabaseError):
            engine.count(TABLE)
        assert engine.count(TABLE) == len(wanted)

    def test_a_connection_lost_in_a_transaction_stores_nothing_of_it(self, opener: Opener) -> None:
        """The block raises `DatabaseError`, even if its later calls would succeed."""
        engine = opener()
        engine.append(TABLE, [make_row(0, {"n": 0})])

        def lose_it_inside() -> None:
            with engine.transaction():
                engine.append(TABLE, [make_row(1, {"n": 1})])
                self.lose_connection(engine)
                engine.append(TABLE, [make_row(2, {"n": 2})])

        with pytest.raises(DatabaseError):
            lose_it_inside()
        assert engine.read(TABLE)["n"] == [0]
        engine.append(TABLE, [make_row(3, {"n": 3})])
        assert engine.read(TABLE)["n"] == [0, 3]
