"""The four kinds of functions, each run as a tracked call: plain, async, generator, async generator."""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from functools import partial, wraps
from types import FunctionType
from typing import Any

from xetrack._tracking.call import Call
from xetrack._tracking.describe import name_of

__all__ = ["is_generator", "run_plain", "runner", "wrapper"]

_SPECIAL = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def run_plain(call: Call) -> Any:
    """Call the function, or take its result from the cache."""
    if call.found():
        return call.result
    cache = call.run.cache
    if cache is None or call.key is None:
        return _run(call)
    try:
        call.claim(cache)
        call.wait()
        if not call.found():
            _run(call)
            call.keep()
    finally:
        call.release()
    return call.result


def _run(call: Call) -> Any:
    with call:
        call.result = call.function(*call.args, **call.kwargs)
    return call.result


async def run_async(call: Call) -> Any:
    """Await the function's result, or take it from the cache."""
    if call.found():
        return call.result
    cache = call.run.cache
    if cache is None or call.key is None:
        return await _run_async(call)
    try:
        call.claim(cache)
        await call.wait_async()
        if not call.found():
            await _run_async(call)
            call.keep()
    finally:
        call.release()
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
    """Return the one of four ways to run `function`."""
    if type(function) is FunctionType and not (function.__code__.co_flags & _SPECIAL or function.__dict__):
        return run_plain  # nearly every function, known at a glance
    while isinstance(function, partial):
        function = function.func
    for candidate in (function, type(function).__call__):
        if inspect.iscoroutinefunction(candidate):
            return run_async
        if inspect.isasyncgenfunction(candidate):
            return run_async_generator
        if inspect.isgeneratorfunction(candidate):
            return run_generator
    return run_plain


def is_generator(kind: Callable[[Call], Any]) -> bool:
    """Whether this runner is one for generators."""
    return kind is run_generator or kind is run_async_generator


def wrapper(function: Any, begin: Callable[..., Call]) -> Any:
    """Return a function of the same kind, name and signature that runs the call `begin(function, args, kwargs)`."""
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

    # one of each kind, so that inspect.iscoroutinefunction and others give the same answers as before
    wrappers: dict[Any, Any] = {run_async: coroutine, run_generator: generator, run_async_generator: async_generator}
    chosen = wraps(function)(wrappers.get(kind, plain))
    if not hasattr(function, "__name__"):
        chosen.__name__ = name_of(function)
    return chosen
