"""A cache of results over any mapping from text to bytes: keys, checksums and warnings."""

import pickle
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from xetrack.errors import UntrustedError, XetrackWarning
from xetrack.plugin import Context, explain, safe_mode
from xetrack_cache.call_keys import call_key
from xetrack_cache.encoder import UNHASHABLE, NotEncodableError
from xetrack_cache.entry_format import load_plain, pack, unpack
from xetrack_cache.names import full_name
from xetrack_cache.single_flight import Claim, Flights, own_flights

__all__ = ["Results"]


class Results:
    """A `ResultCache` over a `MutableMapping[str, bytes]`, for a plugin's `open` to return.

    If the mapping raises, a warning is shown once and the call continues without the cache. Threads that want the same
    missing result compute it once. For processes to do so too, pass `flights` over a lock file that they share, as
    `xetrack_cache.single_flight.flights` does.

    Args:
        entries: the mapping that stores the entries.
        context: the context that `open` was given.
        version: see `CacheOptions.cache_version`.
        content: whether `cache_args="content"` is set.
        flights: returns the table of results that are being computed.
    """

    def __init__(
        self,
        entries: MutableMapping[str, bytes],
        context: Context,
        *,
        version: str = "code",
        content: bool = False,
        flights: Callable[[], Flights] | None = None,
    ) -> None:
        self.entries = entries
        self._warn = context.warn
        self._version = version
        self._content = content
        self._load: Callable[[Any], Any] = load_plain if safe_mode() else pickle.loads
        self._flights = flights or own_flights()

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """Return the key of a call. If it cannot be cached, warn (once per type) and return None."""
        try:
            return call_key(function, args, kwargs, params, depends_on, version=self._version, content=self._content)
        except NotEncodableError as refused:
            kind = full_name(refused.kind).removeprefix("builtins.")
            message = f"calls with a value of type {kind} are not cached: it {refused.why}.{_cure(refused)}"
            self._warn(f"cache type {kind}", message)
        except XetrackWarning:  # where warnings are errors
            raise
        except Exception as error:
            name = full_name(function)
            self._warn(
                f"cache key {name}",
                f"a call of {name} is not cached, because computing its key failed: {explain(error)}",
            )
        return None

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the entry `{"result": value, "cache": track_id}`, or None. A damaged one is None, with a warning."""
        try:
            entry = self.entries.get(key)
            found = unpack(key, entry)
            if found is not None:
                return {"result": self._load(found[1]), "cache": found[0]}
        except UntrustedError as error:
            self._warn("cache trust", f"a cached result is computed again because XETRACK_SAFE is set: {error}")
        except Exception as error:
            self._warn("cache read", f"a cached result cannot be read and is computed again: {explain(error)}")
        else:
            if entry is not None:
                self._warn("cache damage", f"a cached result is damaged and is computed again: {key}")
        return None

    def set(self, key: str, result: object, track_id: str) -> None:
        """Store a result. If it cannot be stored, warn (once per function)."""
        try:
            self.put(key, pack(key, result, track_id), track_id)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            name = key.rpartition(":")[0]
            message = f"the result of {name} cannot be pickled, so it is not cached: {explain(error)}"
            self._warn(f"cache value {name}", message)
        except Exception as error:
            self._warn("cache write", f"results are not cached because the cache cannot be written: {explain(error)}")

    def put(self, key: str, entry: bytes, track_id: str) -> None:
        """Store an entry computed by the run `track_id`."""
        self.entries[key] = entry

    def claim(self, key: str) -> Claim:
        """Return a claim to compute the result of `key`."""
        return self._flights().claim(key)

    def delete_run(self, track_id: str) -> int:
        """Delete the entries that a run computed. Return how many there were."""
        gone = [key for key, (run, _) in self._whole() if run == track_id]
        for key in gone:
            del self.entries[key]
        return len(gone)

    def scan(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every readable entry with its key."""
        for key in list(self.entries):
            entry = self.get(key)
            if entry is not None:
                yield key, entry

    def _whole(self) -> Iterator[tuple[str, tuple[str, memoryview]]]:
        for key in list(self.entries):
            found = unpack(key, self.entries.get(key))
            if found is not None:
                yield key, found

    def close(self) -> None:
        """Do nothing: the mapping belongs to the plugin."""


def _cure(refused: NotEncodableError) -> str:
    if refused.why == UNHASHABLE:
        return ' Give it a __hash__, or set cache_args="content" to compare lists, dicts and arrays by content.'
    return " Give it a method __cache_key__() that returns what identifies it."
