"""The serializer."""

import struct

from xetrack.plugin import Buffer

__all__ = ["ComplexNumbers"]

_FORM = struct.Struct("<dd")


class ComplexNumbers:
    """Serializes a complex number as two 64-bit floats, little-endian."""

    safe = True  # loading cannot run code
    general = False  # specific serializers precede general ones

    def takes(self, value: object) -> bool:
        """Accept complex numbers, but no subclasses, whose type would be lost."""
        return type(value) is complex

    def dumps(self, value: object) -> Buffer:
        """Serialize a value that `takes` accepted."""
        if not isinstance(value, complex):
            raise TypeError(f"Expected a complex number, got {value!r}")
        return _FORM.pack(value.real, value.imag)

    def loads(self, data: Buffer) -> complex:
        """Return the number. Raises `ValueError` for invalid bytes."""
        if len(data) != _FORM.size:
            raise ValueError(f"Expected {_FORM.size} bytes, got {len(data)}")
        return complex(*_FORM.unpack(data))
