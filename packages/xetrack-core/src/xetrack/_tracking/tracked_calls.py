"""`track` and `wrap`: calls of functions that become rows."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from xetrack._rows.configs import as_row
from xetrack._spec.cache import ResultCache
from xetrack._tracking.call import Call
from xetrack._tracking.describe import name_of
from xetrack._tracking.run import RunWriter
from xetrack._tracking.runners import is_generator, run_plain, runner, wrapper
from xetrack._util.arguments import flag, refused, sequence
from xetrack.errors import OptionError

__all__ = ["TrackedCalls"]

Function = TypeVar("Function", bound=Callable[..., Any])

_CONFIG = "For a config that is logged with the call: params=config."


class TrackedCalls:
    """Logs calls into the run that `_run` writes."""

    _run: RunWriter
    raise_on_error: bool

    @property
    def cache(self) -> ResultCache | None:
        """The cache of results; None without one."""
        return self._run.cache

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
        call = Call(
            self,
            self._run,
            function,
            positional if args is None else args,
            {**kwargs, **named} if kwargs else named,
            {} if params is None else as_row(params, "params="),
            self.raise_on_error,
            depends_on if type(depends_on) is tuple else sequence("depends_on", depends_on),
            cache_force is not False and flag("cache_force", cache_force),
        )
        kind = runner(function)
        if kind is not run_plain:
            self._warn_of_generator(function, kind)
        return kind(call)

    def _warn_of_generator(self, function: Any, kind: Callable[[Call], Any]) -> None:
        if self.cache is not None and is_generator(kind):
            name = name_of(function)
            self._run.warn(
                f"cache generator {name}", f"{name} is a generator: its calls are tracked, and never cached."
            )

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
        chosen = {} if params is None else dict(as_row(params, "params="))
        others = tuple(sequence("depends_on", depends_on))

        def begin(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
            return Call(self, self._run, function, args, kwargs, chosen, self.raise_on_error, others)

        def decorate(function: Any) -> Any:
            if not callable(function) and not isinstance(function, classmethod):
                raise refused("function", function, "not a function. Write @tracker.wrap above a function.")
            plain = getattr(function, "__func__", function)
            self._warn_of_generator(plain, runner(plain))
            return wrapper(function, begin)

        return decorate if function is None else decorate(function)

    def _generate_cache_key(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """The key under which `track(func, args=args, ...)` finds its result; None if it cannot be cached."""
        cache = self.cache
        return None if cache is None else cache.key(func, args, kwargs, {**self._run.params, **params}, depends_on)


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
