"""The serializer of pandas frames: the Arrow IPC file format, safe to load, which `pandas.read_feather` reads.

Needs pyarrow (`pip install "xetrack-assets[arrow]"`). Without it, frames are pickled like any other object.
"""

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from xetrack.plugin import Buffer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames"]


class Frames:
    """The serializer "arrow": frames that come back from Arrow exactly, down to the type of each column."""

    safe = True
    general = False

    def takes(self, value: Any) -> bool:
        """Whether `value` is exactly a frame, and Arrow preserves all of it."""
        # While another thread imports pandas, the attribute is missing.
        frame = getattr(sys.modules.get("pandas"), "DataFrame", None)
        if type(value) is not frame or importlib.util.find_spec("pyarrow") is None:
            return False
        return _has_plain_labels(value) and _has_plain_objects(value) and _survives(value)

    def dumps(self, value: Any) -> memoryview:
        """Return an Arrow IPC file."""
        import pyarrow as pa

        table = pa.Table.from_pandas(value)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return memoryview(sink.getvalue())

    def loads(self, data: Buffer) -> "pd.DataFrame":
        """Return the frame. It is a copy, because Arrow's memory is read-only.

        Raises an `ArrowException` for damaged bytes, which are validated first: Arrow would crash on some.
        """
        import pyarrow as pa

        table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
        table.validate(full=True)
        frame: pd.DataFrame = table.to_pandas()
        return frame.copy()


def _has_plain_labels(frame: "pd.DataFrame") -> bool:
    """Whether column names are unique strings, the index has one level, and nothing else is attached to the frame."""
    named = frame.columns.is_unique and all(type(name) is str for name in frame.columns)
    return named and frame.index.nlevels == 1 and getattr(frame.index, "freq", None) is None and not frame.attrs


def _has_plain_objects(frame: "pd.DataFrame") -> bool:
    """Whether columns and indexes of objects hold nothing but text. Arrow converts other objects."""
    from pandas.api.types import infer_dtype, is_object_dtype

    columns: list[Any] = [frame.index, *(frame.iloc[:, number] for number in range(frame.shape[1]))]
    return all(infer_dtype(each, skipna=False) == "string" for each in columns if is_object_dtype(each.dtype))


def _survives(frame: "pd.DataFrame") -> bool:
    """Whether an empty copy comes back with the same types of columns, index and labels."""
    import pyarrow as pa

    empty = frame.iloc[:0]
    try:
        back = pa.Table.from_pandas(empty).to_pandas()
    except (pa.ArrowException, TypeError, ValueError):
        return False
    same_labels = empty.columns.identical(back.columns) and type(empty.index) is type(back.index)
    return bool(same_labels and empty.index.identical(back.index) and empty.dtypes.equals(back.dtypes))
