"""Text for messages, and text that UTF-8 can encode."""

from collections.abc import Callable, Iterable
from typing import Any

from xetrack._redact import redacted

__all__ = ["clipped", "did_you_mean", "escaped", "explain", "is_utf8", "safe_text"]


def is_utf8(text: str) -> bool:
    """Return whether UTF-8 can encode the text. It cannot encode lone surrogates."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def safe_text(value: object, spell: Callable[[Any], str] = repr) -> str:
    """Return `spell(value)` with lone surrogates escaped; a placeholder if it raises."""
    try:
        text = spell(value)
    except Exception as error:
        text = f"<{type(value).__name__}: {spell.__name__}() raised {type(error).__name__}>"
    return escaped(text)


def clipped(value: object, length: int = 100) -> str:
    """Return the start of the repr of a value, for a message. Passwords of URLs are hidden before it is cut."""
    return redacted(safe_text(value))[:length]


def escaped(text: str) -> str:
    """Return the text with lone surrogates escaped, so that UTF-8 can encode it."""
    return text.encode("utf-8", "backslashreplace").decode()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'word'?"` for the closest known word, or `""` if none is close."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def explain(error: BaseException) -> str:
    """Return an error's type and message, and for a missing module how to install it."""
    told = f"{type(error).__name__}: {str(error).removesuffix('.')}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        told += f" Install the module: pip install {error.name.partition('.')[0]}"
    return told
