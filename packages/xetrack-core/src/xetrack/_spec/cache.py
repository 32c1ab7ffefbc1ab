"""Protocol of caches of function results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

__all__ = ["Claim", "ResultCache"]


class Claim(AbstractContextManager[Any], Protocol):
    """A claim to compute a missing result. Inside its `with` block, other claims to the same key wait."""

    def wait(self) -> None:
        """Wait until nobody else computes the result. Return at once if waiting could deadlock."""

    def poll(self) -> bool:
        """Return whether nobody else computes the result, without waiting."""


@runtime_checkable
class ResultCache(Protocol):
    """Stores the results of function calls. An entry is `{"result": value, "cache": track_id}`.

    A method that raises fails no call: the error becomes a warning, and the function is called.
    """

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """Return the key of a call. Calls whose results may differ have different keys.

        Args:
            function: the function to call.
            args: its positional arguments.
            kwargs: its keyword arguments.
            params: the params of the run and of the call.
            depends_on: whatever else the result depends on.

        Returns:
            The key, or None if the call cannot have one. Warn in that case.
        """

    def get(self, key: str) -> Mapping[str, Any] | None:
        """Return the entry; None if there is none, or if it is damaged."""

    def set(self, key: str, result: object, track_id: str) -> None:
        """Store a result and the run that computed it. Warn if the result cannot be stored."""

    def claim(self, key: str) -> Claim:
        """Return a claim to compute the result that is missing under a key."""

    def delete_run(self, track_id: str) -> int:
        """Delete the entries that a run computed; return how many."""

    def scan(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Return every key with its entry."""

    def close(self) -> None:
        """Release all resources."""
