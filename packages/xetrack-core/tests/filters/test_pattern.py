"""Regular expressions of filters mean what they mean in `re`, and always end."""

import random
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xetrack._filter.pattern import Pattern, PatternError

LETTERS = "abAB0_ -\n"


def parts(inner):
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{,2}", "{0,3}", "*?", "{1,2}?"])).map(
            lambda each: f"({each[0]}){each[1]}"
        ),
    )


ATOMS = st.one_of(
    st.sampled_from(["a", "b", "^", "$", ""]),
    st.sampled_from(["A", ".", r"\d", r"\W", r"\s", r"\.", r"\n", "[ab]", "[^a]", "[a-b0]", "[]a]"]),
)
PATTERNS = st.recursive(ATOMS, parts, max_leaves=8)


@settings(deadline=None, max_examples=500)  # a busy machine fails no test
@given(pattern=PATTERNS, text=st.text(LETTERS, max_size=8), insensitive=st.booleans())
def test_a_pattern_matches_where_re_does(pattern, text, insensitive):
    pattern = "(?i)" * insensitive + pattern
    # In re, $ is also the place before a line break at the end.
    expected = re.search(pattern.replace("$", r"\Z"), text) is not None

    try:
        found = Pattern(pattern).search(text)
    except PatternError as error:
        reject("cannot be repeated" in error.reason)
    assert found is expected


def reject(allowed):
    """Skip an example that only `re` allows."""
    assert allowed
    assume(condition=False)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^b", "ab", False),
        ("^a", "ab", True),
        ("a$", "ab", False),
        ("b$", "ab", True),
        ("^$", "", True),
        ("$^", "", True),
        ("^$", "a", False),
        ("x|^b", "ab", False),
        ("(^a|b)+$", "ba", False),
        ("a$", "a\n", False),
        ("", "", True),
    ],
)
def test_the_ends_of_the_text(pattern, text, expected):
    assert Pattern(pattern).search(text) is expected


@pytest.mark.parametrize("char", ["[", "&", "~", "|"])
def test_characters_that_re_warns_of_in_a_class(char):
    assert Pattern(f"^[{char}{char}]$").search(char)
    assert not Pattern(f"^[{char}{char}]$").search("x")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)x", "(a?){100}a{100}b", "(((a*)*)*)*b", "(()*)*b"]
)
def test_what_takes_re_years_ends(pattern):
    assert not Pattern(pattern).search("a" * 5000 + "c")


def test_states_are_forgotten_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr("xetrack._filter.pattern._REMEMBERED", 300)
    pattern = Pattern("(a|b)*a(a|b){9}$")
    text = "".join(random.Random(0).choices("ab", k=2000))  # its parts have most of 2^10 states

    assert pattern.search(text + "a" + "b" * 9)
    assert not pattern.search(text + "b" + "b" * 9)
    assert 100 < len(pattern._states) <= 301


@pytest.mark.parametrize(
    ("pattern", "at", "reason"),
    [
        ("a(b", 1, "never closed"),
        ("ab)", 2, "closes nothing"),
        ("a[b", 1, "never closed"),
        ("*a", 0, "repeats nothing"),
        ("a**", 2, "repeats nothing"),
        ("a{", 1, "repeats nothing"),
        ("^*", 1, "cannot be repeated"),
        ("a{3,2}", 1, "3 is more than 2"),
        (r"(a)\1", 3, "not supported"),
        (r"\bword", 0, "not supported"),
        ("a\\", 1, "not supported"),
        ("a(?=b)", 1, "are supported"),
        ("a(?P<n>b)", 1, "are supported"),
        ("a(?i)b", 1, "are supported"),
        ("x[b-a]", 1, "bad character range"),
        ("x[+--]", 3, "hyphen"),
        ("(a{1000}){9999}", 0, "repeats too much"),
        ("(((){9999}){9999}){9999}", 0, "repeats too much"),
        ("(" * 21 + ")" * 21, 20, "groups inside each other"),
        ("a" * 1001, 1000, "at most 1,000 characters"),
    ],
)
def test_a_pattern_that_is_refused(pattern, at, reason):
    with pytest.raises(PatternError, match=re.escape(reason)) as caught:
        Pattern(pattern)

    assert caught.value.at == at


@settings(deadline=None)
@given(st.text("ab()[]{}*+?|^$\\.-,0123456789:=!<>&~dwi\n", max_size=30))
def test_any_text_is_a_pattern_or_refused(text):
    try:
        Pattern(text).search("ab ab 12")
    except PatternError as error:
        place = error.at
    else:
        place = 0
    assert 0 <= place <= len(text)
