"""Conditions that are the same for everybody are found, and none that is not."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from offerd.expression import BOOL, ExpressionError, compile_expression, plan
from offerd.expression.check.context import Checking
from unit.expression.declared import ENVIRONMENT

CONSTANT = [
    "profile.age > 60 && profile.age < 18",
    "18 > profile.age && 60 < profile.age",
    "profile.age > 60 && (profile.vip && profile.age < 18)",
    "!(profile.age <= 60 || profile.age >= 18)",
    "profile.age == 1 && profile.age == 2",
    "profile.age == 1 && profile.age != 1",
    "profile.age in [1, 2] && profile.age in [3]",
    "profile.age in [1, 2] && profile.age > 2.5",
    "profile.age > 1 && profile.age < 2",
    "profile.age > 1 && profile.age < 3 && profile.age != 2",
    "profile.tier == 'gold' && profile.tier == 'silver'",
    "profile.tier != 'gold' || profile.tier != 'silver'",
    "profile.score < 1.0 && profile.score > 2.0",
    "profile.born > timestamp(9) && profile.born < timestamp(3)",
    "profile.stay > duration('2h') && profile.stay < duration('1h')",
    "profile.vip && !profile.vip",
    "profile.vip == false && profile.vip",
    "profile.age < 5 || profile.age >= 5",
    "has(profile.age) || !has(profile.age)",
    "profile.tags.size() > 3 && profile.tags.size() < 3",
    "profile.?age.orValue(0) > 3 && profile.?age.orValue(0) < 3",
    "profile.tags.exists(t, t == 'a' && t == 'b')",
    "(profile.age + 1) % 2 == 0 && (profile.age + 1) % 2 == 1",
    "profile.age == profile.age",
    "profile.tags[0] != profile.tags[0]",
    "profile.score == profile.score",
    "bucket(profile.tier, 'a') < 20000",
    "bucket(profile.tier, 'a') >= 0",
    "10000 <= bucket(profile.tier, 'a')",
    "now.getDayOfWeek() == 7",
    "now.getMonth('Europe/Stockholm') > 11",
    "size(profile.tags) < 0",
    "profile.visits >= 0u",
    "profile.age == 1.5",
    "profile.tier.indexOf('x') < -1",
]
VARYING = [
    "profile.age > 18 && profile.age < 60",
    "profile.age > 60 || profile.age < 18",
    "profile.age >= 5 && profile.age <= 5",
    "profile.score > 1.0 && profile.score < 2.0",
    "profile.score < 5.0 || profile.score >= 5.0",
    "profile.score == 1.0 || profile.score != 1.0 && profile.vip",
    "profile.tier == 'gold' || profile.tier == 'silver'",
    "profile.tier != 'gold' && profile.tier != 'silver'",
    "profile.loyalty.tier < 'b' && profile.loyalty.tier > 'a'",
    "profile.tags[0] == 'a' && profile.tags[1] == 'b'",
    "profile.tags.exists(t, t == 'a') && profile.tags.exists(t, t == 'b')",
    "profile.tags.exists(t, profile.tags.exists(u, t == 'a' && u == 'b'))",
    "profile.extra == 1 && profile.extra == 'a'",
    "profile.stay.getHours() > 23",
    "profile.stay.getMinutes() > 59",
    "bucket(profile.tier, 'a') < 5000 && bucket(profile.tier, 'b') < 5000",
    "profile.age == 1 || profile.age == 2",
    "profile.vip && has(profile.vip)",
    "profile.extra == profile.extra",
]


@pytest.mark.parametrize("source", CONSTANT)
def test_a_condition_that_never_varies_is_one_issue(source: str) -> None:
    """Contradictions and certainties are told, once and in place."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, ENVIRONMENT)
    assert len(caught.value.issues) == 1
    compile_expression(source, ENVIRONMENT, checking=Checking.CEL)


@pytest.mark.parametrize("source", VARYING)
def test_a_condition_that_varies_is_accepted(source: str) -> None:
    """What can be true of one customer and false of another is no mistake."""
    compile_expression(source, ENVIRONMENT)


OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


@pytest.mark.parametrize("seed", range(4))
def test_what_is_refused_never_varies_and_what_varies_is_not_refused(seed: int) -> None:
    """Random chains over one attribute: refused exactly when no value makes a difference."""
    print("seed", seed)
    randomly = random.Random(seed)
    for _ in range(250):
        name, written, values = randomly.choice(
            (
                ("profile.age", ("1", "2", "2.5", "4"), range(-1, 7)),
                (
                    "profile.score",
                    ("1.0", "2", "2.5"),
                    (0.5, 1.0, 1.5, 2.0, 2.2, 2.5, 3.0, math.nan),
                ),
            )
        )
        tests = [
            f"{randomly.choice(('', '!'))}({name} {randomly.choice(OPERATORS)} "
            f"{randomly.choice(written)})"
            for _ in range(randomly.randint(2, 4))
        ]
        joint = randomly.choice((" && ", " || "))
        parts = {test: _outcomes(test, name, values) for test in tests}
        source = joint.join(tests)
        varies = len(_outcomes(source, name, values)) > 1
        alone = any(len(outcomes) == 1 for outcomes in parts.values())
        assert _is_accepted(source) is (varies and not alone), source


def _outcomes(source: str, name: str, values: object) -> set[object]:
    checked = compile_expression(source, ENVIRONMENT, checking=Checking.CEL)
    rule = plan(checked, ENVIRONMENT)
    path = name.removeprefix("profile.")
    assert isinstance(values, range | tuple)
    return {rule.evaluate({path: value}, {}, 0, {}) for value in values}


def _is_accepted(source: str) -> bool:
    try:
        compile_expression(source, ENVIRONMENT, expected=BOOL)
    except ExpressionError:
        return False
    return True


def test_a_long_chain_is_read_in_time() -> None:
    """Hundreds of operands on one attribute are no burden."""
    values = itertools.count()
    source = " || ".join(f"profile.age == {next(values)}" for _ in range(400))
    compile_expression(source, ENVIRONMENT)


FORMATS = ("%s", "%d", "%f", "%.2f", "%e", "%b", "%o", "%x", "%X", "%y", "%%", "%.101f", "% ", "%")
VALUES = {
    "profile.tier": "gold",
    "profile.age": 3,
    "profile.score": 1.5,
    "profile.vip": True,
    "profile.visits": 4,
    "profile.tags": ["a"],
}


@pytest.mark.parametrize("clause", FORMATS)
@pytest.mark.parametrize("name", VALUES)
def test_a_format_is_refused_exactly_when_it_would_fail(clause: str, name: str) -> None:
    """What is found of a format when a rule is compiled is what it would fail with."""
    values = "[]" if clause == "%%" else f"[{name}]"
    source = f"'{clause}'.format({values}) != profile.address['x']"
    made = compile_expression(source, ENVIRONMENT, checking=Checking.CEL)
    profile = {key.removeprefix("profile."): value for key, value in VALUES.items()}
    outcome = plan(made, ENVIRONMENT).evaluate({**profile, "address": {"x": ""}}, {}, 0, {})
    assert _is_accepted(source) is (outcome is True), outcome
