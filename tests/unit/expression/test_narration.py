"""Narrations: their data, what is hidden, and whether what they promise comes true."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from offerd.expression import (
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Checking,
    Duration,
    Limits,
    Timestamp,
    Type,
    Uint,
    compile_expression,
    explain,
    list_of,
    map_of,
    plan,
)
from offerd.expression.functions.instants import format_timestamp, parse_timestamp
from offerd.expression.narrate import Alternatives, Change, narrate
from offerd.expression.narration.values import duration_words, json_value, shown
from unit.expression.narrated import SHOP, roots_of, told
from unit.expression.random_expressions import ENVIRONMENT, Expressions

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
UNLIMITED = Limits(nodes=20_000, cost=10**15)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 seconds"),
        (1, "1 nanosecond"),
        (1_500_000, "1 millisecond and 500 microseconds"),
        (HOUR, "1 hour"),
        (90 * 60 * SECOND, "1 hour and 30 minutes"),
        (2160 * HOUR, "90 days"),
        (25 * HOUR + SECOND, "1 day, 1 hour and 1 second"),
        (-HOUR, "minus 1 hour"),
    ],
)
def test_durations_are_told_in_words(value: int, words: str) -> None:
    """Lengths of time are told in the largest units that fit, days being 24 hours."""
    assert duration_words(value) == words


@pytest.mark.parametrize(
    ("value", "type_", "words", "data"),
    [
        (0, TIMESTAMP, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        (Timestamp(0), DYN, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        (5400 * SECOND, DURATION, "1 hour and 30 minutes", "5400s"),
        (Duration(SECOND), DYN, "1 second", "1s"),
        (10**30, TIMESTAMP, "a time out of range", "a time out of range"),
        (float("nan"), DOUBLE, "not a number", "NaN"),
        (float("-inf"), DOUBLE, "minus infinity", "-Infinity"),
        (b"ab", BYTES, "2 bytes", "YWI="),
        (Uint(3), DYN, "3", 3),
        (None, DYN, "null", None),
        ([0], list_of(TIMESTAMP), "[1970-01-01T00:00:00Z]", ["1970-01-01T00:00:00Z"]),
        ({1: 2}, map_of(INT, INT), "{1: 2}", {"1": 2}),
        ({True: [b""]}, DYN, "{true: [0 bytes]}", {"true": [""]}),
        ({"a": 0}, map_of(STRING, DURATION), '{"a": 0 seconds}', {"a": "0s"}),
        ("x" * 100, STRING, f'"{"x" * 80}…"', "x" * 100),
    ],
)
def test_values_are_told_by_their_types(value: Any, type_: Type, words: str, data: Any) -> None:
    """One value, read by people and by programs."""
    assert shown(value, type_) == words
    assert json_value(value, type_) == data


def test_data_holds_every_part() -> None:
    """The data is a tree of what is written, its type, and its value or why there is none."""
    data = told("profile.age > 18 || profile.consent.email", {"profile.age": 20}).data
    assert data == {
        "text": "profile.age > 18 || profile.consent.email",
        "type": "bool",
        "evaluated": True,
        "value": True,
        "parts": [
            {
                "text": "profile.age > 18",
                "type": "bool",
                "evaluated": True,
                "value": True,
                "parts": [
                    {"text": "profile.age", "type": "int", "evaluated": True, "value": 20},
                    {"text": "18", "type": "int", "evaluated": True, "value": 18},
                ],
            },
            {"text": "profile.consent.email", "type": "bool", "evaluated": False},
        ],
    }


def test_data_says_why_there_is_no_value() -> None:
    """A part that is unknown names what is missing, one that failed says where."""
    unknown = told("profile.age > 18", {}).data
    assert unknown["unknown"] == ["profile.age"]
    failed = told("1 / aggregate.purchases == 1", {"aggregate.purchases": 0}).data
    assert failed["failure"] == {"message": "division by zero", "line": 1, "column": 1}


def test_a_narration_is_json() -> None:
    """All of a narration can be written as JSON and says the same there."""
    narration = told("profile.age > 18 || profile.loyalty.tier == 'plus'", {"profile.age": 3})
    data = json.loads(json.dumps(narration.as_json()))
    assert data["line"] == narration.line
    assert data["sentence"] == narration.sentence
    needed = {"kind": "value", "name": "profile.age"}
    needed["text"] = "would need `profile.age` to be more than 18"
    missing = {"kind": "presence", "name": "profile.loyalty.tier"}
    missing["text"] = "needs a value for `profile.loyalty.tier`"
    assert data["changes"] == [
        {
            "kind": "alternatives",
            "text": f"{needed['text']}, or {missing['text']}",
            "options": [[needed], [missing]],
        }
    ]


def test_what_is_written_over_lines_is_told_on_one() -> None:
    """Line breaks, comments and parentheses around the whole don't reach a log."""
    narration = told("(profile.age // in years\n  >\n  18)", {"profile.age": 3})
    assert narration.line == "`profile.age > 18` is false (`profile.age` is 3)"


