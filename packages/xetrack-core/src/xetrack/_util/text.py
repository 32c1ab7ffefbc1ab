"""Text that UTF-8 can encode, whatever it is made of."""

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["did_you_mean", "escaped", "is_utf8", "safe_text"]


def is_utf8(text: str) -> bool:
    """Whether UTF-8 can encode the text; it cannot encode a lone surrogate."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def safe_text(value: object, spell: Callable[[Any], str] = repr) -> str:
    """`spell(value)`, whatever it does, as text that a database can store."""
    try:
        text = spell(value)
    except Exception as error:
        text = f"<{type(value).__name__}: {type(error).__name__} on showing it>"
    return escaped(text)


def escaped(text: str) -> str:
    """Return the text with lone surrogates escaped, so that UTF-8 can encode it."""
    return text.encode("utf-8", "backslashreplace").decode()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'word'?" for the known word that is closest, or "" if none is close."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def explain(error: BaseException) -> str:
    """What failed, and for a missing module what to install."""
    told = f"{type(error).__name__}: {error}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        told += f" Install what brings the module: pip install {error.name.partition('.')[0]}"
    return told
