"""Regular expressions that take time proportional to the text, whatever the pattern.

Python's `re` backtracks: a pattern such as `(a+)+$` can take hours on one short text, and nothing can stop it. A
`Pattern` runs as a finite automaton instead, which is in all of its states at once and remembers sets of states as it
finds them. Back-references and lookarounds do not fit an automaton; they are refused, like all that is rarely needed.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Pattern", "PatternError"]

_LONGEST, _DEEPEST, _MOST_STEPS = 1000, 20, 2000
_REMEMBERED = 10_000  # transitions
_REPEAT = re.compile(r"([*+?])|\{(\d{1,4})\}|\{(\d{0,4}),(\d{0,4})\}")
_CLASS = re.compile(r"\[(\^?\]?(?:[^\]\\]|\\.)*)\]", re.DOTALL)
_ESCAPES = frozenset("dDwWsSntrfv")
_OPERATORS = re.compile(r"\\.|[\[&~|]", re.DOTALL)  # in a class, warned of as future syntax unless escaped


@dataclass(frozen=True, slots=True)
class _All:
    """Parts after one another."""

    parts: "tuple[_Tree, ...]"


@dataclass(frozen=True, slots=True)
class _Any:
    """Alternatives."""

    parts: "tuple[_Tree, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A part, at least and at most so many times; None is without end."""

    part: "_Tree"
    least: int
    most: int | None


_Tree: TypeAlias = "re.Pattern[str] | str | _All | _Any | _Repeat"
"""A parsed pattern. `re` tests one character; texts are "start" and "end"."""

_Code: TypeAlias = list[tuple["re.Pattern[str] | str", tuple[int, ...]]]
"""Instructions, each with those that follow: a test of one character, or "split", "start", "end" or "match"."""


