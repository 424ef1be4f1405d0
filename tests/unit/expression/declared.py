"""The environment that the tests of this folder share, and short ways to use it."""

from __future__ import annotations

from typing import Any

from offerd.expression import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Attribute,
    Checked,
    Environment,
    Lookup,
    Record,
    Type,
    compile_expression,
    list_of,
    map_of,
    plan,
)

ENVIRONMENT = Environment(
    {
        "profile": Record(
            {
                "tier": Attribute(STRING, values=("silver", "gold", "platinum")),
                "loyalty.tier": Attribute(STRING),
                "loyalty.points": Attribute(INT),
                "age": Attribute(INT),
                "visits": Attribute(UINT),
                "score": Attribute(DOUBLE),
                "vip": Attribute(BOOL),
                "born": Attribute(TIMESTAMP),
                "stay": Attribute(DURATION),
                "tags": Attribute(list_of(STRING)),
                "tiers": Attribute(list_of(STRING), values=("silver", "gold")),
                "scores": Attribute(list_of(DOUBLE)),
                "address": Attribute(map_of(STRING, STRING)),
                "rows": Attribute(list_of(map_of(STRING, STRING))),
                "extra": Attribute(DYN),
            }
        ),
        "context": Record({"country": Attribute(STRING)}),
        "now": TIMESTAMP,
    },
    {"audience": Lookup(["frequent", "lapsed"])},
)


def checked(source: str, expected: Type | None = None) -> Checked:
    """The checked form, of any type unless one is asked for."""
    return compile_expression(source, ENVIRONMENT, expected=expected)


def value_of(source: str, profile: dict[str, Any] | None = None, **roots: Any) -> Any:
    """The outcome with this profile and these other roots; those not given are empty or 0."""
    rule = plan(checked(source), ENVIRONMENT)
    given: dict[str, Any] = {"profile": profile or {}, "context": {}, "now": 0, "audience": {}}
    given.update(roots)
    values = [given[name] for name in ENVIRONMENT.roots]
    outcome = rule.evaluate(*values)
    assert repr(rule.exact(*values)) == repr(outcome)
    return outcome
