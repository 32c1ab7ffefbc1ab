"""A database path, and trackers that are closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xetrack import Tracker


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "track.db"


@pytest.fixture
def track(db: Path) -> Iterator[Callable[..., Tracker]]:
    """Makes trackers of the test's database."""
    made: list[Tracker] = []

    def make(**options: Any) -> Tracker:
        made.append(Tracker(options.pop("db", db), **options))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close()


@pytest.fixture
def tracker(track: Callable[..., Tracker]) -> Tracker:
    return track()
