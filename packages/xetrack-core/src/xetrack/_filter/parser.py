"""The parser: text to the parts of `syntax`, by recursive descent.

```text
or      = and {"or" and}
and     = not {"and" not}
not     = {"not"} ("(" or ")" | compare | word)
compare = key ("=" | "==" | "!=" | "<" | "<=" | ">" | ">=") value
        | key ("~" | "!~") (value | "/" regular expression "/")
        | key ["not"] "in" "(" value {"," value} ")"
        | key "is" ["not"] ("null" | "none")
key     = name | ("last" | "first" | "min" | "max" | "mean" | "count") "(" name ")"
name, value, word = bare text | "quoted text" | 'quoted text'
```
"""

import re

from xetrack._filter.mistake import mistake
from xetrack._filter.pattern import Pattern, PatternError
from xetrack._filter.syntax import BARE, FUNCTIONS, KEYWORDS, And, Compare, In, IsNull, Key, Node, Not, Or, Value, Word
from xetrack._util.text import did_you_mean
from xetrack.errors import FilterError

__all__ = ["parse"]

_DEEPEST = 50
_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"==|!=|!~|<=|>=|=|<|>|~")
_QUOTED = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'""")  # a doubled quote stands for itself
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/", re.DOTALL)
_NULLS = ("null", "none")
_QUOTES_HINT = "Quote text that contains spaces, commas, quotes, brackets or operators."


def parse(text: str) -> Node:
    """Parse a filter. Raises `FilterError`, which points at the first mistake."""
    return _Parser(text).parse()


class _Parser:
    """Reads `text` from `at` on. Each method starts at the part that it is named after, and ends behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def parse(self) -> Node:
        """Parse all of the text."""
        found = self._or()
        self._skip_space()
        if self._next() == ")":
            raise self._mistake('this ")" closes nothing. Remove it, or add a "(".')
        if self.at < len(self.text):
            raise self._mistake(f'expected "and", "or" or the end. {_QUOTES_HINT}')
        return found

    # Structure

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take_word("or"):
            parts.append(self._and())
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _and(self) -> Node:
        parts = [self._not()]
        while self._take_word("and"):
            parts.append(self._not())
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def _not(self) -> Node:
        self._skip_space()
        start = self.at
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._mistake(f"more than {_DEEPEST} conditions inside each other. Simplify the filter.")
        if self._take("("):
            found = self._or()
            self._skip_space()
            if not self._take(")"):
                raise self._mistake('expected "and", "or" or ")". ' + _QUOTES_HINT)
        elif self._take_word("not") and not self._is_at_operator():
            found = Not(self._not())
        else:
            self.at = start
            found = self._condition()
        self.depth -= 1
        return found

    # Conditions

    def _condition(self) -> Node:
        start, quoted = self.at, self._next() in {'"', "'"}
        name = self._name("a condition, such as lr <= 1e-3")
        is_function = not quoted and self._is_function(name)
        key = self._function(start, name) if is_function else Key(name, at=start)
        operator = self._take_operator()
        if operator:
            return Compare(key, operator, self._value(f'after "{operator}"', matches="~" in operator))
        if not quoted and name.lower() in KEYWORDS:
            raise mistake(self.text, start, f'expected a condition, not "{name}". Quote it if it is a name.')
        found = self._in_or_null(key)
        if found is None and key.function:
            raise self._mistake(f"expected a comparison, such as {key} > 0.5.")
        if found is None and not name:
            raise mistake(self.text, start, "expected text to find in the names of runs, not an empty one.")
        return found or Word(name)

    def _is_function(self, name: str) -> bool:
        if self._next() == "(":
            return True
        self._skip_space()
        return name.lower() in FUNCTIONS and self._next() == "("

    def _function(self, start: int, name: str) -> Key:
        function = name.lower()
        if function in KEYWORDS:
            raise mistake(self.text, start, f'expected a condition, not "{name}". Quote it if it is a name.')
        if function not in FUNCTIONS:
            hint = did_you_mean(function, FUNCTIONS) or f" Use one of {', '.join(FUNCTIONS)}. {_QUOTES_HINT}"
            raise mistake(self.text, start, f"there is no function {name!r}.{hint}")
        self._take("(")
        self._skip_space()
        key = Key(self._name(f"a key, such as {function}(loss)"), function, start)
        self._skip_space()
        if not self._take(")"):
            raise self._mistake('expected ")".')
        return key

    def _in_or_null(self, key: Key) -> Node | None:
        if self._take_word("is"):
            negated = self._take_word("not")
            if not any(self._take_word(each) for each in _NULLS):
                raise self._mistake('expected "null" or "not null" after "is". Compare values with "=".')
            return IsNull(key, negated)
        negated = self._take_word("not")
        if self._take_word("in"):
            return In(key, self._values(), negated)
        if negated:
            raise self._mistake('expected "in" after "not".')
        return None

    def _values(self) -> tuple[Value, ...]:
        self._skip_space()
        if not self._take("("):
            raise self._mistake('expected "(" after "in", such as model in (resnet18, resnet50).')
        values = [self._value('after "("')]
        self._skip_space()
        while self._take(","):
            values.append(self._value('after ","'))
            self._skip_space()
        if not self._take(")"):
            raise self._mistake(f'expected "," or ")". {_QUOTES_HINT}')
        return tuple(values)

    def _value(self, where: str, *, matches: bool = False) -> Value:
        self._skip_space()
        start = self.at
        if matches and self._next() == "/":
            return self._regex()
        style = "quoted" if self._next() in {'"', "'"} else "bare"
        text = self._name(f"a value {where}")
        if style == "bare" and text.lower() in KEYWORDS:
            raise mistake(self.text, start, f'expected a value {where}. Quote "{text}" if it is the value.')
        return Value(text, "quoted" if style == "quoted" else "bare", start)

    def _regex(self) -> Value:
        start = self.at
        found = _REGEX.match(self.text, start)
        if found is None:
            raise self._mistake("the regular expression has no closing /. Quote text that starts with a slash.")
        self.at = found.end()
        if self._next() not in {"", ")"} and not self._next().isspace():
            raise self._mistake(r"expected a space after the regular expression. Inside it, write / as \/.")
        try:
            Pattern(found[1])
        except PatternError as error:
            raise mistake(self.text, start + 1 + error.at, error.reason) from None
        return Value(found[1], "regex", start)

    # Tokens

    def _name(self, what: str) -> str:
        """Take bare or quoted text, without its quotes."""
        start, quote = self.at, self._next()
        found = (_QUOTED if quote in {'"', "'"} else BARE).match(self.text, start)
        if found is None:
            raise self._mistake("this quote is never closed." if quote in {'"', "'"} else f"expected {what}.")
        self.at = found.end()
        return found[0][1:-1].replace(quote * 2, quote) if quote in {'"', "'"} else found[0]

    def _take_operator(self) -> str:
        self._skip_space()
        found = _OPERATOR.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return "=" if found[0] == "==" else found[0]

    def _is_at_operator(self) -> bool:
        self._skip_space()
        return _OPERATOR.match(self.text, self.at) is not None

    def _take_word(self, word: str) -> bool:
        """Take the bare word, in any case, if it comes next."""
        self._skip_space()
        found = BARE.match(self.text, self.at)
        if found is None or found[0].lower() != word:
            return False
        self.at = found.end()
        return True

    def _take(self, char: str) -> bool:
        if self._next() != char:
            return False
        self.at += 1
        return True

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _mistake(self, reason: str) -> FilterError:
        return mistake(self.text, self.at, reason)
