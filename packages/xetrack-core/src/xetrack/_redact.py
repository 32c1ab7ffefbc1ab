"""Hide passwords in text that people read. Nothing is below this module, so that errors can use it, too."""

import re

__all__ = ["HIDDEN", "is_secret", "redact_error", "redacted"]

HIDDEN = "***"
"""What stands for a password."""

# Greedy to the last @ of the word: a password that should be percent-encoded may hold any of : / ? # @. One slash is
# enough, because pathlib shortens "://".
_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*:/+[^\s:/?#]*:)\S*@", re.IGNORECASE)
_HIDDEN = "pass|pwd|token|secret|credential|signature|auth|api_?key|access_?key"
_PARAMETER = re.compile(rf"([?&;][^=&\s]*(?:{_HIDDEN})[^=&\s]*=)(?!\*\*\*)[^&\s]+", re.IGNORECASE)
_MOST = 20  # errors that led to one another


def redacted(text: str) -> str:
    """Return text with the passwords in its URLs hidden.

    ```python
    >>> redacted("postgresql://ann:hunter2@host/db?sslpassword=x is unreachable")
    'postgresql://ann:***@host/db?sslpassword=*** is unreachable'

    ```

    The user stays. Parameters such as `password`, `sslpassword`, `token` and `api_key` are hidden, too.
    """
    if ":/" not in text:
        return text
    return _PARAMETER.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1{HIDDEN}@", text))


def is_secret(name: str) -> bool:
    """Return whether an option of this name holds a password or the like."""
    return re.search(_HIDDEN, name, re.IGNORECASE) is not None


def redact_error(error: BaseException | None) -> None:
    """Hide passwords in an error of a plugin, and in those that led to it, in place."""
    for _ in range(_MOST):
        if error is None:
            return
        error.args = tuple(redacted(each) if isinstance(each, str) else each for each in error.args)
        if isinstance(error, OSError) and isinstance(error.filename, str):
            error.filename = redacted(error.filename)
        error = error.__cause__ or error.__context__
