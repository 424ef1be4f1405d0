"""Rules made in bulk, and the traps between the language's values and Python's."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import offerd.expression
from offerd.expression import (
    BOOL,
    DYN,
    INT,
    Environment,
    Failure,
    Timestamp,
    Uint,
    compile_expression,
    plan_many,
    prepare,
)
from unit.expression.declared import ENVIRONMENT, checked, value_of


def test_rules_of_one_shape_share_code() -> None:
    """Ten rules that differ in names and constants only are compiled once."""
    sources = [f"profile.tier == 'gold' && profile.age > {age}" for age in range(10)]
    rules = plan_many([checked(source) for source in sources], ENVIRONMENT)
    assert len({rule.evaluate.__code__ for rule in rules}) == 1
    profile = {"tier": "gold", "age": 5}
    outcomes = [rule.evaluate(profile, {}, 0, {}) for rule in rules]
    assert outcomes == [True] * 5 + [False] * 5


def test_rules_come_back_in_order() -> None:
    """Each rule is for the expression at its place."""
    sources = ["profile.vip", "!profile.vip", "profile.age == 1", "profile.vip"]
    rules = plan_many([checked(source) for source in sources], ENVIRONMENT)
    assert [rule.checked.source for rule in rules] == sources
    outcomes = [rule.evaluate({"vip": True, "age": 1}, {}, 0, {}) for rule in rules]
    assert outcomes == [True, False, True, True]


def test_no_rules_are_planned_from_none() -> None:
    """An empty bundle is a bundle."""
    assert plan_many([], ENVIRONMENT) == []


OPEN = [
    (True, "x == 1", False),
    (1, "x == true", False),
    (True, "x == true", True),
    (True, "x in [1, 2]", False),
    (1, "x in [true]", False),
    (1.0, "x == 1", True),
    (Uint(1), "x == 1 && x == 1.0", True),
    (Uint(1), "x in {1: 'a'}", True),
    ({True: 2}, "1 in x", False),
    ({1: 2}, "x[1.0] == 2", True),
    ({1: 2}, "x[1u] == 2", True),
    (math.nan, "x == x", False),
    ([math.nan], "x == x", False),
    ([math.nan], "x[0] in x", False),
    (None, "x == null", True),
    ("a", "x == null", False),
    (Timestamp(5), "x == 5", False),
    ([1, 2], "x == [1.0, 2u]", True),
    ((1, 2), "x == [1, 2]", True),
    ({"a": 1}, "x.a == 1 && has(x.a) && !has(x.b)", True),
    (2**53 + 1, "x == 9007199254740992.0", True),
    ("b", "x < 'c' && x > 'a'", True),
]


@pytest.mark.parametrize(("value", "source", "outcome"), OPEN)
def test_values_decide_where_types_do_not(value: Any, source: str, outcome: bool) -> None:
    """Bools are not numbers, NaN equals nothing, and numbers compare across types."""
    environment = Environment({"x": DYN})
    rule = plan_many([compile_expression(source, environment)], environment)[0]
    assert rule.evaluate(value) is outcome
    assert rule.exact(value) is outcome


@pytest.mark.parametrize("source", ["x < 'c'", "x + 1 == 2", "x.a == 1", "x[0] == 1", "x && x"])
def test_values_that_fit_nothing_fail(source: str) -> None:
    """Where values decide, values of a wrong type are a failure."""
    environment = Environment({"x": DYN})
    rule = plan_many([compile_expression(source, environment)], environment)[0]
    assert isinstance(rule.evaluate(Timestamp(1)), Failure)
    assert isinstance(rule.evaluate(object()), Failure)


def test_infinity_and_not_a_number_come_from_division() -> None:
    """Doubles divide as IEEE 754 says, where Python would raise."""
    assert value_of("profile.score / 0.0", {"score": 1.0}) == math.inf
    assert value_of("profile.score / -0.0", {"score": 1.0}) == -math.inf
    assert math.isnan(value_of("profile.score / 0.0", {"score": 0.0}))


def test_parameters_follow_the_declarations() -> None:
    """Roots are passed in the order of variables, then lookups."""
    assert ENVIRONMENT.roots == ("profile", "context", "now", "audience")


def test_a_name_cannot_be_declared_twice() -> None:
    """A variable and a lookup of one name could not be told apart."""
    with pytest.raises(ValueError, match="declared both"):
        Environment({"audience": INT}, dict(ENVIRONMENT.lookups))


def test_the_public_names_are_all_there() -> None:
    """Everything that is exported exists, once, in order."""
    names = offerd.expression.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(offerd.expression, name) for name in names)
    assert BOOL is offerd.expression.parse_type("bool")


def test_a_rule_is_compiled_when_it_is_first_asked_for() -> None:
    """Planning costs little; the function made then is kept as a plain attribute."""
    (rule,) = plan_many([checked("profile.vip")], ENVIRONMENT)
    first = rule.evaluate
    assert rule.evaluate is first
    with pytest.raises(AttributeError, match="estimate"):
        _ = rule.estimate


def test_rules_can_be_compiled_before_they_are_needed() -> None:
    """A service that has just loaded may prepare its rules before it answers."""
    rules = plan_many([checked("profile.vip"), checked("!profile.vip")], ENVIRONMENT)
    prepare(rules)
    assert [rule.evaluate({"vip": True}, {}, 0, {}) for rule in rules] == [True, False]


def test_threads_may_ask_for_the_same_rules_at_the_same_time() -> None:
    """Whoever comes first compiles; every thread gets functions that are right."""
    sources = [f"profile.age > {age}" + " && profile.vip" * (age % 7) for age in range(200)]
    rules = plan_many([checked(source) for source in sources], ENVIRONMENT)
    profile = {"age": 100, "vip": True}
    barrier = threading.Barrier(4)

    def outcomes() -> list[Any]:
        barrier.wait()
        return [rule.evaluate(profile, {}, 0, {}) for rule in rules]

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(outcomes) for _ in range(4)]]
    assert all(each == [age < 100 for age in range(200)] for each in found)


BOUNDS = (0, 1, -1, 2**63 - 1, -(2**63), 2**63 - 4)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("limit", [0, 5, -5, 2**63 - 1, -(2**63)])
def test_a_difference_out_of_range_fails_on_either_side(operator: str, limit: int) -> None:
    """Comparing a difference with a constant checks its range whatever the comparison says."""
    environment = Environment({"a": INT, "b": INT})
    source = f"a - b {operator} {limit}"
    (rule,) = plan_many([compile_expression(source, environment)], environment)
    for a in BOUNDS:
        for b in BOUNDS:
            assert repr(rule.evaluate(a, b)) == repr(rule.exact(a, b))
