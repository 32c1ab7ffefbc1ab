"""Transactions, which may be nested."""

import pytest

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures, stored
from xetrack_testing.rows import TABLE, exact, make_row, rows_of

__all__ = ["TransactionsContract"]


class TransactionsContract(EngineFixtures):
    """`transaction()` keeps all that was written inside, or nothing."""

    def test_a_transaction_commits_at_its_end(self, engine: Engine) -> None:
        """All of its changes are visible."""
        with engine.transaction():
            engine.append(TABLE, [make_row(0, {"n": 0})])
            engine.append(TABLE, [make_row(1, {"n": 1})])
            engine.update(TABLE, "n", 7, where=("n", 0))
        assert engine.read(TABLE)["n"] == [7, 1]

    def test_a_transaction_may_name_its_tables(self, engine: Engine) -> None:
        """All of them are written or none, whether they exist yet or not. A block inside may name some of them."""
        for number, tables in enumerate(([], [TABLE], (TABLE, "other"), None)):
            with engine.transaction(tables), engine.transaction(tables=tables):
                engine.set_metadata({"note": "x"})
                for table in tables or ():
                    engine.append(table, [make_row(number)])
        assert (engine.count(TABLE), engine.count("other")) == (2, 1)
        with pytest.raises(ZeroDivisionError), engine.transaction([TABLE, "new"]):
            with engine.transaction(["new"]):
                engine.append("new", [make_row(0)])
            engine.append(TABLE, [make_row(9)])
            _ = 1 / 0
        assert (engine.count(TABLE), engine.tables()) == (2, sorted([TABLE, "other"]))

    def test_a_transaction_that_raises_leaves_no_trace(self, engine: Engine) -> None:
        """Rows, columns, tables, updates and deletions are rolled back, and the engine stays usable."""
        engine.append(TABLE, [make_row(0, {"n": 0})])
        with pytest.raises(ZeroDivisionError), engine.transaction():
            engine.append(TABLE, [make_row(1, {"n": 1, "new": 1})])
            engine.append("other", [make_row(0)])
            engine.update(TABLE, "n", 9)
            engine.delete(TABLE, "run-1")
            _ = 1 / 0
        assert stored(engine) == exact([make_row(0, {"n": 0})])
        assert engine.tables() == [TABLE]
        assert "new" not in engine.columns(TABLE)
        engine.append(TABLE, [make_row(2, {"n": 2, "new": 2})])
        engine.append("other", [make_row(0)])
        assert engine.read(TABLE)["n"] == [0, 2]

    def test_an_inner_transaction_rolls_back_alone(self, engine: Engine) -> None:
        """The outer transaction continues and commits."""
        with engine.transaction():
            engine.append(TABLE, [make_row(0, {"n": 0})])
            with pytest.raises(ZeroDivisionError), engine.transaction():
                engine.append(TABLE, [make_row(1, {"n": 1, "inner": 1})])
                _ = 1 / 0
            engine.append(TABLE, [make_row(2, {"n": 2})])
        assert engine.read(TABLE)["n"] == [0, 2]
        engine.append(TABLE, [make_row(3, {"n": 3, "inner": 3})])
        assert rows_of(engine.read(TABLE))[-1]["inner"] == 3

    def test_an_outer_transaction_rolls_back_the_inner_one(self, engine: Engine) -> None:
        """Only the outermost transaction commits."""
        with pytest.raises(ZeroDivisionError), engine.transaction():
            with engine.transaction():
                engine.append(TABLE, [make_row(0)])
            _ = 1 / 0
        assert engine.count(TABLE) == 0
