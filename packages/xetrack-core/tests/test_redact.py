"""Passwords in URLs are hidden in all that people read."""

import pickle
import warnings

import pytest

from xetrack.errors import DatabaseError, InvalidKeyError, KeyNotFoundError, PluginNotInstalledError, XetrackWarning
from xetrack.plugin import redact_error, redacted

SHOWN = [
    ("postgresql://ann:hunter2@host:5432/db", "postgresql://ann:***@host:5432/db"),
    ("redis://:hunter2@host", "redis://:***@host"),
    ("postgresql://ann:a:b@c/d?e#f@host/db", "postgresql://ann:***@host/db"),
    ("postgresql://ann@host:5432/db", "postgresql://ann@host:5432/db"),
    ("postgresql:/ann:hunter2@host", "postgresql:/ann:***@host"),
    ("pg+tls://h/db?user=ann&password=hunter2&x=1", "pg+tls://h/db?user=ann&password=***&x=1"),
    ("pg://h/db?sslpassword=a&SSLPassword=b", "pg://h/db?sslpassword=***&SSLPassword=***"),
    ("pg://h/?access_token=a;api_key=b", "pg://h/?access_token=***"),
    ("cannot reach 'pg://ann:hunter2@h/db': try again", "cannot reach 'pg://ann:***@h/db': try again"),
    ("pg://a:b@h and pg://c:d@h", "pg://a:***@h and pg://c:***@h"),
    ("pg://a:***@h/?password=***: gone", "pg://a:***@h/?password=***: gone"),
    ("track.db", "track.db"),
    ("/home/ann/a:b@c.db", "/home/ann/a:b@c.db"),
    ("https://docs.example/page?query=1#part: see there, or ask ann@example", None),
    ("12:30: password=x", None),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_passwords_are_hidden_and_nothing_else(text, shown):
    assert redacted(text) == (text if shown is None else shown)
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("kind", [DatabaseError, InvalidKeyError, KeyNotFoundError, PluginNotInstalledError])
def test_every_error_hides_passwords(kind):
    error = kind("pg://ann:hunter2@host is gone")
    for each in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert str(each) == "pg://ann:***@host is gone"
        assert "hunter2" not in repr(each)
        assert "hunter2" not in repr(vars(each))


def test_warnings_hide_passwords():
    with pytest.warns(XetrackWarning) as caught:
        warnings.warn("pg://ann:hunter2@host is gone", XetrackWarning, stacklevel=1)
    assert str(caught[0].message) == "pg://ann:***@host is gone"


def test_an_error_of_a_driver_and_what_led_to_it():
    error = ValueError("pg://ann:hunter2@host")
    error.__cause__ = FileNotFoundError(2, "gone", "pg://ann:hunter2@host")
    redact_error(error)
    assert str(error) == "pg://ann:***@host"
    assert str(error.__cause__) == "[Errno 2] gone: 'pg://ann:***@host'"
