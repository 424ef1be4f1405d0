"""What fails for everybody, reads nothing, or can never be: refused with its place."""

from __future__ import annotations

import pytest

from offerd.expression import (
    BOOL,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    Environment,
    ExpressionError,
    Record,
    compile_expression,
    list_of,
)

ENVIRONMENT = Environment(
    {
        "p": Record(
            {
                "i": Attribute(INT),
                "s": Attribute(STRING),
                "b": Attribute(BOOL),
                "numbers": Attribute(list_of(INT)),
                "texts": Attribute(list_of(STRING)),
                "tier": Attribute(STRING, values=("basic", "plus")),
                "colour": Attribute(STRING, values=("red", "blue")),
                "tiers": Attribute(list_of(STRING), values=("basic", "plus")),
            }
        ),
        "now": TIMESTAMP,
    }
)

REFUSED = [
    ("[1, 2][7] == p.i", "1:1: the index 7 is outside a list of 2"),
    ('{"a": 1}["b"] == p.i', "1:1: no such key: `b`"),
    ("p.numbers[-1] == 3", "1:11: an index counts from 0: found `-1`"),
    ('p.s.charAt(-1) == ""', "1:12: an index counts from 0: found `-1`"),
    ('p.s.substring(3, 1) == ""', "1:15: the first index is behind the second: `3` and `1`"),
    ("[p.i].slice(2, 1) == [1]", "1:13: the first index is behind the second: `2` and `1`"),
    ("lists.range(20000).size() == p.i", "1:1: a range has at most 10000 numbers"),
    ('semver.compare("1.2", p.s) > 0', "1:16: `1.2` is not a version: write it as `1.2.3`"),
    ("cel.bind(z, 0, p.i / z == 1)", "1:22: division by zero"),
    ("cel.bind(x, true, x)", "1:1: the whole expression reads no data"),
    ("[1, 2].exists(x, x > 5)", "1:1: the whole expression reads no data"),
    ("p.b && [1, 2].exists(x, x > 5)", "1:8: an operand of `&&` reads no data"),
    ("p.i in []", "1:1: nothing is in an empty list"),
    ('p.s.contains("")', "1:14: every text has the empty text in it"),
    ('p.s.matches("")', "1:13: every text has the empty text in it"),
    ('cel.bind(t, p.tier, t == "gold")', "1:26: `gold` is not a value of `p.tier`"),
    ('(p.b ? "gold" : "plus") == p.tier', "1:8: `gold` is not a value of `p.tier`"),
    ('(p.b ? p.tier : "gold") == "silver"', "1:28: `silver` is not a value of `p.tier`"),
    ('[p.tier].exists(t, t == "gold")', "1:25: `gold` is not a value of `p.tier`"),
    ('"gold" in [p.tier]', "1:1: `gold` is not a value of `p.tier`"),
    ('{"gold": 1}[p.tier] == 1', "1:2: `gold` is not a value of `p.tier`"),
    ('p.tier in {"gold": 1}', "1:12: `gold` is not a value of `p.tier`"),
    ('p.tiers.exists(t, t == "gld")', "1:24: `gld` is not a value of `p.tiers`"),
    ('p.tiers.exists(i, t, i > 2 && t == "gld")', "1:36: `gld` is not a value of `p.tiers`"),
    ('p.tiers.filter(t, t != "plus").all(t, t in ["gld"])', "1:45: `gld` is not a value"),
    (
        'p.tiers.map(t, t.startsWith("z")).size() == 1',
        "1:29: no value of `p.tiers` starts with `z`",
    ),
    ("p.tier == p.colour", "1:1: `p.tier` and `p.colour` have no value in common"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_what_can_not_be_meant_is_refused(source: str, message: str) -> None:
    """The first thing told is the place and the reason."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, ENVIRONMENT)
    issue = caught.value.issues[0]
    assert f"{issue.line}:{issue.column}: {issue.message}".startswith(message)


ACCEPTED = [
    "p.numbers[0] == 3 || p.texts[p.i] == p.s",
    "p.s.substring(1, 3) == p.s.charAt(2)",
    'p.tiers.exists(t, t == "plus") && cel.bind(t, p.tier, t == "basic")',
    'p.texts.exists(t, t == "gold")',
    '{"plus": 1, "basic": 2}[p.tier] == 1',
    'p.tiers.map(t, t + "!").exists(t, t == "plus!")',
    "cel.bind(z, 2, p.i / z == 1)",
    "p.texts.exists(t, [t].exists(u, u == 'x'))",
    "p.tier == p.s || p.tier in p.tiers",
    "p.texts.exists(sets, sets.contains('a'))",
    "p.texts.exists(language, language.matches('a'))",
]


@pytest.mark.parametrize("source", ACCEPTED)
def test_what_may_be_meant_is_accepted(source: str) -> None:
    """Values known only at run time, and names that are functions elsewhere, are no mistakes."""
    compile_expression(source, ENVIRONMENT)


def test_a_schema_of_thousands_of_names_slows_no_mistake_down() -> None:
    """Hundreds of misspelt names are told; the nearest name of the first twenty."""
    names = [f"attribute_group_{n % 40}.some_long_name_{n}" for n in range(3_000)]
    record = Record({name: Attribute(STRING) for name in names})
    parts = [f"p.atribute_grup_{n % 40}.som_lng_nme_{n} == 'a'" for n in range(180)]
    with pytest.raises(ExpressionError) as caught:
        compile_expression(" || ".join(parts), Environment({"p": record}))
    issues = caught.value.issues
    assert len(issues) == 180
    assert [("did you mean" in issue.message) for issue in issues] == [True] * 20 + [False] * 160
    assert issues[7].message.endswith("did you mean `p.attribute_group_7.some_long_name_7`?")