class PatternError(ValueError):
    """A pattern is malformed, unsupported or too large, at the character `at`."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at, self.reason = at, reason


class _State:
    """A set of instructions that wait for a character or for the end of the text."""

    __slots__ = ("after", "matched", "waiting")

    def __init__(self, waiting: frozenset[int], *, matched: bool) -> None:
        self.waiting = waiting
        self.matched = matched
        self.after: dict[str, _State] = {}


class Pattern:
    r"""A compiled pattern.

    Supported, with the meaning that they have in `re`: characters, `.`, classes, groups, `|`, `*`, `+`, `?`, `{m,n}`,
    `^`, `\d \w \s` and their opposites, and `(?i)` at the beginning. `$` is the end of the text.

    Raises:
        PatternError: anything else.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _LONGEST:
            raise PatternError(_LONGEST, f"a regular expression has at most {_LONGEST:,} characters.")
        self._code = _Compiler().compile(_Parser(pattern).parse())
        self._states: dict[frozenset[int], _State] = {}
        self._transitions = 0

    def search(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in the text."""
        state = self._state([0], start=True)
        for char in text:
            if state.matched:
                return True
            state = state.after.get(char) or self._step(state, char)
        return state.matched or self._state(state.waiting, start=not text, end=True).matched

    def _step(self, state: _State, char: str) -> _State:
        if self._transitions >= _REMEMBERED:
            self._states.clear()
            state.after.clear()
            self._transitions = 0
        reached = [0]  # a match may start anywhere
        for index in state.waiting:
            test, after = self._code[index]
            if isinstance(test, re.Pattern) and test.fullmatch(char):
                reached += after
        found = state.after[char] = self._state(reached)
        self._transitions += 1
        return found

    def _state(self, reached: "list[int] | frozenset[int]", *, start: bool = False, end: bool = False) -> _State:
        """Follow the instructions that take no character."""
        left, seen = list(reached), set(reached)
        waiting, matched = set(), False
        while left:
            index = left.pop()
            kind, after = self._code[index]
            if kind == "match":
                matched = True
            elif kind == "split" or (kind == "start" and start) or (kind == "end" and end):
                left += [each for each in after if each not in seen]
                seen.update(after)
            elif kind != "start":
                waiting.add(index)
        key = frozenset(waiting)
        if matched or start or end:
            return _State(key, matched=matched)
        return self._states.setdefault(key, _State(key, matched=False))


class _Parser:
    def __init__(self, pattern: str) -> None:
        insensitive = pattern.startswith("(?i)")
        self.pattern, self.at, self.depth = pattern, 4 if insensitive else 0, 0
        self.flags = re.IGNORECASE if insensitive else re.NOFLAG

    def parse(self) -> _Tree:
        found = self._any()
        if self.at < len(self.pattern):
            raise PatternError(self.at, r'this ")" closes nothing. Write \) to find it.')
        return found

    def _any(self) -> _Tree:
        parts = [self._all()]
        while self._next() == "|":
            self.at += 1
            parts.append(self._all())
        return _Any(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> _Tree:
        parts: list[_Tree] = []
        while self._next() not in {"", "|", ")"}:
            parts.append(self._repeated())
        return _All(tuple(parts))

    def _repeated(self) -> _Tree:
        start = self.at
        part = self._atom()
        found = _REPEAT.match(self.pattern, self.at)
        if found is None or found[0] == "{,}":
            return part
        if part in {"start", "end"}:
            raise PatternError(self.at, f"{self.pattern[start]} cannot be repeated.")
        self.at = found.end()
        sign, times, least, most = found.groups()
        if sign:
            low, high = int(sign == "+"), 1 if sign == "?" else None
        elif times:
            low = high = int(times)
        else:
            low, high = int(least or 0), int(most) if most else None
        if high is not None and low > high:
            raise PatternError(found.start(), f"{low} is more than {high}.")
        if self._next() == "?":  # as short as possible: whether it matches is the same
            self.at += 1
        return _Repeat(part, low, high)

    def _atom(self) -> _Tree:
        start, char = self.at, self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        self.at += 1
        if char in "*+?{":
            raise PatternError(start, rf"{char} repeats nothing. Write \{char} to find it.")
        if char in "^$":
            return "start" if char == "^" else "end"
        if char == "\\":
            return self._escape(start)
        return re.compile("." if char == "." else re.escape(char), self.flags)

    def _escape(self, start: int) -> _Tree:
        char = self._next()
        self.at += 1
        if not char or (char.isalnum() and char not in _ESCAPES):
            raise PatternError(start, rf"\{char} is not supported.")
        return re.compile("\\" + char if char in _ESCAPES else re.escape(char), self.flags)

    def _group(self) -> _Tree:
        start = self.at
        self.at += 3 if self.pattern.startswith("(?:", start) else 1
        if self._next() == "?" and self.at == start + 1:
            raise PatternError(start, "only (...), (?:...), and (?i) at the beginning are supported.")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise PatternError(start, f"more than {_DEEPEST} groups inside each other.")
        found = self._any()
        if self._next() != ")":
            raise PatternError(start, r'this "(" is never closed. Write \( to find it.')
        self.at += 1
        self.depth -= 1
        return found

    def _class(self) -> _Tree:
        start = self.at
        found = _CLASS.match(self.pattern, start)
        if found is None:
            raise PatternError(start, r'this "[" is never closed. Write \[ to find it.')
        if "--" in found[1]:
            raise PatternError(found.start() + found[0].index("--"), r"write \- to find a hyphen.")
        self.at = found.end()
        escaped = _OPERATORS.sub(lambda each: each[0] if each[0][0] == "\\" else "\\" + each[0], found[1])
        try:
            return re.compile(f"[{escaped}]", self.flags)
        except re.error as error:
            raise PatternError(start, f"{error.msg}.") from None

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]


class _Compiler:
    """Writes instructions, each part's after those of the part before it."""

    def __init__(self) -> None:
        self.code: _Code = []
        self.steps = 0

    def compile(self, tree: _Tree) -> _Code:
        self._emit(tree)
        self.code.append(("match", ()))
        return self.code

    def _emit(self, tree: _Tree) -> None:
        self.steps += 1  # also where nothing is written: an empty group can be repeated, too
        if self.steps > _MOST_STEPS:
            raise PatternError(0, "the regular expression repeats too much. Use smaller numbers.")
        if isinstance(tree, _All):
            for part in tree.parts:
                self._emit(part)
        elif isinstance(tree, _Any):
            self._emit_any(tree)
        elif isinstance(tree, _Repeat):
            self._emit_repeat(tree)
        else:
            self.code.append((tree, (len(self.code) + 1,)))

    def _emit_any(self, tree: _Any) -> None:
        split = len(self.code)
        self.code.append(("split", ()))
        starts, ends = [], []
        for part in tree.parts:
            starts.append(len(self.code))
            self._emit(part)
            ends.append(len(self.code))
            self.code.append(("split", ()))
        self.code[split] = ("split", tuple(starts))
        for end in ends:
            self.code[end] = ("split", (len(self.code),))

    def _emit_repeat(self, tree: _Repeat) -> None:
        for _ in range(tree.least):
            self._emit(tree.part)
        if tree.most is None:
            loop = len(self.code)
            self.code.append(("split", ()))
            self._emit(tree.part)
            self.code.append(("split", (loop,)))
            self.code[loop] = ("split", (loop + 1, len(self.code)))
            return
        skips = []
        for _ in range(tree.most - tree.least):
            skips.append(len(self.code))
            self.code.append(("split", ()))
            self._emit(tree.part)
        for skip in skips:
            self.code[skip] = ("split", (skip + 1, len(self.code)))
