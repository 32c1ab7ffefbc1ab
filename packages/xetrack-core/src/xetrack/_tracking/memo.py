"""A call beside the cache of results: looked up, or computed by one while the others wait, and kept."""

from types import TracebackType
from typing import Any, Protocol, Self

from xetrack._spec.cache import Claim, ResultCache
from xetrack._util.text import explain
from xetrack.errors import XetrackWarning

__all__ = ["Cacheable", "Cached"]

_PAUSE = 0.01  # seconds between two looks of a task at whether another one is done


class Cacheable(Protocol):
    """What is to be known of a call here."""

    result: Any
    error: BaseException | None
    cache: str | None

    @property
    def force(self) -> bool:
        """Whether it is computed whatever the cache has."""

    def key_in(self, cache: ResultCache) -> str | None:
        """Its key."""

    def recall(self, result: Any, source: str) -> None:
        """Log it as answered by the run `source`."""

    def warn(self, about: str, message: str) -> None:
        """Warn, once for each thing it is `about`."""

    @property
    def track_id(self) -> str:
        """The run that it is part of."""


class Cached:
    """A call that has a key in a cache. Whatever the cache raises is warned of, and the call goes on without it.

    Used as `with cached: ...` to be the only one who computes it, once `wait()` or `turn()` have returned.
    """

    __slots__ = ("_cache", "_call", "_claim", "_key")

    def __init__(self, call: Cacheable, cache: ResultCache, key: str) -> None:
        self._call = call
        self._cache = cache
        self._key = key
        self._claim: Claim | None = None

    @classmethod
    def of(cls, call: Cacheable, cache: ResultCache) -> Self | None:
        """The call with its key; None if it has none."""
        try:
            key = call.key_in(cache)
        except XetrackWarning:  # where warnings are errors
            raise
        except Exception as error:
            call.warn("cache key", f"a call is not cached, as its key cannot be made: {explain(error)}")
            return None
        if key is None:
            return None
        call.cache = ""
        return cls(call, cache, key)

    def found(self) -> bool:
        """Whether the cache has the result. Then the call is logged, and has the result."""
        if self._call.force:
            return False
        try:
            entry = self._cache.get(self._key)
            if entry is None:
                return False
            result, source = entry["result"], entry["cache"]
        except Exception as error:
            self._failed("read", error)
            return False
        self._call.recall(result, source)
        return True

    def keep(self) -> None:
        """Keep the result of a call that went well."""
        if self._call.error is None:
            try:
                self._cache.set(self._key, self._call.result, self._call.track_id)
            except Exception as error:
                self._failed("write", error)

    def __enter__(self) -> Self:
        """Make known that the result is wanted."""
        try:
            claim = self._cache.claim(self._key)
            claim.__enter__()
            self._claim = claim
        except Exception as error:
            self._failed("claim", error)
        return self

    def wait(self) -> None:
        """Wait for whoever computes the same."""
        try:
            if self._claim is not None:
                self._claim.wait()
        except Exception as error:
            self._failed("claim", error)

    async def turn(self) -> None:
        """Wait for whoever computes the same, while other tasks go on."""
        import asyncio

        while not self._is_free():
            try:
                asyncio.get_running_loop()
            except RuntimeError:  # another kind of event loop: computed twice is better than not at all
                return
            await asyncio.sleep(_PAUSE)

    def _is_free(self) -> bool:
        try:
            return self._claim is None or self._claim.poll()
        except Exception as error:
            self._failed("claim", error)
            return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Let the next one have it."""
        try:
            if self._claim is not None:
                self._claim.__exit__(None, None, None)
        except Exception as failure:
            self._failed("claim", failure)

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, XetrackWarning):  # where warnings are errors
            raise error
        message = f"the cache of results failed ({what}), and calls go on without it: {explain(error)}"
        self._call.warn(f"cache {what}", message)
