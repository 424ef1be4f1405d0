"""The canonical form of expressions: what it looks like, and that it means the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offerd.expression import ExpressionError, Limits
from offerd.expression.format import FormatError, bare, format_expression, one_line
from offerd.expression.syntax.parser import parse
from unit.expression.random_expressions import Expressions

FORMS = [
    ("a&&b", "a && b"),
    ("  a\n  &&\tb ", "a && b"),
    ("((a))", "a"),
    ("(a && b) || c", "(a && b) || c"),
    ("a && b || c", "(a && b) || c"),
    ("(a || b) && c", "(a || b) && c"),
    ("a && (b && c)", "a && (b && c)"),
    ("(a && b) && c", "a && b && c"),
    ("(a == b)", "a == b"),
    ("(a + b) * c", "(a + b) * c"),
    ("(a * b) + c", "a * b + c"),
    ("a - (b - c)", "a - (b - c)"),
    ("(a - b) - c", "a - b - c"),
    ("(a == b) == c", "a == b == c"),
    ("a == (b == c)", "a == (b == c)"),
    ("!(a)", "!a"),
    ("!(a && b)", "!(a && b)"),
    ("!(a in b)", "!(a in b)"),
    ("- a", "-a"),
    ("-(1)", "-(1)"),
    ("- 1", "-1"),
    ("a - -1", "a - -1"),
    ("(-1).x()", "(-1).x()"),
    ("a?b:c", "a ? b : c"),
    ("a ? b : (c ? d : e)", "a ? b : c ? d : e"),
    ("(a ? b : c) ? d : e", "(a ? b : c) ? d : e"),
    ("(a ? b : c) + d", "(a ? b : c) + d"),
    ("[1,2,]", "[1, 2]"),
    ("{'a':1,'b':2}", '{"a": 1, "b": 2}'),
    ("f( a , b )", "f(a, b)"),
    ("a . b [ 0 ] . c ( )", "a.b[0].c()"),
    ("a . ? b [ ? 0 ] . ? `c-d`", "a.?b[?0].?`c-d`"),
    ("[ ? a , b , ? (c) ]", "[?a, b, ?c]"),
    ("{ ? 'a' : b , c : d }", '{?"a": b, c: d}'),
    ("-(1).?x", "-(1.?x)"),
    ("(a + b).c", "(a + b).c"),
    (".a.b", ".a.b"),
    ("a.`b`.`c-d`", "a.b.`c-d`"),
    ("'yoga'", '"yoga"'),
    ("'it\\'s'", '"it\'s"'),
    ("'say \"yes\"'", "'say \"yes\"'"),
    ('"\\u00e5"', '"\\u00e5"'),
    ("R'\\d+'", 'r"\\d+"'),
    ("r'\"'", "r'\"'"),
    ("B'ab'", 'b"ab"'),
    ("'''a'''", "'''a'''"),
    ("1U + 0xFF + 1E3", "1u + 0xFF + 1E3"),
    ("true&&null==x", "true && null == x"),
]


@pytest.mark.parametrize(("source", "written"), FORMS)
def test_there_is_one_way_to_write_it(source: str, written: str) -> None:
    """Spacing, parentheses and quotation marks are settled."""
    assert format_expression(source) == written


def test_a_long_expression_is_broken_at_its_operators() -> None:
    """One operand a line, the operator at its end; what is still too long goes into its own."""
    written = format_expression(
        "aaaaaaaaaa == 1 && (bbbbbbbbbb == 2 || cccccccccc == 3) && !(dddddddddd && eeeeeeeeee"
        " && ffffffffff && gggggggggg) && (hhhhhhhhhh ? iiiiiiiiii + 1 == 2 : jjjjjjjjjj)",
        width=40,
    )
    assert written.split("\n") == [
        "aaaaaaaaaa == 1 &&",
        "(bbbbbbbbbb == 2 || cccccccccc == 3) &&",
        "!(",
        "  dddddddddd &&",
        "  eeeeeeeeee &&",
        "  ffffffffff &&",
        "  gggggggggg",
        ") &&",
        "(",
        "  hhhhhhhhhh",
        "    ? iiiiiiiiii + 1 == 2",
        "    : jjjjjjjjjj",
        ")",
    ]


def test_a_width_of_nothing_keeps_it_on_one_line() -> None:
    """For places that have no lines."""
    long = " && ".join(["profile.loyalty.tier"] * 30)
    assert format_expression(long, width=0) == long


def test_another_quotation_mark_can_be_preferred() -> None:
    """Inside JSON, double quotes would need escapes."""
    assert format_expression('a == "b" && c == "d\'e"', quote="'") == "a == 'b' && c == \"d'e\""


@pytest.mark.parametrize("source", ["a // why\n&& b", "a && b // why", "// why\na"])
def test_comments_are_not_lost(source: str) -> None:
    """An expression with a comment is refused rather than written without it."""
    with pytest.raises(FormatError, match="it has a comment"):
        format_expression(source)


def test_what_looks_like_a_comment_in_a_string_is_none() -> None:
    """An address is kept."""
    assert format_expression("a == 'https://b'") == 'a == "https://b"'


def test_what_would_exceed_the_limits_is_left() -> None:
    """Spaces and indentation may make an expression too long for the compiler."""
    long = "&&".join(["a"] * 2_000)
    with pytest.raises(FormatError, match="it would be longer than a rule may be"):
        format_expression(long, limits=Limits(source_length=7_000))


def test_a_mistake_is_told_as_ever() -> None:
    """What does not parse has an issue in its place."""
    with pytest.raises(ExpressionError, match="1:5: the expression ends too early"):
        format_expression("a &&")


def test_one_line_shows_anything_that_parses() -> None:
    """For people: line breaks and comments are gone, and parentheses around the whole."""
    assert one_line("((a // why\n  ==\n 'b  c'))") == "a == 'b  c'"
    assert one_line("(a) && (b)") == "(a) && (b)"
    assert one_line("a&&b") == "a&&b"
    assert one_line("a 'b\n") == "a 'b"
    assert one_line("") == ""


WORDS = r"""
a b.c d 1 -1 2u 1.5 .5 1e3 'a' "b" b'a' r'\d' 'it\'s' + - * / % == != < <= in && || ! ? : ( ) ( )
[ ] { } , . has(a.b) .exists(x, x) .f(a) [0] .`a-b` true null - - ! ( .?a [?0] [?a,
"""


@settings(max_examples=800, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join),
    st.sampled_from((0, 10, 40, 88)),
)
def test_formatting_keeps_the_tree(source: str, width: int) -> None:
    """Whatever parses is written with the same tree, and formatting that changes nothing more."""
    try:
        expr = parse(source)
    except ExpressionError:
        return
    written = format_expression(source, width=width)
    assert bare(parse(written)) == bare(expr)
    assert format_expression(written, width=width) == written
    assert bare(parse(one_line(source))) == bare(expr)


@pytest.mark.parametrize("seed", range(6))
def test_formatting_keeps_random_rules(seed: int) -> None:
    """Deep, well-typed expressions come out the same, however wide the page is."""
    expressions = Expressions(seed)
    for _ in range(30):
        source = expressions.source()
        if len(source) > 3_000:
            continue
        narrow = format_expression(source, width=30)
        assert bare(parse(narrow)) == bare(parse(source)), (seed, source)
        assert format_expression(narrow) == format_expression(source), (seed, source)


@pytest.mark.parametrize("seed", range(4))
def test_no_pair_of_parentheses_is_superfluous(seed: int) -> None:
    """Without any one pair the tree would be another, but for those around `&&` inside `||`."""
    expressions = Expressions(seed)
    for _ in range(15):
        written = format_expression(expressions.source(), width=0)
        if len(written) > 600:
            continue
        tree = bare(parse(written))
        for start, end in _pairs(written):
            without = f"{written[:start]}{written[start + 1 : end]}{written[end + 1 :]}"
            try:
                other = bare(parse(without))
            except ExpressionError:
                continue
            inside = written[start + 1 : end]
            assert other != tree or " && " in inside or inside[0] == "-", (seed, written, inside)


def _pairs(text: str) -> list[tuple[int, int]]:
    """Parentheses that are no call's, with where they close."""
    pairs, opened = [], []
    for at, character in enumerate(text):
        if character == "(":
            opened.append(at)
        elif character == ")":
            start = opened.pop()
            if start == 0 or not (text[start - 1].isalnum() or text[start - 1] == "_"):
                pairs.append((start, at))
    return pairs
