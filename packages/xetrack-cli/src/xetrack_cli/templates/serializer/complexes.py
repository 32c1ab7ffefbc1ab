"""The serializer."""

import struct

from xetrack.plugin import Buffer

__all__ = ["ComplexNumbers"]

_FORM = struct.Struct("<dd")


class ComplexNumbers:
    """A complex number as two 64-bit floats, little-endian."""

    safe = True  # deserializing runs no code from the bytes
    general = False  # for some types only, and asked before the general ones

    def takes(self, value: object) -> bool:
        """Whether the value is a complex number. A subclass would not come back as itself."""
        return type(value) is complex

    def dumps(self, value: object) -> Buffer:
        """Serialize a value that `takes` accepts."""
        if not isinstance(value, complex):
            raise TypeError(f"a {type(value).__name__} is not a complex number")
        return _FORM.pack(value.real, value.imag)

    def loads(self, data: Buffer) -> complex:
        """Deserialize a number. Raises `ValueError` for malformed bytes."""
        if len(data) != _FORM.size:
            raise ValueError(f"a complex number has {_FORM.size} bytes, not {len(data)}")
        return complex(*_FORM.unpack(data))
