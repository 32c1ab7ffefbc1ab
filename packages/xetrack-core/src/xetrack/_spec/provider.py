"""What plugins register, and what is handed to them."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from xetrack._spec.assets import Serializer
from xetrack._spec.engine import Engine
from xetrack.errors import XetrackWarning, outer_level

__all__ = ["API_VERSION", "Context", "Provider", "Terminal"]


API_VERSION = 1
"""The version of the plugin API. A plugin module may state the one it was made for as `xetrack_api = 1`."""


T_co = TypeVar("T_co", covariant=True)


def _warn(_: str, message: str) -> None:
    warnings.warn(message, XetrackWarning, stacklevel=outer_level())


class Terminal(Protocol):
    """Where the commands of `xt` show what they found, so that those of plugins look like all others."""

    def arguments(self, words: Sequence[str] | None, *names: str) -> list[str]:
        """The words of a command line as a database and one value a name; `XETRACK_DB` stands for a database left out.

        A name in brackets, such as `[COLUMN]`, may be left out too, and one with dots, `HASH...`, takes all that is
        left. Raises `OptionError` if the words are too few or too many.
        """

    def show(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), style: str = "") -> None:
        """Print rows, in these columns, or in all that they have.

        `style` is "json", "csv" or "markdown"; by default it is a table for people, and markdown where it is piped.
        """

    def tell(self, text: str) -> None:
        """Print a line of text."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider may need to know when it opens something for a tracker or reader.

    `db` is an absolute path, `":memory:"`, or whatever the engine takes. `engine` is None while the engine opens.
    `trusted` is False where reading what somebody stored must not run their code. `serializers`, by the names of their
    providers, are given to asset stores, `terminal` to commands of `xt`.
    `warn(about, message)` warns with `XetrackWarning`, once for each thing it is about, if warnings are wanted.
    """

    db: str
    table: str = "events"
    track_id: str | None = None
    read_only: bool = False
    engine: Engine | None = None
    trusted: bool = True
    serializers: Mapping[str, Serializer] = field(default_factory=dict)
    warn: Callable[[str, str], None] = _warn
    terminal: Terminal | None = None


@dataclass(frozen=True, slots=True)
class Provider(Generic[T_co]):
    """What a plugin registers, the same for every kind.

    `open` is called with an instance of `options` (None if the provider has none) and the `Context`. The fields of
    `options`, a dataclass, are the `Tracker` options this provider claims. `open` may return None: with these options
    there is nothing to do. `read`, where there is one, reads back what was written: `Reader.read_logs` and the like.
    """

    name: str
    open: Callable[[Any, Context], T_co | None]
    options: type | None = None
    read: Callable[..., Any] | None = None
