"""Columns as pandas, Arrow and polars tables. Each library is imported when it is needed.

pandas gets Python objects: lists and dicts for JSON, and integers of any size. Columns of Arrow and polars have one
type: JSON stays text, and None differs from NaN. A column of mixed types becomes text, and so does one with integers
beyond 64 bits, unless all of them fit into unsigned 64 bits.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack._rows.normalize import decode
from xetrack._spec.types import BigInt, Columns, Json, SurrogateText, Value
from xetrack._util.arguments import refused
from xetrack._util.paths import resolve
from xetrack._util.text import escaped, safe_text
from xetrack.errors import DatabaseError, DatabaseReadOnlyError, PluginNotInstalledError, XetrackError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_arrow", "to_pandas", "to_polars", "write_csv", "write_parquet"]

# Integers up to this size are exact as floats.
_EXACT = 2**53
_ENCODED = frozenset({Json, BigInt, SurrogateText})
_INTEGERS = frozenset({int, BigInt})
_UINT64 = 2**64
_NULLABLE = {"int64": "Int64", "uint64": "UInt64", "bool": "boolean"}
"""Arrow types, and the pandas types that can hold the same values and missing ones."""


def to_pandas(columns: Columns) -> "pd.DataFrame":
    """Return columns as a DataFrame.

    Numbers with missing values become float64 with NaN, as pandas users expect. If that would change an integer, the
    column is Int64 with NA. Booleans with missing values become objects.
    """
    import pandas as pd

    index = pd.RangeIndex(len(next(iter(columns.values()), [])))
    series = {key: _series(values, index) for key, values in columns.items()}
    return pd.DataFrame(series, index=index, columns=pd.Index(list(columns), dtype=object))


def _series(values: list[Value], index: Any) -> "pd.Series[Any]":
    import numpy as np
    import pandas as pd

    kinds = set(map(type, values))
    missing = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {float} or (kinds == {int, float} and _exact_as_floats(values)):
        return pd.Series(np.array(values, dtype=np.float64), index=index)
    if kinds == {int}:
        return pd.Series(_integers(values, missing=missing), index=index)
    if kinds == {bool} and not missing:
        return pd.Series(np.array(values, dtype=np.bool_), index=index)
    if kinds == {str}:
        return pd.Series(_texts(values), index=index)
    decoded = [decode(value) for value in values] if kinds & _ENCODED else values
    return pd.Series(decoded, index=index, dtype=object)


def _texts(values: list[Value]) -> Any:
    """Return what pandas makes of a list of texts. If it stores text as Arrow, converting through Arrow is faster."""
    import pandas as pd

    kind = pd.Series([""]).dtype
    if getattr(kind, "storage", "") != "pyarrow":
        return values
    import pyarrow as pa

    return pd.array(pa.array(values, type=pa.large_string()), dtype=kind)  # type: ignore[call-overload,unused-ignore]


def _integers(values: list[Value], *, missing: bool) -> Any:
    import numpy as np
    import pandas as pd

    if not missing:
        return np.array(values, dtype=np.int64)
    if _exact_as_floats(values):
        return np.array(values, dtype=np.float64)
    return pd.array(values, dtype="Int64")  # type: ignore[call-overload,unused-ignore]


def _exact_as_floats(values: list[Value]) -> bool:
    return all(-_EXACT <= value <= _EXACT for value in values if type(value) is int)


def _of_one_type(values: list[Value]) -> list[Any]:
    """Return values of one type: as floats or text if they are of several types."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) <= 1 and not kinds & _ENCODED:
        return list(values)
    convert = float if kinds == {int, float} and _exact_as_floats(values) else _spell
    return [None if value is None else convert(value) for value in values]


def _are_unsigned(values: list[Any]) -> bool:
    """Return whether the values are integers that fit 64 bits only unsigned, as hashes often do."""
    kinds = set(map(type, values)) - {type(None)}
    return BigInt in kinds <= _INTEGERS and all(value is None or 0 <= value < _UINT64 for value in values)


def _spell(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return escaped(value) if isinstance(value, str) else str(value)


def _spell_nested(value: Value) -> Value:
    return _spell(value) if isinstance(value, (Json, BigInt, SurrogateText, bytes)) else value


def to_arrow(columns: Columns) -> Any:
    """Return columns as a `pyarrow.Table`. Raises `PluginNotInstalledError` if pyarrow is missing."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise PluginNotInstalledError("Arrow and Parquet need pyarrow: pip install pyarrow") from error
    table = pa.table({key: _arrow_array(values) for key, values in columns.items()})
    return table.replace_schema_metadata({"pandas": json.dumps(_for_pandas(table))})


def _for_pandas(table: Any) -> dict[str, Any]:
    """Return metadata with which pandas reads integers and booleans with missing values as Int64, UInt64 and boolean.

    Otherwise integers become floats, which round those beyond 2**53, and booleans become objects.
    """
    nullable = [
        {"name": each.name, "field_name": each.name, "pandas_type": str(each.type), "metadata": None}
        | {"numpy_type": _NULLABLE[str(each.type)]}
        for each, column in zip(table.schema, table.columns, strict=True)
        if column.null_count and str(each.type) in _NULLABLE
    ]
    return {"index_columns": [], "column_indexes": [], "columns": nullable}


def _arrow_array(values: list[Value]) -> Any:
    import pyarrow as pa

    if _are_unsigned(values):
        return pa.array(values, pa.uint64(), from_pandas=False)
    return pa.array(_of_one_type(values), from_pandas=False)


def write_csv(columns: Columns, path: str | os.PathLike[str]) -> None:
    """Write columns as CSV: JSON text for lists and dicts, bytes in hex, no index."""
    spelt = {key: list(map(_spell_nested, values)) for key, values in columns.items()}
    with _written(path) as target:
        to_pandas(spelt).to_csv(target, index=False)


def write_parquet(columns: Columns, path: str | os.PathLike[str]) -> None:
    """Write the table of `to_arrow` as Parquet. Raises `PluginNotInstalledError` if pyarrow is missing."""
    table = to_arrow(columns)
    import pyarrow.parquet as pq

    with _written(path) as target:
        pq.write_table(table, target)


@contextmanager
def _written(path: Any) -> Iterator[Any]:
    """Yield a path in a folder that exists. Leave URLs and open files to pandas or pyarrow."""
    if hasattr(path, "write") or (isinstance(path, str) and "://" in path):
        yield path
        return
    target = Path(resolve(path, "path"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target
    except XetrackError:
        raise
    except OSError as error:
        kind = DatabaseReadOnlyError if isinstance(error, PermissionError) else DatabaseError
        raise kind(f"{safe_text(path)} cannot be written ({error}). Choose another path.") from error
    except ValueError as error:
        # pyarrow takes no lone surrogates.
        raise refused("path", path, f"this cannot be a path: {error}. Choose another.") from error


def to_polars(columns: Columns) -> Any:
    """Return columns as a `polars.DataFrame`. Raises `PluginNotInstalledError` if polars is missing."""
    try:
        import polars as pl
    except ModuleNotFoundError as error:
        raise PluginNotInstalledError("to_polars() needs polars: pip install polars") from error
    return pl.DataFrame(
        [
            pl.Series(key, values, pl.UInt64) if _are_unsigned(values) else pl.Series(key, _of_one_type(values))
            for key, values in columns.items()
        ]
    )
