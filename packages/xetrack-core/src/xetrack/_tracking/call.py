"""One call of a function: run, measured, looked up in the result cache, and logged as a row."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from xetrack._spec.cache import Claim, ResultCache
from xetrack._tracking.call_event import call_event
from xetrack._tracking.describe import described, name_of, text_of
from xetrack._tracking.run import RunWriter
from xetrack._util.text import explain
from xetrack.errors import InvalidValueError, XetrackWarning

__all__ = ["Call"]

_PAUSE = 0.01  # seconds between polls for the result of another task


@dataclass(slots=True)
class Call:
    """A call while it runs and after it ended. Used as `with call: call.result = ...`, which logs it at the end.

    Attributes:
        tracker: held so that it is not closed while the call runs; a generator may outlive every other reference.
        source: "" if the result was computed, or the track id of the run that computed it. None without a cache.
        key: key in the cache; None if the call cannot be cached.
    """

    tracker: object
    run: RunWriter
    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    params: Mapping[str, Any]
    raise_on_error: bool
    depends_on: Sequence[Any] = ()
    force: bool = False
    seconds: float = 0.0
    result: Any = None
    error: BaseException | None = None
    source: str | None = None
    key: str | None = None
    _monitors: list[Any] = field(default_factory=list)
    _started: float = 0.0
    _claim: Claim | None = None

    # Running

    def __enter__(self) -> Self:
        for key, value in self.params.items():
            self.run.check(key, value)  # reject invalid params before the function runs
        if self.run.observers.monitors:
            self._monitors = self.run.observers.start()
        self._started = perf_counter()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        self.seconds = perf_counter() - self._started
        self.error = None if isinstance(error, GeneratorExit) else error  # a generator closed early is no error
        try:
            self._log()
        except Exception as failure:
            if error is None:
                raise
            what = f"a failed call of {name_of(self.function)} could not be logged: {failure}"
            with suppress(XetrackWarning):  # where warnings are errors, the function's own comes first
                self.run.warn("record", what)
        return isinstance(error, Exception) and not self.raise_on_error

    def _log(self) -> None:
        run = self.run
        params = {**run.params, **self.params} if self.params else run.params
        outcome: dict[str, Any] = {"error": described(self.error) if self.error else "", "function_time": self.seconds}
        if self.source is not None:
            outcome["cache"] = self.source
        fields, renamed = call_event(self.function, self.args, self.kwargs, outcome, self.result, params)
        for about, message in renamed.items():
            run.warn(about, message)
        row = {**self.params, **fields}
        if self._monitors:
            row = {**run.observers.stop(self._monitors, run.params), **row}
        try:
            run.log(row, run.lenient)
        except InvalidValueError as error:
            run.warn("value", f"{error} The row of {row['function_name']}() has its repr instead.")
            # an unsuitable value must not cost the whole row
            run.log(
                {key: value if run.can_store(key, value) else text_of(value) for key, value in row.items()},
                run.lenient,
            )

    # The cache. Its errors become warnings, and the call runs without it.

    def found(self) -> bool:
        """Look the call up in the cache. If the result is there, take it, and log the call."""
        cache = self.run.cache
        if cache is None:
            return False
        if self.key is None:
            try:
                params = {**self.run.params, **self.params}
                self.key = cache.key(self.function, self.args, self.kwargs, params, self.depends_on)
            except Exception as error:
                self._warn_of_cache(
                    "key", f"a call is not cached, because its key cannot be computed: {explain(error)}", error
                )
            if self.key is None:
                return False
            self.source = ""
        if self.force:
            return False
        try:
            entry = cache.get(self.key)
            if entry is None:
                return False
            result, source = entry["result"], entry["cache"]
        except Exception as error:
            self._failed("read", error)
            return False
        self.source, self.result = source, result
        if self.params or self.run.observers.monitors:
            with self:
                pass
        else:
            self._log()
        return True

    def keep(self) -> None:
        """Store the result of a successful call in the cache."""
        cache = self.run.cache
        if self.error is None and cache is not None and self.key is not None:
            try:
                cache.set(self.key, self.result, self.run.record.track_id)
            except Exception as error:
                self._failed("write", error)

    def claim(self, cache: ResultCache) -> None:
        """Claim the computation of the result."""
        try:
            claim = cache.claim(self.key or "")
            claim.__enter__()
            self._claim = claim
        except Exception as error:
            self._failed("claim", error)

    def wait(self) -> None:
        """Wait for the call that computes this result."""
        try:
            if self._claim is not None:
                self._claim.wait()
        except Exception as error:
            self._failed("claim", error)

    async def wait_async(self) -> None:
        """Wait for the call that computes this result, without blocking other tasks."""
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

    def release(self) -> None:
        """Release the claim."""
        try:
            if self._claim is not None:
                self._claim.__exit__(None, None, None)
        except Exception as error:
            self._failed("claim", error)

    def _failed(self, what: str, error: Exception) -> None:
        self._warn_of_cache(
            what, f"the result cache failed ({what}), and calls continue without it: {explain(error)}", error
        )

    def _warn_of_cache(self, what: str, message: str, error: Exception) -> None:
        if isinstance(error, XetrackWarning):  # where warnings are errors
            raise error
        self.run.warn(f"cache {what}", message)
