"""The parts of a parsed filter. `str()` of a part is a filter that parses to an equal part."""

import re
from dataclasses import dataclass, field
from typing import Literal as Choice
from typing import TypeAlias

__all__ = [
    "BARE",
    "FUNCTIONS",
    "KEYWORDS",
    "And",
    "Compare",
    "In",
    "IsNull",
    "Key",
    "Node",
    "Not",
    "Or",
    "Value",
    "Word",
]

FUNCTIONS = ("last", "first", "min", "max", "mean", "count")
KEYWORDS = frozenset({"and", "or", "not", "in", "is"})
BARE = re.compile(r"""[^\s=<>!~(),"']+""")
"""Text that needs no quotes, unless it is a keyword."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is compared: a column of `Reader.runs()`, or a function of a logged key."""

    name: str
    function: str | None = None
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        name = _name(self.name)
        return f"{self.function}({name})" if self.function else name


@dataclass(frozen=True, slots=True)
class Value:
    """What a key is compared with, as it was typed.

    Attributes:
        text: the text without its quotes, or the regular expression without its slashes.
        style: `bare` text may be a number, a boolean, a duration and so on; `quoted` text is text.
        at: its index in the filter.
    """

    text: str
    style: Choice["bare", "quoted", "regex"] = "bare"
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        if self.style == "regex":
            return f"/{self.text}/"
        return _quoted(self.text) if self.style == "quoted" else self.text


@dataclass(frozen=True, slots=True)
class Compare:
    """`key = value`, and so on with the operators `!=`, `<`, `<=`, `>`, `>=`, `~` and `!~`."""

    key: Key
    operator: str
    value: Value

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return f"{self.key} {self.operator} {self.value}"


@dataclass(frozen=True, slots=True)
class In:
    """`key in (value, ...)`, or `key not in (value, ...)`."""

    key: Key
    values: tuple[Value, ...]
    negated: bool = False

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return f"{self.key} {'not ' * self.negated}in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class IsNull:
    """`key is null`, or `key is not null`."""

    key: Key
    negated: bool = False

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return f"{self.key} is {'not ' * self.negated}null"


@dataclass(frozen=True, slots=True)
class Word:
    """Text to find in the names of runs."""

    text: str

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return _name(self.text)


@dataclass(frozen=True, slots=True)
class Not:
    """`not part`."""

    part: "Node"

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return f"not {_grouped(self.part)}"


@dataclass(frozen=True, slots=True)
class And:
    """`part and part`, two parts or more."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return " and ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """`part or part`, two parts or more."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        """Return it as a filter writes it."""
        return " or ".join(str(part) if isinstance(part, And) else _grouped(part) for part in self.parts)


Node: TypeAlias = Compare | In | IsNull | Word | Not | And | Or


def _grouped(part: Node) -> str:
    return f"({part})" if isinstance(part, (And, Or)) else str(part)


def _name(text: str) -> str:
    return text if BARE.fullmatch(text) and text.lower() not in KEYWORDS else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
