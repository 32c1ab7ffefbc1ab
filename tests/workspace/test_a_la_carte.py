"""What scripts/a_la_carte.py finds wrong in an environment. CI runs it on real ones."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
from a_la_carte import check_brings_what_it_declares, combinations  # noqa: E402 - scripts are no package
from workspace import packages  # noqa: E402 - as above

CORE = {"xetrack-core": ["pandas>=2.2.2", 'hypothesis>=6 ; extra == "proofs"'], "pandas": ["tzdata; os_name == 'nt'"]}
CLI = {**CORE, "xetrack-cli": ["xetrack-core<1.1,>=1.0", "rich", "openpyxl>=3.1 ; extra == 'excel'"], "rich": []}


def test_what_declares_everything_passes():
    check_brings_what_it_declares(("xetrack-core",), CORE)
    check_brings_what_it_declares(("xetrack-cli",), CLI)
    check_brings_what_it_declares(("xetrack-cli[excel]",), {**CLI, "openpyxl": ["et_xmlfile"], "et-xmlfile": []})
    check_brings_what_it_declares(("xetrack-core[proofs]",), {**CORE, "hypothesis": []})


def test_an_extra_may_ask_for_the_extra_of_a_package_that_is_required_anyway():
    both = {"xetrack": ["xetrack-cli", "xetrack-cli[excel]; extra == 'all'"], **CLI, "openpyxl": []}

    check_brings_what_it_declares(("xetrack[all]",), both)
    with pytest.raises(RuntimeError, match="must not install"):
        check_brings_what_it_declares(("xetrack",), both)


@pytest.mark.parametrize(
    ("wanted", "present", "named"),
    [
        ("xetrack-core", {"xetrack-core": ["pandas"]}, "lacks ['pandas']"),
        ("xetrack-cli[excel]", CLI, "lacks [\"openpyxl>=3.1 ; extra == 'excel'\"]"),
        ("xetrack-cli", {**CLI, "openpyxl": []}, "must not install ['openpyxl']"),
        ("xetrack-core", {**CORE, "tabulate": []}, "must not install ['tabulate']"),
        ("xetrack-core", {**CORE, "pandas": ["rich"], "rich": []}, "must not install ['rich']"),
    ],
)
def test_what_lacks_something_or_brings_too_much_is_found(wanted, present, named):
    with pytest.raises(RuntimeError) as failed:
        check_brings_what_it_declares((wanted,), present)
    assert named in str(failed.value)


def test_every_package_is_tried_alone_with_each_extra_and_beside_others():
    every = {name for wanted in combinations(packages()) for name in wanted}
    plugins = {one.name for one in packages()} - {"xetrack", "xetrack-core", "xetrack-testing"}
    in_pairs = {name for wanted in combinations(packages()) if len(wanted) > 1 for name in wanted}
    assert {one.name for one in packages()} <= every
    assert {"xetrack[all]", "xetrack-assets[arrow]"} <= every
    assert in_pairs == plugins
