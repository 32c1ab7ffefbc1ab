"""One call of a function, as a row: what ran, with what, how long, and what came of it."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial, wraps
from time import perf_counter
from types import FunctionType, TracebackType
from typing import Any, Self, TypeVar, overload

from xetrack._rows.configs import as_row
from xetrack._rows.normalize import check_key
from xetrack._spec.cache import ResultCache
from xetrack._tracking.describe import as_text, bounded, described, name_of, text_of, unpack_arguments
from xetrack._tracking.memo import Cached
from xetrack._util.arguments import flag, refused, sequence
from xetrack.errors import InvalidKeyError, OptionError, XetrackWarning

__all__ = ["Call", "Recorder", "runner", "wrapper"]

Function = TypeVar("Function", bound=Callable[..., Any])

_SPECIAL = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


@dataclass(slots=True)
class Call:
    """A call while it runs and after it ended, and what records it: used as `with call: call.result = ...`."""

    recorder: "Recorder"
    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    params: Mapping[str, Any]
    seconds: float = 0.0
    result: Any = None
    error: BaseException | None = None
    monitors: list[Any] = field(default_factory=list)
    depends_on: Sequence[Any] = ()
    force: bool = False
    cache: str | None = None
    """Where the result came from: "" if it was computed, a track id; None if no cache has to do with it."""
    _started: float = 0.0

    def __enter__(self) -> Self:
        self.recorder.start(self)
        self._started = perf_counter()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        self.seconds = perf_counter() - self._started
        self.error = None if isinstance(error, GeneratorExit) else error  # nobody wanted more of a generator
        try:
            self.recorder.record(self)
        except Exception as failure:
            if error is None:
                raise
            told = f"a failed call of {name_of(self.function)} could not be logged: {failure}"
            with suppress(XetrackWarning):  # where warnings are errors: the function's own comes first
                self.recorder.warn("record", told)
        return isinstance(error, Exception) and not self.recorder.raise_on_error

    @property
    def track_id(self) -> str:
        """The run that it is part of."""
        return self.recorder.track_id

    def key_in(self, cache: ResultCache) -> str | None:
        """Its key in a cache of results; None if it has none."""
        params = self.recorder.all_params(self.params)
        return cache.key(self.function, self.args, self.kwargs, params, self.depends_on)

    def recall(self, result: Any, source: str) -> None:
        """Log it as answered, without calling the function, by what the run `source` computed."""
        self.cache = source
        with self:
            self.result = result

    def warn(self, about: str, message: str) -> None:
        """Warn, once for each thing it is `about`."""
        self.recorder.warn(about, message)

    def row(self) -> dict[str, Any]:
        """The event to log. Params and keys of a returned dict that fields of the call would hide are renamed."""
        own: dict[str, Any] = {
            "function_name": name_of(self.function),
            "args": bounded(f"[{', '.join(map(text_of, self.args))}]"),
            "kwargs": bounded(f"{{{', '.join(f'{key!r}: {text_of(value)}' for key, value in self.kwargs.items())}}}"),
            "error": described(self.error),
            "function_time": self.seconds,
        }
        if self.cache is not None:
            own["cache"] = self.cache
        unpacked = unpack_arguments(self.function, self.args, self.kwargs)
        if not isinstance(self.result, dict):
            own["function_result"] = self.result
        params = self.recorder.all_params(self.params)
        hidden = [key for key in own if key in params]
        for key, value in unpacked.items():
            own[key if key not in own and _can_be_key(key) else f"argument_{as_text(key)}"] = value
        row, clashes = {**self.params, **own}, []
        returned = self.result if isinstance(self.result, dict) else {}
        for key in hidden:
            name = f"param_{key}"
            while name in own or name in returned or name in params:
                name = f"param_{name}"
            row[name] = params[key]
        for key, value in returned.items():
            name = key
            if key in own or not _can_be_key(key):
                clashes.append(key)
                name = f"result_{as_text(key)}"
                while name in own or name in returned or name in row:
                    name = f"result_{name}"
            row[name] = value
        self._warn_of_renamed("param", "params", hidden)
        self._warn_of_renamed("result", "the returned dict", clashes)
        return row

    def _warn_of_renamed(self, prefix: str, where: str, keys: Sequence[str]) -> None:
        if keys:
            names = ", ".join(map(repr, keys))
            self.warn(f"clash {prefix}", f"{names} of {where}: a field of the call has this name. Kept as {prefix}_….")


def run(call: Call) -> Any:
    """Call the function, or get its result from the cache."""
    cache = call.recorder.cache
    if cache is None or (cached := Cached.of(call, cache)) is None:
        return _run(call)
    if cached.found():
        return call.result
    with cached:
        cached.wait()
        if not cached.found():
            _run(call)
            cached.keep()
    return call.result


def _run(call: Call) -> Any:
    with call:
        call.result = call.function(*call.args, **call.kwargs)
    return call.result


async def run_async(call: Call) -> Any:
    """Await the function's result, or get it from the cache."""
    cache = call.recorder.cache
    if cache is None or (cached := Cached.of(call, cache)) is None:
        return await _run_async(call)
    if cached.found():
        return call.result
    with cached:
        await cached.turn()
        if not cached.found():
            await _run_async(call)
            cached.keep()
    return call.result


