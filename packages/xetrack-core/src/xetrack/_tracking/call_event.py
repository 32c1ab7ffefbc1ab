"""The event that describes a call: its function, arguments, duration and outcome."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xetrack._rows.normalize import check_key
from xetrack._tracking.describe import MAX_TEXT, as_text, bounded, name_of, text_of, unpack_arguments
from xetrack.errors import InvalidKeyError

__all__ = ["call_event"]


def call_event(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    outcome: Mapping[str, Any],
    result: Any,
    params: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a call, and the warnings to issue.

    Params and keys of a returned dict are renamed if a field of the call has the same name.

    Args:
        function: what was called.
        args: its positional arguments.
        kwargs: its keyword arguments.
        outcome: fields known already, such as `error` and `function_time`.
        result: what was returned.
        params: those of the run and of the call.

    Returns:
        The fields, params aside unless renamed, and messages by what they are about.
    """
    arguments = f"[{', '.join(map(text_of, args))}]"
    fields: dict[str, Any] = {
        "function_name": name_of(function),
        "args": arguments if len(arguments) <= MAX_TEXT else bounded(arguments),
        "kwargs": bounded(f"{{{', '.join(f'{key!r}: {text_of(kwargs[key])}' for key in kwargs)}}}") if kwargs else "{}",
        **outcome,
    }
    returned = result if isinstance(result, dict) else {}
    if returned is not result:
        fields["function_result"] = result
    hidden = fields.keys() & params.keys() if params else ()
    for key, value in unpack_arguments(function, args, kwargs).items():
        fields[key if key not in fields and _can_be_key(key) else f"argument_{as_text(key)}"] = value
    event = dict(fields)
    renamed: dict[Any, str] = {}
    for key in (each for each in params if each in hidden):
        renamed[key] = name = _free(f"param_{key}", "param_", fields, returned, params)
        event[name] = params[key]
    clashes: dict[Any, str] = {}
    for key, value in returned.items():
        if key in fields or not _can_be_key(key):
            clashes[key] = name = _free(f"result_{as_text(key)}", "result_", fields, returned, event)
            event[name] = value
        else:
            event[key] = value
    if not hidden and not clashes:
        return event, {}
    return event, _warnings(param=("params", renamed), result=("the returned dict", clashes))


def _free(name: str, prefix: str, *taken: Mapping[Any, Any]) -> str:
    while any(name in each for each in taken):
        name = f"{prefix}{name}"
    return name


def _warnings(**renamed: tuple[str, Mapping[Any, str]]) -> dict[str, str]:
    return {
        f"clash {prefix}": f"{', '.join(map(repr, keys))} in {where}: a column of tracked calls has the same name. "
        f"Logged as {', '.join(keys.values())}."
        for prefix, (where, keys) in renamed.items()
        if keys
    }


def _can_be_key(key: object) -> bool:
    try:
        check_key(key)
    except InvalidKeyError:
        return False
    return True
