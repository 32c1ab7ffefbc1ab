"""pandas frames in the Arrow IPC file format: safe to load, compact, and read by `pandas.read_feather`.

Needs pyarrow (`pip install xetrack-assets[arrow]`); without it, frames are pickled like any other object.
"""

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from xetrack.plugin import Buffer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames"]


class Frames:
    """The serializer named "arrow": frames that Arrow gives back as they are, to the type of each column."""

    safe = True
    general = False

    def takes(self, value: Any) -> bool:
        """Whether `value` is a frame, of no subclass, that nothing is lost of."""
        # in the middle of being imported, by another thread, the library has no such thing
        frame = getattr(sys.modules.get("pandas"), "DataFrame", None)
        if type(value) is not frame or importlib.util.find_spec("pyarrow") is None:
            return False
        return _has_plain_labels(value) and _has_plain_objects(value) and _survives(value)

    def dumps(self, value: Any) -> memoryview:
        """One Arrow IPC file in memory."""
        import pyarrow as pa

        table = pa.Table.from_pandas(value)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return memoryview(sink.getvalue())

    def loads(self, data: Buffer) -> "pd.DataFrame":
        """The frame. It has memory of its own: Arrow's may not be written to.

        Raises an `ArrowException` for damaged bytes: without looking at all of them first, Arrow would crash on some.
        """
        import pyarrow as pa

        table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
        table.validate(full=True)
        frame: pd.DataFrame = table.to_pandas()
        return frame.copy()


def _has_plain_labels(frame: "pd.DataFrame") -> bool:
    """Whether columns have names that differ, the index has one level, and nothing else hangs on the frame."""
    named = frame.columns.is_unique and all(type(name) is str for name in frame.columns)
    return named and frame.index.nlevels == 1 and getattr(frame.index, "freq", None) is None and not frame.attrs


def _has_plain_objects(frame: "pd.DataFrame") -> bool:
    """Whether columns of objects, and an index of such, are text throughout: of all else Arrow makes its own kind."""
    from pandas.api.types import infer_dtype, is_object_dtype

    columns: list[Any] = [frame.index, *(frame.iloc[:, number] for number in range(frame.shape[1]))]
    return all(infer_dtype(each, skipna=False) == "string" for each in columns if is_object_dtype(each.dtype))


def _survives(frame: "pd.DataFrame") -> bool:
    """Whether the types of an empty copy come back: of columns, of the index, and of the labels."""
    import pyarrow as pa

    empty = frame.iloc[:0]
    try:
        back = pa.Table.from_pandas(empty).to_pandas()
    except (pa.ArrowException, TypeError, ValueError):
        return False
    same_labels = empty.columns.identical(back.columns) and type(empty.index) is type(back.index)
    return bool(same_labels and empty.index.identical(back.index) and empty.dtypes.equals(back.dtypes))
