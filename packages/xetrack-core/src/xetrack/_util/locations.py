"""Where a database is: a path, or a URL that may hold a password."""

import os
import re
from dataclasses import dataclass

from xetrack._redact import redacted
from xetrack._util.arguments import URL, place
from xetrack._util.paths import is_same_file, resolve
from xetrack.errors import OptionError

__all__ = ["Location", "is_url", "locate", "scheme_of"]

_SHORTENED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")


@dataclass(frozen=True, slots=True, repr=False)
class Location:
    """Where a database is.

    Attributes:
        real: absolute path, `":memory:"`, `"SKIP_INSERT"`, or the URL with its password. Only the engine gets it.
        shown: the same for people: a URL without its password.
        scheme: scheme of the URL, in lower case; "" for a path.
        shortened: scheme of a path such as `s3:/bucket`, which `pathlib` makes of a URL; "" for other paths.
    """

    real: str
    shown: str
    scheme: str = ""
    shortened: str = ""

    def __repr__(self) -> str:
        """Return the location without its password."""
        return f"<Location {self.shown}>"

    def is_same(self, other: "Location") -> bool:
        """Return whether both are the same database, as far as their names tell."""
        return is_same_file(self.real, other.real)


def scheme_of(db: str) -> str:
    """Return the scheme of a URL, in lower case; "" for a path.

    A drive of Windows and a file name with a colon are paths, and so is what begins with `./`.
    """
    found = URL.match(db)
    return found[1].lower() if found else ""


def is_url(db: str) -> bool:
    """Return whether a database is a URL rather than a path."""
    return bool(scheme_of(db))


def locate(db: str | os.PathLike[str], name: str = "db") -> Location:
    """Return where a database is. Paths become absolute, so that a later `chdir` does not matter.

    Raises:
        OptionError: it is neither a path nor a URL. The message names the argument `name`.
    """
    text = place(name, db)
    scheme = scheme_of(text)
    if not scheme:
        # resolve() would leave C://track.db and ./s3://bucket as they are
        path = resolve(re.sub("//+", "/", text) if "://" in text else text, name)
        shortened = _SHORTENED.match(text)
        return Location(path, path, shortened=shortened[1].lower() if shortened else "")
    shown = redacted(text)
    if re.search(r"\s", text.rpartition("@")[0] or text.partition("?")[2]):
        # Not shown: where the password ends is unclear.
        raise OptionError(f"{name}= is a {scheme}:// URL that contains spaces. Write them as %20.")
    if ":***@" in text or "=***" in text:
        raise OptionError(f"{name}={shown}: xetrack hid the password of this URL. Pass the URL with its password.")
    return Location(text, shown, scheme)
