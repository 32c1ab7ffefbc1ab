"""Which tables SQL may name.

DuckDB can list the tables of a query (`get_table_names`), but not those behind views, macros, prepared statements and
`query()`, nor those of other statements. A table copied in vain costs time; one left out makes a wrong result. So a
table counts as named if its name occurs anywhere in the SQL.
"""

import re
from collections.abc import Iterable

__all__ = ["are_plain", "distinct", "is_lasting", "is_setting", "may_name_any", "mentioned"]

_BEFORE = r"^(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*"
_QUERY = re.compile(
    rf"{_BEFORE}(?:select|from|with|values|table|summarize|describe|show|explain|pivot|unpivot|copy)\b(?!.*;.*\S)",
    re.IGNORECASE | re.DOTALL,
)
_SETTING = re.compile(
    r"\s*(?:set|reset)\s+(?:(?:session|local|global)\s+)?(?!schema\b|search_path\b|variable\b)\w+"
    r"(?:\s*(?:=|to\b)\s*(?:'[^']*'|[\w.]+))?\s*;?\s*",
    re.IGNORECASE,
)
_INDIRECT = re.compile(r"\b(?:attach|import|query|query_table|getvariable)\b", re.IGNORECASE)


def mentioned(text: str, names: Iterable[str]) -> set[str]:
    """Return the names that occur in `text` as words, in any case."""
    plain = text.replace('""', '"')
    return {name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain, re.IGNORECASE)}


def is_lasting(text: str) -> bool:
    """Whether later statements may use the same tables implicitly, through a view, a macro and the like."""
    return not _QUERY.match(text)


def is_setting(text: str) -> bool:
    """Whether this changes a setting that has nothing to do with names: `SET threads = 1`."""
    return bool(_SETTING.fullmatch(text))


def may_name_any(text: str) -> bool:
    """Whether this or a later statement may name tables out of sight, as through another database."""
    return bool(_INDIRECT.search(text))


def are_plain(keys: Iterable[str]) -> bool:
    """Whether DuckDB accepts all of these as they are."""
    return all(key == spelt for key, spelt in distinct(keys).items())


def distinct(names: Iterable[str]) -> dict[str, str]:
    """Map each name to one that DuckDB accepts: not empty, without NUL, and distinct regardless of case."""
    taken: set[str] = set()
    chosen: dict[str, str] = {}
    for name in names:
        base = candidate = name.replace("\0", "\\0") or "_"
        number = 1
        while candidate.lower() in taken:
            candidate, number = f"{base}_{number}", number + 1
        taken.add(candidate.lower())
        chosen[name] = candidate
    return chosen
