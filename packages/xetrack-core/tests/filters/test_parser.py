"""The grammar of filters, and errors that point at the character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xetrack._filter.parser import parse
from xetrack._filter.syntax import FUNCTIONS, And, Compare, In, IsNull, Key, Not, Or, Value, Word
from xetrack.errors import FilterError, OptionError
from xetrack.plugin import parse_filter

LR = Compare(Key("lr"), "<=", Value("1e-3"))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("lr <= 1e-3", LR),
        ("lr<=1e-3", LR),
        (" ( lr  <=\n1e-3 ) ", LR),
        ("a == 1", Compare(Key("a"), "=", Value("1"))),
        ("a!~b", Compare(Key("a"), "!~", Value("b"))),
        ("max(val/acc) > 0.7", Compare(Key("val/acc", "max"), ">", Value("0.7"))),
        ("MAX ( 'val acc' )>.7", Compare(Key("val acc", "max"), ">", Value(".7"))),
        ("max = 3", Compare(Key("max"), "=", Value("3"))),
        ('\'it\'\'s\' = "a ""b"""', Compare(Key("it's"), "=", Value('a "b"', "quoted"))),
        ("m ~ /a (b|c)\\/d/ and x", And((Compare(Key("m"), "~", Value("a (b|c)\\/d", "regex")), Word("x")))),
        ("m ~ a/b", Compare(Key("m"), "~", Value("a/b"))),
        ("m ~ '/a'", Compare(Key("m"), "~", Value("/a", "quoted"))),
        ("model in (a, 'b c',3)", In(Key("model"), (Value("a"), Value("b c", "quoted"), Value("3")))),
        ("model not in(a)", In(Key("model"), (Value("a"),), negated=True)),
        ("lr is null", IsNull(Key("lr"))),
        ("lr IS NOT None", IsNull(Key("lr"), negated=True)),
        ("first(lr) is null", IsNull(Key("lr", "first"))),
        ("resnet", Word("resnet")),
        ("max", Word("max")),
        ("'two words'", Word("two words")),
        ("not a", Not(Word("a"))),
        ("not not a", Not(Not(Word("a")))),
        ("not=1", Compare(Key("not"), "=", Value("1"))),
        ("in=1", Compare(Key("in"), "=", Value("1"))),
        ("not 'in' = 1", Not(Compare(Key("in"), "=", Value("1")))),
        ("android and nothing", And((Word("android"), Word("nothing")))),
        ("a or b and not c or d", Or((Word("a"), And((Word("b"), Not(Word("c")))), Word("d")))),
        ("(a or b) and (c and d)", And((Or((Word("a"), Word("b"))), And((Word("c"), Word("d")))))),
    ],
)
def test_parsed(text, node):
    assert parse(text) == node
    assert parse(str(node)) == node


