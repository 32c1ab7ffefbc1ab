"""The serializer itself."""

import struct

from xetrack.plugin import Buffer

__all__ = ["ComplexNumbers"]

_FORM = struct.Struct("<dd")


class ComplexNumbers:
    """A complex number as two 64-bit floats, little-endian."""

    safe = True  # loading runs no code of whoever made the bytes
    general = False  # this one is for some values only, and asked before those that take all

    def takes(self, value: object) -> bool:
        """Subclasses are left to others: they would not come back as what they are."""
        return type(value) is complex

    def dumps(self, value: object) -> Buffer:
        """The bytes of a value that `takes` agreed to."""
        if not isinstance(value, complex):
            raise TypeError(f"a {type(value).__name__} is no complex number")
        return _FORM.pack(value.real, value.imag)

    def loads(self, data: Buffer) -> complex:
        """The number again. Raises `ValueError` for bytes that are none."""
        if len(data) != _FORM.size:
            raise ValueError(f"a complex number has {_FORM.size} bytes, not {len(data)}")
        return complex(*_FORM.unpack(data))
