"""Errors that point at a character."""

from xetrack.errors import FilterError

__all__ = ["mistake"]

_BEFORE, _AFTER = 60, 30  # characters of a long filter to show on either side of the mistake


def mistake(text: str, at: int, reason: str) -> FilterError:
    """Return the error for a mistake in the filter `text`, with the reason under a caret.

    Args:
        text: the whole filter.
        at: index of the character to point at; `len(text)` points behind the end.
        reason: what is wrong, and how to fix it.
    """
    start, end = max(at - _BEFORE, 0), at + _AFTER
    before = ("…" if start else "") + _on_one_line(text[start:at])
    after = _on_one_line(text[at:end]) + ("…" if end < len(text) else "")
    reason = _on_one_line(reason)
    error = FilterError(f"Invalid filter:\n  {before}{after}\n  {' ' * _width(before)}^ {reason}")
    error.text, error.position, error.reason = text, at, reason
    return error


def _on_one_line(text: str) -> str:
    """Replace each control character by a space, so that no terminal obeys it and the caret stays in its column."""
    return "".join(char if char.isprintable() else " " for char in text)


def _width(text: str) -> int:
    """Return how many columns a terminal needs for the text."""
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
