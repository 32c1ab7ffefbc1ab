"""What the tests of caches share: fixtures that open caches, and keys and entries by short names."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack.plugin import Context, Engine, ResultCache
from xetrack.sqlite import SqliteEngine
from xetrack_testing.cache.functions import add
from xetrack_testing.contract import Contract

__all__ = ["CacheFixtures", "Opener", "entry_of", "key_of"]

Opener = Callable[[], ResultCache]


class CacheFixtures(Contract):
    """Opens caches for the tests. See `CacheContract`."""

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    patience: ClassVar[float] = 10

    @abstractmethod
    def open(self, place: Path, context: Context) -> ResultCache:
        """Return an open cache that belongs to the folder `place`."""

    def damage(self, place: Path, key: str) -> None:
        """Change the stored bytes of the entry under `key`."""
        self.skip_without("damage")

    def open_engine(self, place: Path) -> Engine:
        """Return the engine of the context: that of `engine="sqlite"`, on the file `track.db` in the folder."""
        return SqliteEngine(str(place / "track.db"))

    def context(self, place: Path, engine: Engine) -> Context:
        """Return the context of a provider's `open`. Its warnings are collected in `self.warned`."""
        self.warned: list[str] = []
        return Context(
            str(place / "track.db"),
            track_id="run-1",
            engine=engine,
            warn=lambda _, message: self.warned.append(message),
        )

    @contextmanager
    def opened(self, place: str | Path) -> Iterator[ResultCache]:
        """Open a cache, and the engine of its context, for a `with` block."""
        folder = Path(place)
        with ExitStack() as opened:
            engine = opened.enter_context(closing(self.open_engine(folder)))
            yield opened.enter_context(closing(self.open(folder, self.context(folder, engine))))

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """A function that opens caches in this test's folder; they are closed after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(self.opened(tmp_path))

    @pytest.fixture
    def cache(self, opener: Opener) -> ResultCache:
        """An empty cache."""
        return opener()


def key_of(cache: ResultCache, *arguments: object) -> str:
    """Return the key of calling `add` with arguments."""
    key = cache.key(add, arguments, {}, {})
    assert key is not None, f"there is no key for the arguments {arguments}"
    return key


def entry_of(cache: ResultCache, key: str) -> tuple[Any, str]:
    """Return the result under a key, and the run that computed it."""
    entry = cache.get(key)
    assert entry is not None, "the entry is missing"
    return entry["result"], entry["cache"]
