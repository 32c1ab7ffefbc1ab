"""Fixtures that open engines, and what the author of an engine defines."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack.plugin import Context, Engine, Provider
from xetrack.registry import discovered
from xetrack_testing.contract import Contract
from xetrack_testing.rows import TABLE, exact, rows_of

__all__ = ["EngineFixtures", "Opener", "stored"]

Opener = Callable[[], Engine]


class EngineFixtures(Contract):
    """Opens engines for the tests. See `EngineContract`."""

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    processes: ClassVar[bool] = False
    name: ClassVar[str] = ""
    by_scheme: ClassVar[bool] = False
    options: ClassVar[Mapping[str, Any]] = {}
    impatient: ClassVar[Mapping[str, Any]] = {}
    patience: ClassVar[float] = 20

    @abstractmethod
    def open(self, place: Path) -> Engine:
        """Return an open engine on the store that belongs to the folder `place`."""

    def url(self, place: Path) -> str:
        """Return the `db` argument of users, a path or URL, for the store that belongs to the folder `place`."""
        self.skip_without("url")
        raise NotImplementedError

    def plugin(self) -> Any:
        """Return the plugin, an object or class, that registers the engine; None if an installed one does."""
        return None

    def lose_connection(self, engine: Engine) -> None:
        """Break the engine's connection to its server, without telling the engine."""
        self.skip_without("lose_connection")

    def close_store(self, place: Path) -> None:
        """Remove the store that belongs to the folder `place`. Called after each test, once all engines are closed."""

    def provider(self) -> Provider[Engine]:
        """Return the provider that opens the engine for users. Skips the test unless `name` is declared."""
        self.require("name")
        plugin = self.plugin()
        if plugin is None:
            return discovered().pick("engines", self.name).provider
        made = plugin() if isinstance(plugin, type) else plugin
        return next(each for each in made.xetrack_engines() if each.name == self.name)

    def open_as_user(self, place: Path, *, read_only: bool = False, **options: Any) -> Engine:
        """Open the engine through its provider, as trackers and readers do."""
        provider, given = self.provider(), {**self.options, **options}
        engine = provider.open(
            provider.options(**given) if provider.options else None, Context(self.url(place), read_only=read_only)
        )
        assert engine is not None, f"the provider {self.name!r} opened nothing"
        return engine

    @pytest.fixture(autouse=True)
    def teardown(self, tmp_path: Path) -> Iterator[None]:
        """Remove the store after the test."""
        yield
        self.close_store(tmp_path)

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """A function that opens engines on this test's folder; they are closed after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open(tmp_path)))

    @pytest.fixture
    def engine(self, opener: Opener) -> Engine:
        """An engine on an empty store."""
        return opener()

    @pytest.fixture
    def reader(self, tmp_path: Path) -> Iterator[Opener]:
        """A function that opens read-only engines on this test's folder; they are closed after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open_as_user(tmp_path, read_only=True)))


def stored(engine: Engine) -> list[dict[str, tuple[str, str]]]:
    """Return the rows of the default table, in a form that compares exactly."""
    return exact(rows_of(engine.read(TABLE)))
