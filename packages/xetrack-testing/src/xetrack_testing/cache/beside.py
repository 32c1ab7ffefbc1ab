"""A cache is opened beside the engine of its tracker."""

from contextlib import closing
from pathlib import Path

from xetrack_testing.cache.fixtures import CacheFixtures, key_of
from xetrack_testing.rows import TABLE, make_row

__all__ = ["BesideContract"]


class BesideContract(CacheFixtures):
    """`Context.engine`, which a cache may use."""

    def test_the_engine_stays_open(self, tmp_path: Path) -> None:
        """Closing the cache does not close it."""
        with closing(self.open_engine(tmp_path)) as engine:
            cache = self.open(tmp_path, self.context(tmp_path, engine))
            cache.set(key_of(cache), 7, "run-1")
            cache.close()
            engine.append(TABLE, [make_row(0)])
            assert engine.count(TABLE) == 1

    def test_a_cache_adds_no_events(self, tmp_path: Path) -> None:
        """Neither tables nor rows, whatever it stores in the database."""
        with closing(self.open_engine(tmp_path)) as engine:
            engine.append(TABLE, [make_row(0)])
            with closing(self.open(tmp_path, self.context(tmp_path, engine))) as cache:
                cache.set(key_of(cache), 7, "run-1")
            assert (engine.tables(), engine.count(TABLE)) == ([TABLE], 1)
