"""What the core says about packages of ours agrees with what they register."""

import importlib.metadata

import pytest

from xetrack.hints import OPTIONS, PROVIDERS
from xetrack.plugins import KINDS, discovered

PACKAGES = {entry.dist.name for entry in importlib.metadata.entry_points(group="xetrack")}
OFFERS = [offer for kind in KINDS for offer in discovered().offers(kind) if offer.owner in PACKAGES]


@pytest.mark.parametrize("package", sorted({*OPTIONS.values(), *PROVIDERS.values()}))
def test_the_hints_name_what_a_package_registers(package):
    if package not in PACKAGES:
        pytest.skip("this package is not in the workspace")
    offers = [offer for offer in OFFERS if offer.owner == package]
    claimed = {option for offer in offers for option in offer.options}

    assert {option for option, owner in OPTIONS.items() if owner == package} <= claimed
    assert {each for each, owner in PROVIDERS.items() if owner == package} <= {
        (offer.kind, offer.provider.name) for offer in offers
    }


def test_no_package_claims_an_option_that_the_hints_do_not_know():
    assert {option for offer in OFFERS for option in offer.options} <= OPTIONS.keys()


def test_the_sinks_are_there():
    assert {"logs", "jsonl"} <= {offer.provider.name for offer in OFFERS if offer.owner == "xetrack-sinks"}
