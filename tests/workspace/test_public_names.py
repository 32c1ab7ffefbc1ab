"""The public names and signatures are those on record, so that none of them changes unnoticed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import public_names


def test_public_names_and_signatures_are_those_on_record():
    cure = "If the change is meant, run scripts/public_names.py and add a line to the changelog."
    assert public_names.text() == public_names.SNAPSHOT.read_text(encoding="utf-8"), cure
