"""Tests of the plugin: the contracts of xetrack, and what is specific to this serializer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xetrack.registry import discovered
from xetrack_testing import PackagingContract, SerializerContract

from xetrack_cli.templates.serializer.complexes import ComplexNumbers


class Impedance(complex):
    """A subclass, which is not supported."""


class TestContract(SerializerContract):
    """The contract of serializers."""

    values = (1j, 1.5 - 2j, complex("nan"), complex("-inf"), complex(0.0, -0.0))
    refuses = (1, 1.0, True, None, "1j", [1j], Impedance(1j))

    def open(self) -> ComplexNumbers:
        """Create a serializer."""
        return ComplexNumbers()


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


@given(st.complex_numbers())
def test_numbers_come_back_exactly(number: complex) -> None:
    """Including -0.0, infinities and NaN."""
    again = ComplexNumbers().loads(ComplexNumbers().dumps(number))
    assert repr(again) == repr(number)
    assert math.copysign(1, again.imag) == math.copysign(1, number.imag) or math.isnan(number.imag)


def test_invalid_bytes_are_refused() -> None:
    """The error names the length."""
    with pytest.raises(ValueError, match="16 bytes, got 3"):
        ComplexNumbers().loads(b"123")


def test_it_is_found_installed() -> None:
    """By the name that is stored beside the bytes."""
    names = [offer.provider.name for offer in discovered().offers("serializers")]
    assert "template_name" in names
