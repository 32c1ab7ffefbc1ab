"""Keys of calls: calls have the same key only if the function cannot tell them apart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xetrack_cache.binding import bind
from xetrack_cache.encoder import Encoder, NotEncodableError, encodes
from xetrack_cache.function_keys import encode_callable, encode_function
from xetrack_cache.object_keys import encode_object

__all__ = ["call_key"]

encodes(object)(encode_object)  # every type without an encoder of its own


def call_key(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    params: Mapping[str, Any],
    depends_on: Sequence[Any] = (),
    *,
    version: str = "code",
    content: bool = False,
) -> str:
    """Return the key of a call.

    Args:
        function: what is called.
        args: its positional arguments.
        kwargs: its keyword arguments.
        params: the params of the run and of the call.
        depends_on: what else the result depends on.
        version: `"code"` to tell functions apart by their code; `"none"`, or any other text, to put that in its place.
        content: encode unhashable arguments by their content.

    Returns:
        `module.qualname:` and 40 hexadecimal digits.

    Raises:
        NotEncodableError: an argument cannot be part of a key.
    """
    encoder = Encoder(content=content)
    try:
        bound = bind(function, args, kwargs)
        if bound is None:
            name = encode_callable(encoder, function, version)
            encoder.children(b"(", args)
        else:
            target, names, values, args, kwargs = bound
            name = encode_function(encoder, target, version)
            encoder.parts.append(names)
            encoder.encode_all(values)
            if args:
                encoder.children(b"(", args)
        if kwargs:
            encoder.pairs(b"k", kwargs.items())
        encoder.inside += 1  # only arguments have to be hashable
        if params:
            encoder.pairs(b"p", sorted(params.items()))
        if depends_on:
            encoder.children(b"d", depends_on)
    except RecursionError:
        raise NotEncodableError(function, "an argument is nested too deeply") from None
    return f"{name}:{encoder.digest()}"
