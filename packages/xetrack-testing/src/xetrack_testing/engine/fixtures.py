"""Fixtures that open engines."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import ClassVar

import pytest

from xetrack.plugin import Engine
from xetrack_testing.contract import Contract
from xetrack_testing.rows import TABLE, exact, rows_of

__all__ = ["EngineFixtures", "Opener", "stored"]

Opener = Callable[[], Engine]


class EngineFixtures(Contract):
    """Opens engines for the tests. See `EngineContract`."""

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False

    @abstractmethod
    def open(self, place: Path) -> Engine:
        """Return an open engine on the store that belongs to the folder `place`."""

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """A function that opens engines on this test's folder; they are closed after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open(tmp_path)))

    @pytest.fixture
    def engine(self, opener: Opener) -> Engine:
        """An engine on an empty store."""
        return opener()


def stored(engine: Engine) -> list[dict[str, tuple[str, str]]]:
    """Return the rows of the default table, in a form that compares exactly."""
    return exact(rows_of(engine.read(TABLE)))