TEXTS = st.text(st.sampled_from("ab \"'()/=!~<>,.-\\\n0é中"), max_size=5)
BARE = st.one_of(st.text("abé中/.-+:01{}[]", min_size=1, max_size=5), st.sampled_from(["null", "true", "max", "1e-3"]))
KEYS = st.builds(Key, st.one_of(TEXTS.filter(bool), BARE, st.sampled_from(["in", "NOT"])))
KEYS = st.one_of(KEYS, st.builds(Key, BARE, st.sampled_from(FUNCTIONS)))
VALUES = st.one_of(st.builds(Value, TEXTS, st.just("quoted")), st.builds(Value, BARE))
REGEXES = st.builds(Value, st.sampled_from(["a+", "a b", r"\/", r"[^/]"[:0], "(a|b),"]), st.just("regex"))
LEAVES = st.one_of(
    st.builds(Compare, KEYS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES),
    st.builds(
        Compare, KEYS, st.sampled_from(["~", "!~"]), st.one_of(REGEXES, VALUES.filter(lambda v: v.text[:1] != "/"))
    ),
    st.builds(In, KEYS, st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(IsNull, KEYS, st.booleans()),
    st.builds(Word, TEXTS.filter(bool)),
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine fails no test
@given(NODES)
def test_a_printed_filter_parses_to_the_same(node):
    assert parse(str(node)) == node


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 0, "expected a condition, such as lr <= 1e-3."),
        ("  ", 2, "expected a condition"),
        ("lr <=> 3", 5, 'expected a value after "<=".'),
        ("lr >", 4, 'expected a value after ">".'),
        ("lr > and a = 1", 5, 'expected a value after ">". Quote "and" if it is the value.'),
        ("= 3", 0, "expected a condition"),
        ("a = 1 b = 2", 6, 'expected "and", "or" or the end. Quote text that contains spaces'),
        ("a = 1 and", 9, "expected a condition"),
        ("and a = 1", 0, 'expected a condition, not "and". Quote it if it is a name.'),
        ("a = 1 or or b", 9, 'expected a condition, not "or".'),
        ("not", 3, "expected a condition"),
        ("(a = 1", 6, 'expected "and", "or" or ")".'),
        ("()", 1, "expected a condition"),
        ("a = 1)", 5, 'this ")" closes nothing.'),
        ("a = 'it", 4, "this quote is never closed."),
        ("a = it's", 6, 'expected "and", "or" or the end. Quote text'),
        ("''", 0, "expected text to find in the names of runs"),
        ("a in 3", 5, 'expected "(" after "in"'),
        ("a in ()", 6, 'expected a value after "(".'),
        ("a in (1,)", 8, 'expected a value after ",".'),
        ("a in (1 2)", 8, 'expected "," or ")".'),
        ("a in (1, 2", 10, 'expected "," or ")".'),
        ("a is 3", 5, 'expected "null" or "not null" after "is".'),
        ("a not 3", 6, 'expected "in" after "not".'),
        ("max(lr)", 7, "expected a comparison, such as max(lr) > 0.5."),
        ("max()", 4, "expected a key, such as max(loss)."),
        ("max(lr", 6, 'expected ")".'),
        ("max(a b) > 1", 6, 'expected ")".'),
        ("maxx(lr) > 1", 0, "there is no function 'maxx'. Did you mean 'max'?"),
        ("sum(lr) > 1", 0, "there is no function 'sum'. Use one of last, first, min, max, mean, count."),
        ("m ~ /a", 4, "the regular expression has no closing /."),
        ("m ~ /a/b", 7, "expected a space after the regular expression."),
        ("m ~ /ab(c/", 7, 'this "(" is never closed.'),
        ("m = /a b/", 7, 'expected "and", "or" or the end.'),
        ("(" * 51 + "a" + ")" * 51, 50, "more than 50 conditions inside each other."),
        ("not " * 51 + "a", 4 * 50, "more than 50 conditions inside each other."),
    ],
)
def test_a_mistake_has_a_caret_under_it(text, at, reason):
    with pytest.raises(FilterError) as caught:
        parse(text)

    error = caught.value
    assert (error.text, error.position) == (text, at)
    assert error.reason.startswith(reason)
    first, shown, below = str(error).split("\n")
    caret = below.index("^")
    assert (first, below[caret + 2 :]) == ("Invalid filter:", error.reason)
    assert shown[caret : caret + 1] == text[at : at + 1]


@pytest.mark.parametrize(
    ("text", "shown", "spaces"),
    [
        ("模型 = = 3", "模型 = = 3", 4 + 3),
        ("e\u0301 = = 3", "e\u0301 = = 3", 1 + 3),
        ("a\x1b[31m\n= = 3", "a [31m = = 3", 9),
        ("a = " + "b" * 200 + "= 3", "…" + "b" * 60 + "= 3", 61),
        ("= " + "b" * 200, "= " + "b" * 28 + "…", 0),
    ],
)
def test_the_caret_stands_under_the_mistake_on_any_terminal(text, shown, spaces):
    with pytest.raises(FilterError) as caught:
        parse(text)

    _, line, below = str(caught.value).split("\n")
    assert line == "  " + shown
    assert below.index("^") == 2 + spaces


WORDS = [
    "a",
    "lr",
    "(",
    ")",
    "not",
    "and",
    "or",
    "in",
    "is",
    "null",
    "max(",
    "=",
    "<=",
    "~",
    "/",
    "/a/",
    "'b'",
    ",",
    "1",
]
TOKENS = st.lists(st.sampled_from([*WORDS, "'", '"', "\\", " "]), max_size=30)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), TOKENS.map("".join), TOKENS.map(" ".join)))
def test_any_text_is_a_filter_or_refused_with_a_place(text):
    try:
        node = parse(text)
    except FilterError as error:
        place = error.position
    else:
        place = 0
        assert parse(str(node)) == node
    assert 0 <= place <= len(text)


def test_a_filter_may_be_long_but_not_deep():
    parse(" and ".join(["(a = 1 or b = 2)"] * 5000))
    for text in ("(" * 100_000, "not " * 100_000, "(not " * 100_000):
        with pytest.raises(FilterError, match="inside each other"):
            parse(text)


@pytest.mark.parametrize("where", [3, True, b"a = 1", {"a": 1}, ["a = 1", 3], [None], "\udc80 = 1"])
def test_only_text_is_a_filter(where):
    with pytest.raises(OptionError, match="where="):
        parse_filter(where)


def test_several_filters_print_as_one():
    assert str(parse_filter(["a = 1 or b = 2", "c"])) == "(a = 1 or b = 2) and c"
