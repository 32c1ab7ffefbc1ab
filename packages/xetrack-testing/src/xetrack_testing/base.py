"""What the parts of the engine's contract have in common."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import ClassVar

import pytest

from xetrack.plugin import Engine
from xetrack_testing.contract import Contract

__all__ = ["Base", "Opener"]

Opener = Callable[[], Engine]


class Base(Contract):
    """How a test gets at engines. See `EngineContract`."""

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False

    @abstractmethod
    def open(self, place: Path) -> Engine:
        """An open engine over the store that belongs to the folder `place`."""

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """Opens engines on this test's place, and closes them after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open(tmp_path)))

    @pytest.fixture
    def engine(self, opener: Opener) -> Engine:
        """An engine over an empty store."""
        return opener()