async def _run_async(call: Call) -> Any:
    with call:
        call.result = await call.function(*call.args, **call.kwargs)
    return call.result


def run_generator(call: Call) -> Generator[Any, Any, Any]:
    """Pass on what the generator yields; the row is logged when it ends or is closed."""
    with call:
        call.result = yield from call.function(*call.args, **call.kwargs)
    return call.result


async def run_async_generator(call: Call) -> AsyncGenerator[Any, None]:
    """Pass on what the generator yields; the row is logged when it ends or is closed."""
    with call:
        async with aclosing(call.function(*call.args, **call.kwargs)) as items:
            async for item in items:
                yield item


def runner(function: Callable[..., Any]) -> Callable[[Call], Any]:
    """Which of the four ways to run `function`."""
    if type(function) is FunctionType and not (function.__code__.co_flags & _SPECIAL or function.__dict__):
        return run  # nearly every function, known at a glance
    while isinstance(function, partial):
        function = function.func
    for candidate in (function, type(function).__call__):
        if inspect.iscoroutinefunction(candidate):
            return run_async
        if inspect.isasyncgenfunction(candidate):
            return run_async_generator
        if inspect.isgeneratorfunction(candidate):
            return run_generator
    return run


def wrapper(function: Any, begin: Callable[..., Call]) -> Any:
    """A function of the same kind, name and signature; each run of it is the call `begin(function, args, kwargs)`."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(wrapper(function.__func__, begin))
    kind = runner(function)

    def plain(*args: Any, **kwargs: Any) -> Any:
        return kind(begin(function, args, kwargs))

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        return await run_async(begin(function, args, kwargs))

    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from run_generator(begin(function, args, kwargs)))

    async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(run_async_generator(begin(function, args, kwargs))) as items:
            async for item in items:
                yield item

    # one of each kind, so that inspect.iscoroutinefunction and its like see what they saw before
    wrappers: dict[Any, Any] = {run_async: coroutine, run_generator: generator, run_async_generator: async_generator}
    chosen = wraps(function)(wrappers.get(kind, plain))
    if not hasattr(function, "__name__"):
        chosen.__name__ = name_of(function)
    return chosen


def _params(params: Any) -> Mapping[str, Any]:
    return {} if params is None else as_row(params, "params=")


_CONFIG = "For a config that is logged with the call: params=config."


def _keywords(kwargs: Any) -> dict[str, Any]:
    given = {} if kwargs is None else dict(as_row(kwargs, "kwargs="))
    for name in given:
        if not isinstance(name, str):
            raise refused("kwargs", name, "a name of a parameter is a text.")
    return given


def _has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Whether the function can be called with an argument of this name; True where nobody can say."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def _can_be_key(key: object) -> bool:
    try:
        check_key(key)
    except InvalidKeyError:
        return False
    return True


class Recorder(ABC):
    """Whatever logs calls: `track` and `wrap`."""

    raise_on_error: bool

    @property
    @abstractmethod
    def track_id(self) -> str:
        """The name of the run."""

    @property
    def cache(self) -> ResultCache | None:
        """The cache of results, if there is one."""
        return None

    @abstractmethod
    def all_params(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The params of the run together with those of a call."""

    @abstractmethod
    def start(self, call: Call) -> None:
        """The function is about to run. Called by the call itself."""

    @abstractmethod
    def record(self, call: Call) -> None:
        """The function ended: log its row. Called by the call itself."""

    @abstractmethod
    def warn(self, about: str, message: str) -> None:
        """Warn, once for each thing it is `about`."""

    def track(
        self,
        function: Callable[..., Any],
        /,
        *positional: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        depends_on: Sequence[Any] = (),
        cache_force: bool = False,
        **named: Any,
    ) -> Any:
        """Call `function`, log the call, and return the result.

        `track(f, 1, b=2)` and `track(f, args=[1], kwargs={"b": 2})` are the same; `params` are added to the row. A
        function whose own parameters have names of ours, like `args` or `params`, gets them through `kwargs`. Works
        with async functions and generators too: what they return is awaited or iterated as usual, and logged at its
        end.

        With a cache, a call that was made before is not made again. `depends_on` lists what else the result depends on:
        helper functions, classes, values. `cache_force=True` computes it whatever the cache has, and keeps the result.
        The row's `cache` is "" where the result was computed, or the track id of the run that did. Generators are never
        cached: a warning says so.

        The row has `function_name`, `args`, `kwargs`, `error` ("" if there was none), `function_time` in seconds, and
        `function_result`, or the items of a returned dict. What the function raises is logged and goes on, unless the
        tracker has `raise_on_error=False`: then None is returned. Raises `OptionError` if an argument is given twice.
        """
        if not callable(function):
            raise refused("function", function, "not a function. Give it without calling it: track(function, ...).")
        if args is not None or kwargs is not None:
            args = None if args is None else sequence("args", args)
            kwargs = _keywords(kwargs)
            if (positional and args is not None) or (named.keys() & kwargs):
                message = "give each argument of the function once: either directly, or with args= and kwargs=."
                raise OptionError(message)
        if "config" in named and params is None and not _has_parameter(function, "config"):
            raise OptionError(f"{name_of(function)}() has no parameter config. {_CONFIG}")
        call = Call(self, function, positional if args is None else args, {**(kwargs or {}), **named}, _params(params))
        force = flag("cache_force", cache_force)
        kind = runner(function)
        if type(depends_on) is not tuple:
            depends_on = sequence("depends_on", depends_on)
        if self.cache is not None:
            call.depends_on, call.force = depends_on, force
            self._warn_of_generator(function, kind)
        return kind(call)

    def _warn_of_generator(self, function: Any, kind: Callable[[Call], Any]) -> None:
        if kind in {run_generator, run_async_generator}:
            name = name_of(function)
            self.warn(f"cache generator {name}", f"{name} is a generator: its calls are tracked, and never cached.")

    @overload
    def wrap(self, function: Function) -> Function: ...
    @overload
    def wrap(
        self, *, params: Mapping[str, Any] | None = None, depends_on: Sequence[Any] = ()
    ) -> Callable[[Function], Function]: ...
    def wrap(
        self,
        function: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        depends_on: Sequence[Any] = (),
        **unknown: Any,
    ) -> Any:
        """Decorate a function so that every call of it is tracked: `@tracker.wrap`, `@tracker.wrap(params={...})`.

        `depends_on` is as for `track()`.
        """
        if unknown:
            cure = _CONFIG if "config" in unknown else "It takes params= and depends_on=."
            raise OptionError(f"wrap() has no argument {next(iter(unknown))}=. {cure}")
        chosen, others = dict(_params(params)), tuple(sequence("depends_on", depends_on))

        def begin(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
            return Call(self, function, args, kwargs, chosen, depends_on=others)

        def decorate(function: Any) -> Any:
            if not callable(function) and not isinstance(function, classmethod):
                raise refused("function", function, "not a function. Write @tracker.wrap above a function.")
            if self.cache is not None:
                plain = getattr(function, "__func__", function)
                self._warn_of_generator(plain, runner(plain))
            return wrapper(function, begin)

        return decorate if function is None else decorate(function)
