"""`track` and `wrap`: log function calls as rows."""

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

_CONFIG = "To log a config with the call, use params=config."


class TrackedCalls:
    """Logs calls into the run that `_run` writes."""

    _run: RunWriter
    raise_on_error: bool

    @property
    def cache(self) -> ResultCache | None:
        """The result cache, or None."""
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
        """Call `function`, log the call as a row, and return the result.

        `track(f, 1, b=2)` and `track(f, args=[1], kwargs={"b": 2})` are the same call. Async functions and generators
        work too: await or iterate the result as usual; the row is logged at its end.

        The row has `function_name`, `args`, `kwargs`, `error` ("" without one), `function_time` in seconds, and
        `function_result`, or the items of a returned dict. An exception is logged and re-raised, unless the tracker
        has `raise_on_error=False`; then None is returned.

        With a cache, repeated calls return the stored result. The row's `cache` is "" if the result was
        computed, or the track id of the run that computed it. Generators are never cached; a warning says so.

        Args:
            function: what to call.
            positional, named: its arguments.
            args, kwargs: its arguments, for functions whose parameters have the same names as these, like `params`.
            params: values to add to the row: a dict or a config.
            depends_on: what else a cached result depends on: helper functions, classes, values.
            cache_force: compute the result even if it is cached, and store it.

        Raises:
            OptionError: an argument is given twice or not valid. The function was not called.
        """
        if not callable(function):
            raise refused(
                "function", function, "not callable. Pass the function without calling it: track(function, ...)."
            )
        if args is not None or kwargs is not None:
            args = None if args is None else sequence("args", args)
            kwargs = _keywords(kwargs)
            if (positional and args is not None) or (named.keys() & kwargs):
                message = "an argument of the function is given twice. Pass it either directly, or in args= or kwargs=."
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
                f"cache generator {name}", f"{name} is a generator, so its calls are tracked but never cached."
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
        """Decorate a function so that every call of it is tracked: `@tracker.wrap` or `@tracker.wrap(params={...})`.

        `params` and `depends_on` are those of `track()`.
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
                raise refused("function", function, "not callable. Write @tracker.wrap above a function.")
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
        """Return the cache key of `track(func, args=args, ...)`, or None if the call cannot be cached."""
        cache = self.cache
        return None if cache is None else cache.key(func, args, kwargs, {**self._run.params, **params}, depends_on)


def _keywords(kwargs: Any) -> dict[str, Any]:
    given = {} if kwargs is None else dict(as_row(kwargs, "kwargs="))
    for name in given:
        if not isinstance(name, str):
            raise refused("kwargs", name, "parameter names must be text.")
    return given


def _has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Whether the function takes an argument of this name. True if it has no signature."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
