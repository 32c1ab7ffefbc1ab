"""Arrays and frames as parts of a key, by their whole content. Nothing here imports numpy or pandas."""

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from xetrack_cache.encoder import Encoder

__all__ = ["encoder_of"]

_Encode: TypeAlias = Callable[[Encoder, Any], None]


def encoder_of(kind: type) -> _Encode | None:
    """Return the encoder of arrays, numpy scalars or pandas objects of exactly this type; None for other types."""
    library = kind.__module__.partition(".")[0]
    if library == "numpy":
        return _numpy(kind)
    return _PANDAS.get(kind.__name__) if library == "pandas" else None


def _numpy(kind: type) -> _Encode | None:
    np = sys.modules["numpy"]
    if kind is np.ndarray:
        return _array
    return _scalar if issubclass(kind, np.generic) and not issubclass(kind, (np.void, np.object_)) else None


def _dtype(encoder: Encoder, dtype: Any) -> None:
    encoder.text(b"s", dtype.str if dtype.names is None else repr(dtype))


def _array(encoder: Encoder, array: Any) -> None:
    encoder.refuse_mutable(array)
    encoder.parts.append(b"Y")
    _dtype(encoder, array.dtype)
    encoder.encode(array.shape)
    if array.dtype.hasobject:
        encoder.nested(array, encoder.children, b"(", array.ravel().tolist())
        return
    in_order = sys.modules["numpy"].ascontiguousarray(array).reshape(-1)
    encoder.data(b"b", memoryview(in_order.view("u1")) if in_order.size else b"")


def _scalar(encoder: Encoder, scalar: Any) -> None:
    encoder.parts.append(b"y")
    _dtype(encoder, scalar.dtype)
    encoder.data(b"b", scalar.tobytes())


def _column(encoder: Encoder, values: Any) -> None:
    """Add the values of a Series, an Index or one column."""
    encoder.text(b"s", str(values.dtype))
    plain = getattr(values.dtype, "kind", "O") != "O" and isinstance(values.dtype, sys.modules["numpy"].dtype)
    if plain:
        _array(encoder, values.to_numpy())
    else:
        encoder.children(b"(", values.astype(object).tolist())


def _labels(encoder: Encoder, index: Any) -> None:
    encoder.text(b"C", type(index).__name__)
    encoder.children(b"(", index.names)
    if index.nlevels > 1:
        for level in range(index.nlevels):
            _column(encoder, index.get_level_values(level))
    else:
        _column(encoder, index)


def _frame(encoder: Encoder, frame: Any) -> None:
    encoder.refuse_mutable(frame)

    def encode() -> None:
        encoder.parts.append(b"T")
        encoder.children(b"(", frame.shape)
        _labels(encoder, frame.columns)
        _labels(encoder, frame.index)
        for position in range(frame.shape[1]):
            _column(encoder, frame.iloc[:, position])
        encoder.encode(frame.attrs)

    encoder.within(frame, encode)


def _series(encoder: Encoder, series: Any) -> None:
    encoder.refuse_mutable(series)

    def encode() -> None:
        encoder.parts.append(b"V")
        encoder.encode(series.name)
        _labels(encoder, series.index)
        _column(encoder, series)
        encoder.encode(series.attrs)

    encoder.within(series, encode)


def _index(encoder: Encoder, index: Any) -> None:
    encoder.refuse_mutable(index)
    encoder.parts.append(b"X")
    encoder.within(index, lambda: _labels(encoder, index))


_PANDAS: dict[str, _Encode] = {
    "DataFrame": _frame,
    "Series": _series,
    **dict.fromkeys(("Index", "RangeIndex", "MultiIndex", "DatetimeIndex", "TimedeltaIndex"), _index),
    **dict.fromkeys(("CategoricalIndex", "PeriodIndex", "IntervalIndex"), _index),
}