SECRET_NUMBER = 918_273
SECRETS: dict[str, Any] = {
    "profile.age": SECRET_NUMBER,
    "profile.email": "sentinel@secret.example",
    "profile.scores": [SECRET_NUMBER],
    "profile.favourite_sports": ["sentinel"],
    "aggregate.views": {"sentinel": SECRET_NUMBER},
    "lapsed-yoga": True,
}
HIDDEN = (*SECRETS, 'audience("lapsed-yoga")')
OVER_SECRETS = [
    "profile.age > 18",
    "profile.age + 1 == 3",
    "profile.age / (profile.age - profile.age) > 1",
    "profile.email.startsWith('x')",
    "int(profile.email) == 1",
    "profile.scores.exists(s, s > 8)",
    "profile.scores.map(s, s + 1)",
    "profile.scores[3] == 1",
    "profile.favourite_sports.filter(s, s != 'x').size() == 7",
    "'x' in profile.favourite_sports",
    "aggregate.views['x'] > 1",
    "profile.consent.email && profile.age < 5",
    "[1, 2].exists(x, x == profile.age)",
    "[profile.age].exists(x, [x].exists(y, y == 1))",
    "audience('lapsed-yoga') && profile.age < 1",
    "profile.age * 2",
    "has(profile.age) ? profile.email : 'none'",
]


@pytest.mark.parametrize("source", OVER_SECRETS)
def test_nothing_is_told_of_what_the_caller_may_not_see(source: str) -> None:
    """A hidden attribute's name is told, and neither its value nor what was made of it."""
    narration = told(source, {**SECRETS, "profile.consent.email": True}, HIDDEN)
    text = json.dumps(narration.as_json(), ensure_ascii=False)
    for secret in (SECRET_NUMBER, SECRET_NUMBER + 1, SECRET_NUMBER * 2):
        assert str(secret) not in text
    assert "sentinel" not in text
    assert "you may not see" in narration.sentence


def test_the_outcome_of_a_hidden_part_is_not_told() -> None:
    """Of two conditions the hidden one stays without an outcome; the whole keeps its own."""
    hidden = ("profile.age",)
    data = told(
        "profile.consent.email || profile.age > 18",
        {"profile.consent.email": False, "profile.age": 20},
        hidden,
    ).data
    assert data["value"] is True
    assert data["parts"][0]["value"] is False
    assert data["parts"][1]["hidden"] == ["profile.age"]
    assert "value" not in data["parts"][1]


TIMED = [
    "now - aggregate.last_purchase > duration('{d}s')",
    "now - aggregate.last_purchase >= duration('{d}s')",
    "now > aggregate.last_purchase + duration('{d}s')",
    "!(now - aggregate.last_purchase < duration('{d}s'))",
    "aggregate.next_class - now <= duration('{d}s')",
    "aggregate.next_class <= now - duration('{d}s')",
    "duration('{d}s') > aggregate.next_class - now",
    "now >= timestamp('2026-11-02T09:00:00Z') + duration('{d}s')",
    "now - aggregate.last_purchase > duration('{d}s') && aggregate.next_class <= now",
]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_said_of_time_comes_true(seed: int) -> None:
    """A rule turns at the instant told, neither a nanosecond earlier nor later."""
    numbers = random.Random(seed)
    template = numbers.choice(TIMED)
    now = parse_timestamp("2026-11-02T09:00:00Z")
    source = template.format(d=numbers.randint(1, 10**6))
    if numbers.random() < 0.5:
        source = f"!({source})"
    data = {
        name: format_timestamp(now + numbers.randint(-(10**6), 10**6) * SECOND)
        for name in ("aggregate.last_purchase", "aggregate.next_class")
    }
    rule = plan(compile_expression(source, SHOP), SHOP)
    before = rule.evaluate(*roots_of({"now": format_timestamp(now), **data}))
    timed = [c for c in told(source, data).changes if isinstance(c, Change) and c.kind == "time"]
    for change in timed[:1] if len(told(source, data).changes) == 1 else []:
        at = parse_timestamp(change.at)
        assert at >= now, (seed, source, data)
        inclusive = change.text.endswith(" on") or " until " in change.text
        first = at if inclusive else at + 1
        for instant, expected in ((first, not before), (first - 1, before)):
            roots = roots_of({"now": "2026-11-02T09:00:00Z", **data})
            roots[3] = instant
            assert rule.evaluate(*roots) is expected, (seed, source, data, change.text)


def test_some_changes_are_told_by_time() -> None:
    """The check above is not empty: waiting is told where it helps."""
    (change,) = told(
        TIMED[0].format(d=86_400 * 90), {"aggregate.last_purchase": "2026-08-07T10:00:00Z"}
    ).changes
    assert isinstance(change, Change)
    assert (change.kind, change.at) == ("time", "2026-11-05T10:00:00Z")


