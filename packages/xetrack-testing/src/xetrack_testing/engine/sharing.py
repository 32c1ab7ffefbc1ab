"""One store, used by several threads, or by several engines, at once or in turn."""

from functools import partial

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.rows import TABLE, make_row, rows_of, stamp
from xetrack_testing.threads import run_together

__all__ = ["SharingContract"]


class SharingContract(EngineFixtures):
    """Threads share an engine; engines share a store, if that is declared."""

    def test_threads_share_an_engine(self, engine: Engine) -> None:
        """When 8 threads log the same times, no row is lost, and the rows of each thread stay in order."""

        def log(thread: int) -> None:
            for number in range(50):
                engine.append(TABLE, [make_row(number, {"thread": thread, "n": number, f"k{thread}": 1})])

        run_together(*(partial(log, thread) for thread in range(8)))
        rows = rows_of(engine.read(TABLE))
        assert [[row["n"] for row in rows if row["thread"] == each] for each in range(8)] == [list(range(50))] * 8

    def test_engines_on_one_store_see_each_others_rows_columns_and_tables(self, opener: Opener) -> None:
        """Also that a table was dropped. Requires `shared`."""
        self.require("shared")
        one, two = opener(), opener()
        one.append(TABLE, [make_row(0, {"n": 0})])
        clashing = make_row(0, {"n": 1, "new": 1})
        two.append(TABLE, [clashing])
        assert clashing["timestamp"] == stamp(1)
        one.append(TABLE, [make_row(2, {"n": 2, "new": 2})])
        assert one.read(TABLE)["n"] == two.read(TABLE)["n"] == [0, 1, 2]
        two.drop(TABLE)
        assert one.count(TABLE) == 0
        one.append(TABLE, [make_row(0, {"n": "text"})])
        assert two.read(TABLE)["n"] == ["text"]
