"""Which conditions can't be true any more where names may not be read."""

from __future__ import annotations

import random

import pytest

from offerd.expression import BOOL, Checking, Limits, WithheldRecord, compile_expression, plan
from offerd.expression.check.settled import can_hold
from seeds import random_seed
from unit.expression.declared import checked
from unit.expression.random_expressions import ENVIRONMENT, PROFILE, Expressions

UNLIMITED = Limits(nodes=20_000, cost=10**15)


@pytest.mark.parametrize(
    ("source", "possible"),
    [
        ('profile.tier == "gold"', False),
        ("!has(profile.tier)", False),
        ('profile.age > 3 && profile.tier == "gold"', False),
        ('profile.age > 3 || profile.tier == "gold"', True),
        ("has(profile.tier) || profile.tier.startsWith('g')", False),
        ("has(profile.tier) ? profile.vip : true", False),
        ("profile.vip ? has(profile.tier) : true", True),
        ('audience("lapsed") && has(profile.tier)', False),
        ("profile.age > 3", True),
    ],
)
def test_what_is_always_unknown_can_not_hold(source: str, possible: bool) -> None:
    """Neither can what needs it to be true."""
    assert can_hold(checked(source).tree, {"profile.tier"}) is possible


def test_nothing_that_may_hold_is_given_up() -> None:
    """What can't hold is true for no data, of random conditions."""
    seed = random_seed()
    expressions, source = Expressions(seed, extended=True), random.Random(seed)
    given_up = 0
    for _ in range(1_500):
        text = expressions.source()
        condition = compile_expression(
            text, ENVIRONMENT, expected=None, checking=Checking.CEL, limits=UNLIMITED
        )
        withheld = source.sample(sorted(PROFILE), source.randrange(1, len(PROFILE)))
        names = {f"profile.{path}" for path in withheld}
        if condition.type is not BOOL or can_hold(condition.tree, names):
            continue
        given_up += 1
        rule = plan(condition, ENVIRONMENT)
        for _ in range(5):
            row = expressions.row()
            row["profile"] = WithheldRecord(row["profile"], frozenset(withheld))
            assert rule.exact(*(row[name] for name in ENVIRONMENT.roots)) is not True, text
    assert given_up > 5
