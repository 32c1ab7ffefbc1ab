"""Private names of xetrack in a plugin are reported with the public names to use instead."""

import pytest

from xetrack_testing import PackagingContract
from xetrack_testing.private_names import private_names


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "from xetrack._rows.normalize import Normaliser",
            ["xetrack._rows.normalize.Normaliser (use xetrack.plugin.Normaliser)"],
        ),
        (
            "from xetrack._sqlite.engine import SqliteEngine",
            ["xetrack._sqlite.engine.SqliteEngine (use xetrack.sqlite.SqliteEngine)"],
        ),
        ("from xetrack import _tracking", ["xetrack._tracking"]),
        ("import xetrack._util.clock", ["xetrack._util.clock"]),
        ("def late():\n    from xetrack._plugins import discovery", ["xetrack._plugins.discovery"]),
        ("from xetrack.plugin import Context\nfrom xetrack import Tracker, errors\nerrors.OptionError", []),
    ],
)
def test_private_names_are_found_with_their_public_equivalents(source, found):
    assert list(private_names(source)) == found


def test_the_contract_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "private_user").mkdir()
    (tmp_path / "private_user" / "__init__.py").write_text("from xetrack._rows.normalize import Normaliser\n")
    monkeypatch.syspath_prepend(tmp_path)
    [plugin] = [type("Found", (), {"target": "private_user"})()]
    with pytest.raises(
        AssertionError, match=r"__init__\.py: xetrack\._rows\.normalize\.Normaliser \(use xetrack\.plugin"
    ) as caught:
        PackagingContract().test_it_uses_public_names_only([plugin])
    assert "Use public names only: those in `__all__` of xetrack, xetrack.plugin, xetrack.errors" in str(caught.value)
