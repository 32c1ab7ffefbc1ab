"""Configs and tables of other libraries, read as dicts.

A config is a mapping, a dataclass, an attrs class, a pydantic model, a namespace or an OmegaConf container. This module
imports none of these libraries: whoever passes such a value has imported its library.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any

from xetrack._util.text import clipped
from xetrack.errors import InvalidValueError

__all__ = ["as_row", "as_rows", "fields_of", "is_config", "is_omegaconf_list", "omegaconf_list"]

_SHOWN = 200  # characters of a value in an error
# How OmegaConf writes a mandatory value that is not set yet.
_MISSING = "???"


def is_config(kind: type) -> bool:
    """Return whether values of this type are configs other than dicts."""
    return _reader(kind) is not None or (issubclass(kind, Mapping) and not issubclass(kind, dict))


def fields_of(config: Any) -> dict[Any, Any] | None:
    """Return the fields of a config, or the items of a mapping; None for any other value. Not recursive."""
    read = _reader(type(config))
    if read is not None:
        return read(config)
    return dict(config) if isinstance(config, Mapping) else None


def _reader(kind: type) -> Callable[[Any], dict[Any, Any]] | None:
    if kind.__module__.partition(".")[0] == "omegaconf":
        return _of_omegaconf if kind.__name__ == "DictConfig" else None
    if is_dataclass(kind):
        return lambda config: _read(config, (each.name for each in fields(config)))
    if hasattr(kind, "__attrs_attrs__"):
        return lambda config: _read(config, (each.name for each in kind.__attrs_attrs__))
    if hasattr(kind, "model_fields") and hasattr(kind, "model_dump"):
        return lambda config: _read(config, [*kind.model_fields, *(getattr(config, "model_extra", None) or ())])
    namespace = getattr(sys.modules.get("argparse"), "Namespace", SimpleNamespace)
    return _of_namespace if issubclass(kind, (namespace, SimpleNamespace)) else None


def _of_namespace(namespace: Any) -> dict[str, Any]:
    return dict(vars(namespace))


def _read(config: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(config, name) for name in names if hasattr(config, name)}


def _of_omegaconf(config: Any) -> dict[Any, Any]:
    is_missing = sys.modules["omegaconf"].OmegaConf.is_missing
    return {key: _MISSING if is_missing(config, key) else config[key] for key in config}


def is_omegaconf_list(kind: type) -> bool:
    """Return whether this is the type of an OmegaConf list or tuple."""
    return kind.__module__.partition(".")[0] == "omegaconf" and issubclass(kind, Sequence)


def omegaconf_list(value: Any) -> list[Any] | None:
    """Return the resolved items of an OmegaConf list or tuple; None for any other value."""
    if not is_omegaconf_list(type(value)):
        return None
    items: list[Any] = sys.modules["omegaconf"].OmegaConf.to_container(value, resolve=True)
    return items


def as_row(data: Any, what: str, cure: str = "") -> Mapping[Any, Any]:
    """Return a dict as it is, and the fields of a config.

    Args:
        data: what the user passed.
        what: name of the argument, for the error.
        cure: how to fix it, for the error.

    Raises:
        InvalidValueError: it is neither a dict nor a config.
    """
    if type(data) is dict:
        return data
    row = fields_of(data)
    if row is None:
        kinds = "a dict, or a config such as a dataclass, a pydantic model or an argparse.Namespace"
        message = f"{what} takes {kinds}, not {type(data).__qualname__}: {clipped(data, _SHOWN)}."
        raise InvalidValueError(f"{message} {cure}".rstrip())
    return row


def as_rows(data: Any, what: str) -> list[Mapping[Any, Any]]:
    """Return the rows of a pandas, polars or Arrow table, or of an iterable of mappings and configs.

    Raises:
        InvalidValueError: it is none of these.
    """
    library = type(data).__module__.partition(".")[0]
    if library == "polars" and hasattr(data, "to_dicts"):
        return list(data.to_dicts())
    if library == "pyarrow" and hasattr(data, "to_pylist") and hasattr(data, "column_names"):
        return list(data.to_pylist())
    if library == "pandas" and hasattr(data, "columns"):
        columns = {str(name): _cells(data.iloc[:, place]) for place, name in enumerate(data.columns)}
        if len(columns) < data.shape[1]:
            raise InvalidValueError(f"{what} got a DataFrame with duplicate column names. Rename the columns.")
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable) or fields_of(data) is not None:
        message = f"{what} takes a list of dicts, or a table of pandas, polars or Arrow, not"
        raise InvalidValueError(
            f"{message} {type(data).__qualname__}: {clipped(data, _SHOWN)}. For a single row, use log()."
        )
    return [as_row(each, f"row {number} of {what}") for number, each in enumerate(data)]


def _cells(column: Any) -> list[Any]:
    """Return the values of a pandas column. Missing ones are None, or NaN in a column of floats."""
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f":
        return values
    return [None if missing else value for value, missing in zip(values, column.isna(), strict=True)]
