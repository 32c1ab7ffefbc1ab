import copy
import inspect
import pickle
import warnings

import pytest

from xetrack import Tracker, XetrackWarning, errors

BUILTINS = {
    "AssetDamagedError": ValueError,
    "ClosedError": RuntimeError,
    "DatabaseError": OSError,
    "DatabaseLockedError": TimeoutError,
    "DatabaseNotFoundError": FileNotFoundError,
    "DatabaseReadOnlyError": PermissionError,
    "DatabaseRemovedError": FileNotFoundError,
    "FilterError": ValueError,
    "InvalidKeyError": ValueError,
    "InvalidTableError": ValueError,
    "InvalidValueError": ValueError,
    "KeyNotFoundError": KeyError,
    "NotADatabaseError": ValueError,
    "OptionError": TypeError,
    "PluginBrokenError": ImportError,
    "PluginConflictError": ValueError,
    "PluginDisabledError": ImportError,
    "PluginError": Exception,
    "PluginNotInstalledError": ImportError,
    "PluginVersionError": ImportError,
    "RowNotFoundError": IndexError,
    "SchemaVersionError": ValueError,
    "TableNotFoundError": LookupError,
    "UntrustedError": PermissionError,
    "XetrackError": Exception,
    "XetrackWarning": UserWarning,
}


def defined():
    """The classes that the module makes itself."""
    return {name for name, each in vars(errors).items() if inspect.isclass(each) and each.__module__ == errors.__name__}


def test_every_error_is_public_and_has_a_builtin_that_callers_would_guess():
    assert defined() == BUILTINS.keys()
    assert set(errors.__all__) == BUILTINS.keys() | {"outer_level"}
    assert errors.__all__ == sorted(errors.__all__)


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_an_error_is_ours_and_the_builtin_and_documented(name, builtin):
    kind = getattr(errors, name)

    assert issubclass(kind, builtin)
    assert issubclass(kind, errors.XetrackError) is (name != "XetrackWarning")
    assert kind.__doc__


@pytest.mark.parametrize("name", BUILTINS)
@pytest.mark.parametrize("clone", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickle", "copy"])  # noqa: S301 - our own
def test_an_error_survives_pickling_with_its_message(name, clone):
    error = getattr(errors, name)("a.db: it is gone")

    again = clone(error)

    assert type(again) is type(error)
    assert str(again) == str(error) == "a.db: it is gone"


def test_a_warning_points_at_the_line_that_called_xetrack(tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Tracker(":memory:", git_root=tmp_path)

    assert [(each.category, each.filename) for each in caught] == [(XetrackWarning, __file__)]
