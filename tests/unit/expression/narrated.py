"""What the golden explanations and messages are told about: a shop's declarations."""

from __future__ import annotations

from typing import Any

from offerd.expression import (
    BOOL,
    DOUBLE,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    Environment,
    Lookup,
    Record,
    Type,
    compile_expression,
    explain,
    list_of,
    map_of,
)
from offerd.expression.functions.instants import parse_timestamp
from offerd.expression.narrate import Narration, narrate

TITLES = {'audience("adults")': "Adults", "profile.spent": "the amount spent"}
SHOP = Environment(
    {
        "profile": Record(
            {
                "loyalty.tier": Attribute(STRING, values=("basic", "plus", "gold")),
                "age": Attribute(INT),
                "spent": Attribute(DOUBLE),
                "consent.email": Attribute(BOOL),
                "email": Attribute(STRING),
                "home_store": Attribute(STRING),
                "birthday": Attribute(TIMESTAMP),
                "favourite_sports": Attribute(list_of(STRING)),
                "scores": Attribute(list_of(INT)),
            }
        ),
        "context": Record({"weather": Attribute(STRING), "store": Attribute(STRING)}),
        "aggregate": Record(
            {
                "purchases": Attribute(INT),
                "last_purchase": Attribute(TIMESTAMP),
                "last_visit": Attribute(TIMESTAMP),
                "next_class": Attribute(TIMESTAMP),
                "last_by_category": Attribute(map_of(STRING, TIMESTAMP)),
                "views": Attribute(map_of(STRING, INT)),
            }
        ),
        "now": TIMESTAMP,
    },
    {"audience": Lookup(["adults", "lapsed-yoga"])},
)


def at_run_time(value: Any, type_: Type) -> Any:
    """A value of a YAML file as rules read it: texts of timestamps become nanoseconds."""
    if type_ is TIMESTAMP:
        return parse_timestamp(value)
    if isinstance(value, dict):
        return {key: at_run_time(item, type_.parameters[1]) for key, item in value.items()}
    return value


def roots_of(data: dict[str, Any]) -> list[Any]:
    """The positional arguments for `{"profile.age": 17, "now": "2026-...", "adults": true}`."""
    records: dict[str, dict[str, Any]] = {"profile": {}, "context": {}, "aggregate": {}}
    memberships: dict[str, bool] = {}
    for name, value in data.items():
        root, _, path = name.partition(".")
        if path:
            record = SHOP.variables[root]
            assert isinstance(record, Record)
            records[root][path] = at_run_time(value, record.attributes[path].type)
        elif name != "now":
            memberships[name] = value
    return [*records.values(), parse_timestamp(data["now"]), memberships]


def told(source: str, data: dict[str, Any], hidden: tuple[str, ...] = ()) -> Narration:
    """What is told of a rule with this data; `hidden` may not be seen."""
    checked = compile_expression(source, SHOP, expected=None)
    explanation = explain(checked, SHOP, roots_of({"now": "2026-11-02T09:00:00Z", **data}))
    return narrate(explanation, visible=lambda name: name not in hidden, titles=TITLES)