def test_alternatives_are_told_together() -> None:
    """Where any of several changes would do, they are one entry with its options."""
    (need,) = told(
        "profile.age > 5 || (profile.consent.email && profile.age > 3)",
        {"profile.age": 1, "profile.consent.email": False},
    ).changes
    assert isinstance(need, Alternatives)
    assert [[n.kind for n in option] for option in need.options] == [
        ["value"],
        ["value", "unexamined"],
    ]


@pytest.mark.parametrize("seed", range(8))
def test_anything_can_be_told(seed: int) -> None:
    """Whatever the expression and the data, there is something to say, and it is JSON."""
    expressions = Expressions(seed)
    for _ in range(25):
        source = expressions.source()
        checked = compile_expression(source, ENVIRONMENT, checking=Checking.CEL, limits=UNLIMITED)
        for _ in range(3):
            row = expressions.row()
            explanation = explain(checked, ENVIRONMENT, [row[n] for n in ENVIRONMENT.roots])
            narration = narrate(explanation)
            assert narration.line, (seed, source, row)
            assert narration.sentence.endswith("."), (seed, source, row)
            json.dumps(narration.as_json(), allow_nan=False)
            json.dumps(narrate(explanation, visible=lambda name: False).as_json())


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1.5,
    float("nan"),
    "x",
    b"\xff",
    [1, "a"],
    {"a": 1},
)


@pytest.mark.parametrize("seed", range(4))
def test_data_of_wrong_types_can_be_told_too(seed: int) -> None:
    """An explanation is for when something is odd; it doesn't rely on declared types."""
    expressions = Expressions(seed)
    numbers = random.Random(seed)
    for _ in range(40):
        source = expressions.source()
        checked = compile_expression(source, ENVIRONMENT, checking=Checking.CEL, limits=UNLIMITED)
        row = expressions.row()
        profile = {path: numbers.choice(WRONG) for path in row["profile"]}
        wrong = {**row, "profile": profile, "now": numbers.choice((0, *WRONG))}
        narration = narrate(explain(checked, ENVIRONMENT, [wrong[n] for n in ENVIRONMENT.roots]))
        json.dumps(narration.as_json(), allow_nan=False)


GATES = [
    "profile.consent.email && profile.age > 18",
    "profile.age > 18 && profile.consent.email",
    "profile.consent.email || profile.age > 18",
    "profile.consent.email ? profile.age > 18 : profile.age > 21",
    "(profile.consent.email && profile.age > 18) || profile.age > 100",
    "!(profile.consent.email || profile.age == 17) || profile.age == 3",
    "profile.favourite_sports.exists(s, s == 'golf' && profile.consent.email) && profile.age > 18",
    "profile.favourite_sports.exists(s, profile.consent.email) && profile.age > 18",
    "cel.bind(x, profile.consent.email, x && profile.age > 18)",
    "profile.?consent.email.orValue(false) && profile.age > 18",
    "[profile.consent.email].filter(x, x).all(x, profile.age > 18) && profile.age > 30",
]


@pytest.mark.parametrize("source", GATES)
@pytest.mark.parametrize("age", [17, 20, 40])
def test_nothing_that_is_told_depends_on_what_may_not_be_seen(source: str, age: int) -> None:
    """Whatever the hidden value, the same is told, as long as the outcome is the same."""
    told_of: dict[bool, set[str]] = {True: set(), False: set()}
    for secret in (True, False):
        data = {
            "profile.consent.email": secret,
            "profile.age": age,
            "profile.favourite_sports": ["yoga", "golf", "judo"],
        }
        narration = told(source, data, ("profile.consent.email",))
        whole = narration.data["value"]
        told_of[whole].add(json.dumps(narration.as_json()))
    assert all(len(each) <= 1 for each in told_of.values())


def test_an_explanation_stays_short_whatever_the_data() -> None:
    """Of long lists, maps and texts the beginning is told, and how long they are."""
    source = "lists.range(5000).map(i, profile.scores).size() == 1 || profile.email.size() == 3"
    narration = told(source, {"profile.scores": list(range(200)), "profile.email": "x" * 5_000})
    assert len(json.dumps(narration.as_json())) < 10_000
    made = narration.data["parts"][0]["parts"][0]["parts"][0]
    assert made["cut"] is True
    assert made["length"] == 5_000
    text = narration.data["parts"][1]["parts"][0]["parts"][0]
    assert (len(text["value"]), text["length"]) == (1_000, 5_000)


def test_a_sentence_tells_times_as_people_say_them() -> None:
    """Seconds only if there are any; logs and data keep RFC 3339."""
    source = "aggregate.last_visit > aggregate.last_purchase"
    narration = told(
        source,
        {
            "aggregate.last_visit": "2026-11-01T10:30:00Z",
            "aggregate.last_purchase": "2026-11-01T10:30:15.5Z",
        },
    )
    assert "last visit is 1 November 2026, 10:30 UTC" in narration.sentence
    assert "1 November 2026, 10:30:15.500 UTC" in narration.sentence
    assert "2026-11-01T10:30:00Z" in narration.line
