"""Names of log files: the field `{time:YYYY-MM-DD}` of `logs_file_format=`."""

import re
from datetime import datetime

__all__ = ["FileTime"]

_DIRECTIVES = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_TOKEN = re.compile("|".join(_DIRECTIVES))
_LETTERS = re.compile("[A-Za-z]+")


class FileTime(datetime):
    """A time formatted with YYYY, YY, MM, DD, HH, mm and ss, or by `strftime` where the format holds a `%`."""

    def __format__(self, spec: str) -> str:
        """Return the text of a time. Raises `ValueError` for letters that are not a token."""
        spec = spec or "YYYY-MM-DD"
        if "%" in spec:
            return self.strftime(spec)
        if unknown := _LETTERS.search(_TOKEN.sub("", spec)):
            known = ", ".join(_DIRECTIVES)
            raise ValueError(f"{unknown[0]!r} is not one of {known}; for other parts of a time, use %-directives")
        return self.strftime(_TOKEN.sub(lambda token: _DIRECTIVES[token[0]], spec))
