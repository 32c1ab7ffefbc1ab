"""What a cache of function results promises."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

__all__ = ["Claim", "ResultCache"]


class Claim(AbstractContextManager[Any], Protocol):
    """Somebody's wish to compute a result that is missing. Inside of the `with` block, others wait for them."""

    def wait(self) -> None:
        """Wait until nobody else computes it, or waiting could never end."""

    def poll(self) -> bool:
        """The same without waiting: False as long as somebody else computes it."""


@runtime_checkable
class ResultCache(Protocol):
    """Keeps results of function calls under a key. An entry is `{"result": value, "cache": track_id}`.

    What a method raises costs no call: it is warned of, and the function is called.
    """

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """The key of a call, different for calls whose results may differ; None, and a warning, if it has none.

        `params` are those of the run and of the call; `depends_on` is what else the result depends on.
        """

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The entry, or None. A damaged entry is None."""

    def set(self, key: str, result: object, track_id: str) -> None:
        """Keep a result and the run it came from. A result that cannot be kept is warned of."""

    def claim(self, key: str) -> Claim:
        """A claim on computing what is missing under a key, for a `with` block."""

    def delete_run(self, track_id: str) -> int:
        """Forget what a run computed; return how many entries."""

    def scan(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Every entry with its key."""

    def close(self) -> None:
        """Let go of everything."""
