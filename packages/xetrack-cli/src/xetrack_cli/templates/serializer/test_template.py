"""What the plugin promises: all that every serializer does, and what this one does beyond."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xetrack.registry import discovered
from xetrack_testing import PackagingContract, SerializerContract

from xetrack_cli.templates.serializer.complexes import ComplexNumbers


class Impedance(complex):
    """Somebody's own kind of complex number."""


class TestContract(SerializerContract):
    """The tests of xetrack for serializers."""

    values = (1j, 1.5 - 2j, complex("nan"), complex("-inf"), complex(0.0, -0.0))
    refuses = (1, 1.0, True, None, "1j", [1j], Impedance(1j))

    def open(self) -> ComplexNumbers:
        """A serializer."""
        return ComplexNumbers()


class TestPackaging(PackagingContract):
    """The tests of xetrack for distributions."""

    distribution = "template-distribution"


@given(st.complex_numbers())
def test_numbers_come_back_as_they_were(number: complex) -> None:
    """Also -0.0, infinities and NaN."""
    again = ComplexNumbers().loads(ComplexNumbers().dumps(number))
    assert repr(again) == repr(number)
    assert math.copysign(1, again.imag) == math.copysign(1, number.imag) or math.isnan(number.imag)


def test_bytes_that_are_no_number_are_refused() -> None:
    """With an error that says so."""
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        ComplexNumbers().loads(b"123")


def test_it_is_found_installed() -> None:
    """Under the name that is stored beside the bytes."""
    names = [offer.provider.name for offer in discovered().offers("serializers")]
    assert "template_name" in names
