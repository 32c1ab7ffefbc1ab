"""What errors tell to install agrees with what the packages of this workspace register."""

from pathlib import Path

from xetrack.registry import KINDS, OPTIONS, PROVIDERS, discovered

HERE = {path.parent.name for path in Path(__file__).parents[2].glob("packages/*/pyproject.toml")} - {"xetrack-core"}
OFFERS = [offer for kind in KINDS for offer in discovered().offers(kind) if offer.owner in HERE]


def test_every_package_registers_something():
    assert {offer.owner for offer in OFFERS} == HERE - {
        "xetrack",
        "xetrack-cli",
        "xetrack-testing",
    }


def test_every_provider_is_known_to_who_tells_what_to_install():
    registered = {(offer.kind, offer.provider.name): offer.owner for offer in OFFERS}
    assert registered == {key: owner for key, owner in PROVIDERS.items() if owner in HERE}


def test_every_option_is_known_to_who_tells_what_to_install():
    own = {
        option for offer in discovered().offers("engines") if offer.owner == "xetrack-core" for option in offer.options
    }
    claimed = {option: offer.owner for offer in OFFERS for option in offer.options - own}  # engines pass some on
    assert claimed == {option: owner for option, owner in OPTIONS.items() if owner in HERE}
