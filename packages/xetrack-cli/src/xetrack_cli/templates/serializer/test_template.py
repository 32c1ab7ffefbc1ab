"""The conformance tests, and tests of what this serializer adds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xetrack.registry import discovered
from xetrack_testing import PackagingContract, SerializerContract

from xetrack_cli.templates.serializer.complexes import ComplexNumbers


class Impedance(complex):
    """A subclass of complex."""


class TestContract(SerializerContract):
    """The conformance tests for serializers."""

    values = (1j, 1.5 - 2j, complex("nan"), complex("-inf"), complex(0.0, -0.0))
    refuses = (1, 1.0, True, None, "1j", [1j], Impedance(1j))

    def open(self) -> ComplexNumbers:
        """Make a serializer."""
        return ComplexNumbers()


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


@given(st.complex_numbers())
def test_numbers_come_back_as_they_were(number: complex) -> None:
    """Including -0.0, infinities and NaN."""
    again = ComplexNumbers().loads(ComplexNumbers().dumps(number))
    assert repr(again) == repr(number)
    assert math.copysign(1, again.imag) == math.copysign(1, number.imag) or math.isnan(number.imag)


def test_bytes_that_are_no_number_are_refused() -> None:
    """With an error that says why."""
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        ComplexNumbers().loads(b"123")


def test_it_is_found_installed() -> None:
    """Under the name that is stored with the bytes."""
    names = [offer.provider.name for offer in discovered().offers("serializers")]
    assert "template_name" in names
