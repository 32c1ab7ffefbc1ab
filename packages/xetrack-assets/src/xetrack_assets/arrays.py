"""The serializer of NumPy arrays: the `.npy` format, safe to load, without copies in either direction.

The format is NEP 1, version 2.0 (numpy.org/neps/nep-0001-npy-format.html); `numpy.load` reads exported files.
"""

import io
import sys
from typing import TYPE_CHECKING, Any

from xetrack.plugin import Buffer

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Arrays"]

_MAX_HEADER = 8000  # numpy refuses headers of more than 10,000 characters from strangers
_PREFIX = 12  # bytes: magic, version, length of the header
_OF_OTHERS = 2  # `dtype.isbuiltin` of types that a library registers


class Arrays:
    """The serializer "npy": arrays of numbers, times, text and records, without Python objects."""

    safe = True
    general = False

    def takes(self, value: Any) -> bool:
        """Whether `value` is exactly an array, of a type that the format can name."""
        # While another thread imports numpy, the attribute is missing.
        array = getattr(sys.modules.get("numpy"), "ndarray", None)
        return type(value) is array and _can_be_named(value.dtype)

    def dumps(self, value: Any) -> list[Buffer]:
        """Return a header and a view of the array's memory. Copies only arrays that are not contiguous."""
        import numpy as np

        fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        descr = np.lib.format.dtype_to_descr(value.dtype)
        header = io.BytesIO()
        np.lib.format.write_array_header_2_0(header, {"descr": descr, "fortran_order": fortran, "shape": value.shape})
        flat = np.ascontiguousarray(value.T if fortran else value).reshape(-1)
        return [header.getvalue(), flat.view(np.uint8).data]

    def loads(self, data: Buffer) -> "np.ndarray[Any, Any]":
        """Return the array, on the memory of `data` if that is writable."""
        import numpy as np

        length = int.from_bytes(data[_PREFIX - 4 : _PREFIX], "little")
        header = io.BytesIO(bytes(data[: _PREFIX + length]))
        np.lib.format.read_magic(header)
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(header)
        if 0 in shape:
            return np.empty(shape, dtype)
        flat = np.frombuffer(data, dtype, offset=_PREFIX + length)
        array = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
        return array if array.flags.writeable else array.copy(order="K")


def _can_be_named(dtype: "np.dtype[Any]") -> bool:
    """Whether the format's name for a type means that type; the name of bfloat16, for example, does not."""
    import numpy as np

    if not _is_simple(dtype):
        return False
    descr = np.lib.format.dtype_to_descr(dtype)
    fits = repr(descr).isascii() and len(repr(descr)) < _MAX_HEADER
    return fits and np.lib.format.descr_to_dtype(descr) == dtype


def _is_simple(dtype: "np.dtype[Any]") -> bool:
    """Whether a type is one of NumPy's own with a size and without Python objects, or a record of such."""
    if dtype.metadata or not dtype.itemsize:
        return False
    if dtype.fields is not None:
        return all(_is_simple(field[0]) for field in dtype.fields.values())
    return dtype.base.kind in "biufcSUMm" and dtype.base.isbuiltin != _OF_OTHERS
