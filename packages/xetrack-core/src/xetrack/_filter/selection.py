"""Filters of runs: the conditions of `Reader.runs(where=...)`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from xetrack._filter.keys import TIMES, Keys
from xetrack._filter.mistake import mistake
from xetrack._filter.parser import parse
from xetrack._filter.syntax import And, Compare, In, IsNull, Key, Node, Not, Or, Value, Word
from xetrack._filter.values import MisfitError, Test, comparison, date, is_null, kind_of, matching
from xetrack._spec.engine import Engine
from xetrack._util.arguments import refused, text

__all__ = ["Filter", "parse_filter"]

R = TypeVar("R", bound=Mapping[str, Any])


def parse_filter(where: str | Sequence[str]) -> "Filter":
    """Parse a filter of runs.

    ```python
    parse_filter("model ~ resnet and lr <= 1e-3 and max(val/acc) > 0.7")
    ```

    Args:
        where: the filter, or several that must all match.

    Raises:
        FilterError: a filter is malformed. Points at the character.
        OptionError: it is not text.
    """
    if not isinstance(where, (str, list, tuple)):
        raise refused("where", where, 'not a filter. Use text, such as where="lr <= 1e-3", or a list of texts.')
    texts = [where] if isinstance(where, str) else where
    return Filter([text("where", each) for each in texts])


class Filter:
    """A parsed filter of runs.

    Args:
        texts: filters that must all match.

    Raises:
        FilterError: one is malformed.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._parts = [(each, parse(each)) for each in texts]

    def __str__(self) -> str:
        """Return the filter in one text, which parses to an equal one."""
        return " and ".join(f"({node})" if isinstance(node, (And, Or)) else str(node) for _, node in self._parts)

    def select(self, runs: Sequence[R], engine: Engine, table: str) -> list[R]:
        """Return the runs that match, in their order.

        Functions of logged keys, such as `max(val/acc)`, run in SQL if the engine stores rows in SQLite. Only quoted
        names of columns and bound values get there, never text of the filter. All comparisons are made in Python, with
        values exactly as they were logged.

        Args:
            runs: all runs of the table, as `Reader.list_runs()` returns them.
            engine: the engine that has their rows, such as `Reader.engine`.
            table: the table.

        Raises:
            FilterError: no run has a key, or a value is of a kind that no run has. So an empty result means that no run
                matches.
            DatabaseError: the store failed.
        """
        keys = Keys(runs, engine, table)
        matched = [_Evaluation(keys, each).evaluate(node) for each, node in self._parts]
        return [run for index, run in enumerate(runs) if all(each[index] for each in matched)]


class _Evaluation:
    """Finds the runs that match one filter. Results are lists with a boolean for each run."""

    def __init__(self, keys: Keys, text: str) -> None:
        self._keys = keys
        self._text = text

    def evaluate(self, node: Node) -> list[bool]:
        """Return for each run whether `node` matches it. A condition that does not match one is true under `not`."""
        match node:
            case And(parts):
                return [all(each) for each in zip(*map(self.evaluate, parts), strict=True)]
            case Or(parts):
                return [any(each) for each in zip(*map(self.evaluate, parts), strict=True)]
            case Not(part):
                return [not each for each in self.evaluate(part)]
            case _:
                return self._condition(node)

    def _condition(self, node: Word | IsNull | In | Compare) -> list[bool]:
        match node:
            case Word(word):
                return self._map(Key("track_id"), matching(Value(word, "quoted"), "~"))
            case IsNull(key, negated):
                return [(value is None) is not negated for value in self._values(key)]
            case In(key, values, negated):
                return self._in(key, values, negated=negated)
            case Compare(key, sign, value):
                return self._compare(key, sign, value)

    def _in(self, key: Key, values: Sequence[Value], *, negated: bool) -> list[bool]:
        each = [self._compare(key, "!=" if negated else "=", value) for value in values]
        return [(all if negated else any)(found) for found in zip(*each, strict=True)]

    def _compare(self, key: Key, sign: str, value: Value) -> list[bool]:
        if sign in {"~", "!~"}:
            return self._map(key, matching(value, sign))
        if is_null(value):
            if sign not in {"=", "!="}:
                raise mistake(self._text, value.at, f"{value} works only with = and !=.")
            return [(mine is None) is (sign == "=") for mine in self._values(key)]
        try:
            if key.name in TIMES and not key.function:
                return self._map(key, date(value, sign))
            kinds = {kind_of(mine) for mine in self._values(key) if mine is not None}
            return self._map(key, comparison(value, sign, kinds))
        except MisfitError as error:
            reason = str(error)
            raise mistake(self._text, value.at, f"{key} {reason}" if reason.startswith("holds") else reason) from None

    def _map(self, key: Key, test: Test | Callable[[Any], bool]) -> list[bool]:
        return [mine is not None and test(mine) for mine in self._values(key)]

    def _values(self, key: Key) -> list[Any]:
        return self._keys.values(key, self._text)
