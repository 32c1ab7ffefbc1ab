"""The serializer of arrays keeps the contract that xetrack asks of everybody's."""

import numpy as np

from xetrack_assets.arrays import Arrays
from xetrack_testing import SerializerContract


class TestArrays(SerializerContract):
    values = (
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(5, dtype=">i2"),
        np.array(["a", "日本"]),
        np.array(["2026-01-01"], "datetime64[D]"),
        np.array([(1, 2.5)], dtype=[("a", "u1"), ("b", "f4")]),
        np.zeros((0, 3), dtype=bool),
        np.array([np.nan, -0.0, np.inf, 1j]),
    )
    refuses = (np.array([object()]), np.ma.masked_array([1], [True]), np.float64(1), [1.0], "text", None)

    def open(self):
        return Arrays()

    def equal(self, value, other):
        return (type(other), value.dtype, value.shape, value.tobytes()) == (
            np.ndarray,
            other.dtype,
            other.shape,
            other.tobytes(),
        )
