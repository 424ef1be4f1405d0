"""What the PQL of these tests may name."""

from __future__ import annotations

from offerd.audience.environment import profile_environment
from offerd.dialects.pql import Names
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    EventType,
    Schema,
    ValueType,
)

_PROFILE = (
    ("loyalty.tier", ValueType.STRING),
    ("loyalty.points", ValueType.INT),
    ("person.first_name", ValueType.STRING),
    ("person.birth_date", ValueType.TIMESTAMP),
    ("home_address.country_iso", ValueType.STRING),
    ("work_address.country_iso", ValueType.STRING),
    ("email", ValueType.STRING),
    ("vip", ValueType.BOOL),
    ("score", ValueType.DOUBLE),
    ("joined", ValueType.TIMESTAMP),
    ("interests", ValueType.LIST_STRING),
    ("wishes", ValueType.LIST_STRING),
    ("sizes", ValueType.LIST_INT),
    ("prices", ValueType.LIST_DOUBLE),
)
_PURCHASE = ("purchase",)
_COUNT = AggregateFunction.COUNT


def _aggregate(
    id_: str, function: AggregateFunction, type_: ValueType, value: str | None = None,
    group_by: str | None = None, events: tuple[str, ...] = _PURCHASE, days: int | None = None,
) -> Aggregate:  # fmt: skip
    within_ns = None if days is None else days * 86_400 * 10**9
    return Aggregate(id_, events, function, type_, value, group_by, within_ns=within_ns)


SCHEMA = Schema(
    profile=tuple(Attribute(path, type_) for path, type_ in _PROFILE),
    events=(
        EventType(
            "purchase",
            (Attribute("amount", ValueType.DOUBLE), Attribute("category", ValueType.STRING)),
        ),
        EventType("click"),
        EventType("display"),
    ),
    aggregates=(
        _aggregate("purchases", _COUNT, ValueType.INT),
        _aggregate("spent", AggregateFunction.SUM, ValueType.DOUBLE, "amount"),
        _aggregate("dearest", AggregateFunction.MAX, ValueType.DOUBLE, "amount"),
        _aggregate("last_purchase", AggregateFunction.LAST_TIME, ValueType.TIMESTAMP),
        _aggregate("first_purchase", AggregateFunction.FIRST_TIME, ValueType.TIMESTAMP),
        _aggregate("bought", _COUNT, ValueType.MAP_INT, None, "category"),
        _aggregate("paid", AggregateFunction.SUM, ValueType.MAP_DOUBLE, "amount", "category"),
        _aggregate(
            "last_bought", AggregateFunction.LAST_TIME, ValueType.MAP_TIMESTAMP, None, "category"
        ),
        _aggregate("spent_30d", AggregateFunction.SUM, ValueType.DOUBLE, "amount", days=30),
        _aggregate("bought_7d", _COUNT, ValueType.MAP_INT, None, "category", days=7),
        _aggregate("contacts", _COUNT, ValueType.INT, events=("click", "display")),
        _aggregate(
            "last_click", AggregateFunction.LAST_TIME, ValueType.TIMESTAMP, events=("click",)
        ),
    ),
)
AUDIENCES = ("lapsed", "loyal")
NAMES = Names(
    attributes={"personalEmail.address": "email"},
    events={"commerce.purchases": "purchase"},
    properties={"commerce.order.priceTotal": "amount"},
    audiences={"3da8bad9-29fb": "lapsed"},
)
ENVIRONMENT = profile_environment(SCHEMA, AUDIENCES)
